"""The commands in docs/serving.md print what stands below them. With --update, writes what they print."""

import pathlib
import re
import subprocess
import sys
import unittest

from docs_test import BLOCK
from program import ENVIRONMENT, TIMEOUT, run
from serving import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "serving.md"


def rerun(block, server):
    """The block with each command followed by what it prints now."""
    text = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            command = line[2:].replace("localhost:8080", f"127.0.0.1:{server.port}")
            done = subprocess.run(["bash", "-c", command], env=ENVIRONMENT, timeout=TIMEOUT, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            text += line + "\n" + done.stdout + ("" if done.stdout.endswith("\n") else "\n")
    return text


def blocks_now(page):
    server = Server(models=[ROOT / "models" / "tales.gguf"])
    try:
        return [(match.group(1), rerun(match.group(1), server)) for match in BLOCK.finditer(page)]
    finally:
        server.stop()


class Page(unittest.TestCase):
    maxDiff = None

    def test_commands_print_what_the_page_shows(self):
        blocks = blocks_now(PAGE.read_text())
        self.assertGreater(len(blocks), 0)
        for shown, now in blocks:
            self.assertEqual(shown, now)

    def test_every_flag_of_the_page_is_one_of_the_program(self):
        known = run("serve", "--help", "all").stdout.decode()
        page = PAGE.read_text()
        for flag in re.findall(r"`(--[a-z-]+)", page):
            self.assertIn(flag, known)


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        page = PAGE.read_text()
        for shown, now in blocks_now(page):
            page = page.replace(shown, now, 1)
        PAGE.write_text(page)
    else:
        unittest.main(verbosity=2)
