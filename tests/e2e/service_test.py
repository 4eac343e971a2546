"""The unit of packaging/ is one that systemd takes and finds hardened, and the server does its work within what it allows."""

import ctypes
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from program import LLAMA, PROGRAM, SANITIZED, ProgramTest, main
from serving import Server

PACKAGING = pathlib.Path(__file__).resolve().parent.parent.parent / "packaging"
UNIT = PACKAGING / "sheepop.service"
MDWE = 65  # prctl(2): PR_SET_MDWE, whose 1 refuses memory that is written and then executed; 66 asks for it
EXECUTE = f"import ctypes, os, sys; assert ctypes.CDLL(None).prctl({MDWE}, 1, 0, 0, 0) == 0; os.execv(sys.argv[1], sys.argv[1:])"


def systemd(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True)


def calls_of(*groups):
    """The system calls of systemd's groups, and of those in them."""
    calls = []
    for group in groups:
        for line in systemd("syscall-filter", "--no-pager", group).stdout.splitlines()[1:]:
            name = line.strip()
            calls += calls_of(name) if name.startswith("@") else [] if name.startswith("#") else [name]
    return calls


def settings(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


class Service(ProgramTest):
    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"the program {program} is not installed")

    def test_systemd_takes_the_unit(self):
        self.need("systemd-analyze")
        unit = self.folder / UNIT.name
        unit.write_text(UNIT.read_text().replace("/usr/bin/sheepop", PROGRAM))
        done = systemd("verify", "--man=no", unit)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_systemd_finds_it_hardened(self):
        self.need("systemd-analyze")
        done = systemd("security", "--offline=yes", "--threshold=20", "--no-pager", UNIT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_its_configuration_is_one_that_the_program_takes(self):
        # Those that are marked as comments, too.
        lines = PACKAGING.joinpath("serve.toml").read_text()
        shown = dict(re.findall(r"^(?:# )?([a-z-]+) = (.*)$", lines, re.MULTILINE))
        self.assertGreater(len(shown), 7)
        told = self.text("serve", "--help", "all")
        for name, value in shown.items():
            self.assertIn(f"--{name}", told)
            if name in ("sequences", "queue", "grace", "port"):
                self.assertRegex(told, rf"--{name}\b.*\(default {value}\)")
        file = self.folder / "serve.toml"
        file.write_text(re.sub(r"^port = .*$", "port = 0", lines, flags=re.MULTILINE))
        server = Server("--config", file)
        self.assertEqual(server.said["models"], ["tales"])
        self.assertEqual(server.stop()[0], 0)

    def ask_a_little(self, server):
        answer = server.chat("Hello", max_tokens=4, seed=1, json_schema={"type": "integer"})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["choices"]

    @unittest.skipIf(SANITIZED, "sanitizers make calls of their own")
    def test_the_server_makes_no_call_that_the_unit_forbids(self):
        self.need("systemd-analyze")
        self.need("strace")
        allowed, forbidden = settings("SystemCallFilter")
        calls = set(calls_of("@default", *allowed.split())) - set(calls_of(*forbidden.removeprefix("~").split()))
        self.assertGreater(len(calls), 200)
        log = self.folder / "calls"
        server = Server("--context", 128, models=[LLAMA], under=["strace", "-D", "-f", "-q", "-o", str(log)])
        self.ask_a_little(server)
        self.assertEqual(server.stop()[0], 0)
        self.assertTrue(server.wait_until(lambda: "+++ exited with 0 +++" in log.read_text()))
        made = set(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE))
        self.assertIn("accept4" if "accept4" in made else "accept", made)
        # With an error that it can bear; the unit has raised the limit by itself, and affinity is never needed.
        self.assertLessEqual(made - calls, set())

    @unittest.skipIf(SANITIZED, "sanitizers map memory of their own")
    def test_it_needs_no_memory_that_is_written_and_executed(self):
        self.assertEqual(settings("MemoryDenyWriteExecute"), ["yes"])
        if ctypes.CDLL(None).prctl(MDWE + 1, 0, 0, 0, 0) < 0:
            self.skipTest("the kernel is older than 6.3")
        answers = []
        for under in ([], [sys.executable, "-c", EXECUTE]):
            server = Server("--context", 128, models=[LLAMA], under=under)
            answers.append(self.ask_a_little(server))
            server.stop()
        self.assertEqual(*answers)


if __name__ == "__main__":
    main()
