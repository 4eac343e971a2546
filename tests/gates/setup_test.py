"""scripts/setup names what is missing, what it is for, and no more than is asked for."""

import os
import subprocess
import tempfile
import pathlib
import unittest

from gate import ROOT


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program("dpkg-query", 'case " $INSTALLED " in *" $3 "*) printf "install ok installed" ;; *) exit 1 ;; esac')
        self.program("id", "echo 1000")

    def program(self, name, text):
        """Stands for the program of the system."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run_setup(self, *arguments, system="debian", version="12", installed=""):
        (self.folder / "os-release").write_text(f'ID={system}\nVERSION_ID="{version}"\n')
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "OS_RELEASE": str(self.folder / "os-release"),
                       "INSTALLED": installed}
        return subprocess.run([ROOT / "scripts" / "setup", *arguments], env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def packages(self, *arguments, **options):
        """The packages in the one command that is printed to who is not root."""
        done = self.run_setup(*arguments, **options)
        self.assertEqual(done.returncode, 1)
        command = done.stderr.splitlines()[-1]
        self.assertIn("sudo apt-get update && sudo apt-get install -y --no-install-recommends ", command)
        return command.split("--no-install-recommends ")[1].split()

    def test_the_program_needs_no_package_of_the_tests(self):
        program, tests = self.packages(), self.packages("--tests")
        self.assertEqual(tests[: len(program)], program)
        self.assertIn("g++", program)
        extra = tests[len(program):]
        for package in ("libgtest-dev", "clang-format-19", "clang-tidy-19", "clang-19", "libclang-rt-19-dev"):
            self.assertIn(package, extra)
        self.assertFalse([package for package in program if "clang" in package or "gtest" in package])

    def test_what_is_missing_is_said_with_what_it_is_for(self):
        missing = self.packages("--tests")
        done = self.run_setup("--tests", installed=" ".join(p for p in missing if p not in ("pandoc", "clang-tidy-19")))
        self.assertIn("2 packages are missing", done.stderr)
        self.assertIn("  to read PDF, scanned and office documents: pandoc\n", done.stderr)
        self.assertIn("  to check the source: clang-tidy-19\n", done.stderr)

    def test_nothing_is_said_when_all_is_there(self):
        done = self.run_setup(installed=" ".join(self.packages()))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_each_release_has_its_boost(self):
        self.assertIn("libboost-json1.81-dev", self.packages(version="12"))
        self.assertIn("libboost-json1.83-dev", self.packages(version="13"))
        self.assertIn("libboost-json1.83-dev", self.packages(system="ubuntu", version="24.04"))

    def test_another_system_is_told_that_it_is_another(self):
        done = self.run_setup(system="gentoo", version="2")
        self.assertIn("this is gentoo-2; trying the packages of Debian 13", done.stderr)

    def test_an_unknown_argument_is_refused(self):
        self.assertEqual(self.run_setup("--test").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
