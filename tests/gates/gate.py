"""A tree of its own for each test of a gate: the gate's script and what the test puts beside it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class GateTest(unittest.TestCase):
    maxDiff = None
    gate = ""  # the name of the script

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name).resolve()
        (self.tree / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / self.gate, self.tree / "scripts")

    def put(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_gate(self, *arguments, **environment):
        return subprocess.run([sys.executable, "-B", self.tree / "scripts" / self.gate, *arguments], cwd="/", text=True,
                              env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def passes(self, *arguments, **environment):
        """What the gate prints, which must let the tree pass."""
        done = self.run_gate(*arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def refuses(self, *arguments, **environment):
        """What the gate prints, which must refuse the tree, and in words."""
        done = self.run_gate(*arguments, **environment)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertNotIn("Traceback", done.stdout)
        return done.stdout
