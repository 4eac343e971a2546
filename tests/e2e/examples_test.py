"""The examples that talk with a server. Those that use the library are built and run by tests/install."""

import pathlib
import shutil
import subprocess
import unittest

from program import LLAMA, TIMEOUT, ProgramTest, main
from serving import Server

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
NODE = shutil.which("node")


@unittest.skipUnless(NODE, "node is not installed")
class Node(ProgramTest):
    def chat(self, *arguments):
        return subprocess.run([NODE, EXAMPLES / "chat.mjs", *arguments], capture_output=True, timeout=TIMEOUT)

    def test_chat(self):
        server = Server(models=[LLAMA])
        url = f"http://127.0.0.1:{server.port}"
        try:
            done = self.chat("Tell me of a \"sheep\".", url)
            whole = server.chat('Tell me of a "sheep".', max_tokens=60, seed=1).json
        finally:
            server.stop()
        self.assertEqual(done.returncode, 0, done.stderr)
        usage = whole["usage"]
        said = f"\n({usage['prompt_tokens']} tokens read, {usage['completion_tokens']} written)\n"
        self.assertEqual(done.stdout.decode(), whole["choices"][0]["message"]["content"] + said)

    def test_what_the_server_refuses_is_said(self):
        server = Server("--context", 64, models=[LLAMA])
        try:
            done = self.chat("word " * 200, f"http://127.0.0.1:{server.port}")
        finally:
            server.stop()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), r"^chat: .*64")


if __name__ == "__main__":
    main()
