"""Runs the built program (named by the environment variable SHEEPOP) for the end-to-end tests."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("SHEEPOP") or sys.exit("SHEEPOP is not set: it names the program to test")
SANITIZED = bool(os.environ.get("SHEEPOP_SANITIZE"))
TIMEOUT = 1000 if SANITIZED else 60  # seconds for one run of the program
DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
TINY = DATA / "tiny"
LLAMA = TINY / "llama" / "model.gguf"
GOLDEN = json.loads((TINY / "llama" / "golden.json").read_text())

# Nothing of the caller's settings may change what the tests see.
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "no_proxy": "*", "TZ": "UTC"}
ENVIRONMENT.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})


def run(*arguments, stdin=b"", env=None, **options):
    """The finished process; its output as bytes."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, env=ENVIRONMENT | (env or {}), timeout=TIMEOUT, **options)


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def text(self, *arguments, **options):
        """What the program prints, which must succeed and say nothing on stderr."""
        done = run(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), arguments)
        return done.stdout.decode()

    def json(self, *arguments, **options):
        """The one line of JSON that the program prints with --json."""
        out = self.text(*arguments, "--json", **options)
        self.assertEqual(out.count("\n"), 1, out)
        return json.loads(out)

    def error(self, *arguments, code=1, **options):
        """The message of a failure: one line on stderr, and the same as JSON when that is asked for."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        message = done.stderr.decode()
        self.assertTrue(message.startswith("sheepop: "), message)
        self.assertEqual(message.count("\n"), 1, message)
        message = message.removeprefix("sheepop: ").removesuffix("\n")
        if "--json" in arguments:
            document = json.loads(done.stdout.decode().splitlines()[-1])["error"]
            self.assertEqual(document["message"], message)
            self.category = document["category"]
        return message

    def isas(self):
        """The instruction sets of this machine."""
        return self.json("doctor")["machine"]["isas"]


def main():
    unittest.main(verbosity=2)
