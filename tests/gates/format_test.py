"""scripts/check_format refuses a file that is not in the format."""

import shutil
import unittest

from gate import ROOT, GateTest

GOOD = "int Sum(int a, int b) { return a + b; }\n"
BAD = "int Sum(int a,int b)\n{ return a+b; }\n"


class Format(GateTest):
    gate = "check_format"

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / ".clang-format", self.tree)
        self.put("src/base/sum.cc", GOOD)

    def test_a_formatted_tree_passes(self):
        self.assertEqual(self.passes(), "format: 1 files\n")

    def test_each_kind_of_file_in_each_folder_is_refused_by_name(self):
        for name in ("src/base/bad.cc", "src/kernel/avx2/bad.inl", "include/sheepop/bad.h", "tests/install/bad.cc"):
            with self.subTest(name):
                self.put(name, BAD)
                self.assertIn(f"{name}: is not in the format", self.refuses())
                (self.tree / name).unlink()

    def test_what_a_build_makes_is_not_looked_at(self):
        self.put("build/release/made.cc", BAD)
        self.passes()

    def test_fix_makes_it_pass(self):
        self.put("src/base/bad.cc", BAD)
        self.passes("--fix")
        self.passes()

    def test_an_empty_tree_is_refused(self):
        (self.tree / "src/base/sum.cc").unlink()
        self.refuses()

    def test_a_broken_clang_format_file_is_refused(self):
        self.put(".clang-format", "BasedOnStyle: Nobody\n")
        self.assertIn("failed with", self.refuses())

    def test_a_missing_clang_format_is_refused_with_its_package(self):
        self.assertIn("package clang-format-19", self.refuses(PATH="/nonexistent"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
