"""scripts/build says how far it is, lets errors through, builds each object once, and knows a folder that is of something
else."""

import os
import pty
import shutil
import subprocess
import sys
import unittest

from gate import ROOT, GateTest

LISTS = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES CXX)
option(SHEEPOP_TESTS "Build the tests" ON)
option(SHEEPOP_UNITY "Compile several units as one" OFF)
%s
add_executable(one one.cc)
add_executable(two two.cc)
if(SHEEPOP_TESTS)
  add_executable(one_test one.cc)
endif()
"""
PRESETS = """{"version": 6, "configurePresets": [
  {"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/${presetName}"},
  {"name": "asan", "inherits": "release"}]}"""


class Build(GateTest):
    gate = "build"

    def setUp(self):
        super().setUp()
        stamp = (ROOT / "CMakeLists.txt").read_text().split("# What this folder depends on")[1].split("endif()")[0]
        self.put("CMakeLists.txt", LISTS % f"#{stamp}endif()")
        self.put("CMakePresets.json", PRESETS)
        for name in ("one", "two"):
            self.put(f"{name}.cc", "int main() { return 0; }\n")
        self.folder = self.tree / "build" / "release"

    def test_one_target_then_everything_then_nothing_and_each_object_once(self):
        self.assertRegex(self.passes("one"), r"^build/release: 2 steps in \d+ s\n$")
        self.assertTrue((self.folder / "one").exists())
        self.assertFalse((self.folder / "two").exists())
        self.assertRegex(self.passes("--tests"), r"^build/release: 4 steps in")
        self.assertTrue((self.folder / "one_test").exists())
        self.assertEqual(self.passes("one"), "")
        self.assertEqual(self.passes("--tests"), "")

    def test_what_is_built_once_is_built_together_and_a_folder_of_a_developer_is_left_as_it_is(self):
        def together(name):
            return "SHEEPOP_UNITY:BOOL=ON" in (self.tree / "build" / name / "CMakeCache.txt").read_text()

        self.passes("one")
        self.passes("--preset", "asan", "one")
        self.assertTrue(together("release"))
        self.assertFalse(together("asan"))
        self.passes("--tests")
        self.assertTrue(together("release"))
        shutil.rmtree(self.folder)
        subprocess.run(["cmake", "--preset", "release"], cwd=self.tree, check=True, stdout=subprocess.DEVNULL)
        self.passes("one")
        self.assertFalse(together("release"))

    def test_an_error_of_the_compiler_is_let_through(self):
        self.put("one.cc", "int main() { return fault; }\n")
        self.put("two.cc", '#warning "look here"\nint main() {}\n')
        said = self.refuses("one")
        self.assertIn("error: ‘fault’ was not declared" if "‘" in said else "error: 'fault' was not declared", said)
        self.assertIn("look here", self.passes("two"))

    def test_an_error_of_the_configuration_is_let_through(self):
        self.put("CMakeLists.txt", LISTS % "find_package(Nowhere REQUIRED)")
        self.assertIn("Nowhere", self.refuses())

    def test_a_folder_that_is_of_something_else_is_made_anew_with_one_line(self):
        self.passes("one")
        made_of = self.folder / "made_of"
        for name, of in (("compiler", "another compiler"), ("system", "another release of the system"),
                         ("cmake", "another CMake"), ("folder", "another folder"), ("settings", "other settings")):
            with self.subTest(name):
                made_of.write_text(made_of.read_text().replace(f"{name}: ", f"{name}: old "))
                said = self.passes("one")
                self.assertIn(f"build/release is of {of}: it is made anew\n", said)
                self.assertIn("2 steps", said)
                self.assertEqual(self.passes("one"), "")
        self.put("CMakePresets.json", PRESETS.replace('"generator"', '"cacheVariables": {"X": "1"}, "generator"'))
        self.assertIn("of other settings", self.passes("one"))
        made_of.unlink()
        self.assertIn("of another version of SheepOp: it is made anew\n", self.passes("one"))

    def test_an_archive_moved_with_its_build_is_made_anew(self):
        self.passes("one")
        moved = self.tree / "moved"
        shutil.copytree(self.tree, moved, symlinks=True, ignore=shutil.ignore_patterns("moved"))
        done = subprocess.run([sys.executable, moved / "scripts" / "build", "one"], text=True, stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)
        self.assertIn("build/release is of another folder: it is made anew\n", done.stdout)

    def test_a_terminal_sees_one_line(self):
        main, other = pty.openpty()
        process = subprocess.Popen([sys.executable, self.tree / "scripts" / "build"], stdout=other, stderr=other)
        os.close(other)
        seen = b""
        try:
            while block := os.read(main, 1000):
                seen += block
        except OSError:  # the other end is closed
            pass
        os.close(main)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(seen.count(b"\n"), 1)
        self.assertRegex(seen, rb"\r\x1b\[Kbuild/release: 2 of 4 steps")


if __name__ == "__main__":
    unittest.main(verbosity=2)
