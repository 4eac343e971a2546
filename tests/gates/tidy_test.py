"""scripts/check_tidy refuses what clang-tidy finds in the units that differ from the commit it stands on."""

import json
import os
import shutil
import subprocess
import unittest

from gate import ROOT, GateTest

GOOD = "int Sum(int a, int b) {\n  return a + b;\n}\n"
BAD = "#include <string>\nstd::string Moved(std::string a) {\n  std::string b = std::move(a);\n  return a + b;\n}\n"
HEADER = "#pragma once\n#include <string>\ninline std::string Twice(const std::string& a) { return a + a; }\n"
BAD_HEADER = HEADER + "inline int* Nothing() { return 0; }\n"


class Tidy(GateTest):
    gate = "check_tidy"

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / ".clang-tidy", self.tree)
        self.build = [self.tree / "build/release"]
        self.put("src/base/text.h", HEADER)
        self.put("src/base/sum.cc", GOOD)
        self.put("src/base/user.cc", '#include "base/text.h"\n' + GOOD)

    def compile_commands(self, flags=""):
        entries = [{"directory": str(self.tree), "file": str(path),
                    "command": f"/usr/bin/c++ -I{self.tree}/src -std=c++20 {flags} -o x.o -c {path}"}
                   for path in sorted(self.tree.rglob("*.cc"))]
        self.put("build/release/compile_commands.json", json.dumps(entries))

    def run_gate(self, *arguments, **environment):
        return super().run_gate(*arguments, *self.build, **environment)

    def git(self, *arguments):
        # Nothing of the caller's settings, and no other repository.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.tree), "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": "test", f"GIT_{role}_EMAIL": "test@localhost"}
        return subprocess.run(["git", "-C", self.tree, *arguments], env=environment, text=True, check=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def commit(self):
        self.put(".gitignore", "/build/\n")
        if not (self.tree / ".git").exists():
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "test")
        return self.git("rev-parse", "HEAD")

    def stand_on_a_commit(self):
        """The tree as it is becomes the commit that tidy_base names."""
        self.put("scripts/tidy_base", self.commit() + "\n")
        self.compile_commands()

    def test_nothing_changed(self):
        self.stand_on_a_commit()
        self.assertIn("tidy: 0 of 2 units", self.passes())

    def test_a_fault_in_a_changed_unit_is_refused(self):
        self.stand_on_a_commit()
        self.put("src/base/sum.cc", BAD)
        said = self.refuses()
        self.assertIn("src/base/sum.cc:4:10: error: 'a' used after it was moved", said)
        self.assertIn("tidy: 1 of 2 units", said)
        self.commit()
        self.assertIn("bugprone-use-after-move", self.refuses())

    def test_tests_need_not_ask_before_they_read_an_optional(self):
        text = "#include <optional>\nint Value(const std::optional<int>& a) {\n  return a.value();\n}\n"
        self.stand_on_a_commit()
        self.put("src/base/sum_test.cc", text)
        self.compile_commands()
        self.assertIn("tidy: 1 of 3 units", self.passes())
        self.put("src/base/sum_test.cc", text + BAD)
        self.assertIn("bugprone-use-after-move", self.refuses())
        self.put("src/base/sum.cc", text)
        self.assertIn("src/base/sum.cc:3:10: error: unchecked access to optional value", self.refuses())

    def test_a_fault_in_a_new_unit_is_refused(self):
        self.stand_on_a_commit()
        self.put("src/base/new.cc", BAD)
        self.compile_commands()
        self.assertIn("src/base/new.cc:4", self.refuses())

    def test_a_fault_in_a_header_is_refused_through_the_units_that_include_it(self):
        self.stand_on_a_commit()
        self.put("src/base/text.h", BAD_HEADER)
        said = self.refuses()
        self.assertIn("src/base/text.h:4:", said)
        self.assertIn("tidy: 1 of 2 units", said)

    def test_an_old_fault_in_an_unchanged_or_only_renamed_unit_waits_for_the_whole_tree(self):
        self.put("src/base/old.cc", BAD)
        self.stand_on_a_commit()
        self.git("mv", "src/base/old.cc", "src/base/renamed.cc")
        self.compile_commands()
        self.assertIn("tidy: 0 of 3 units", self.passes())
        self.assertIn("src/base/renamed.cc:4", self.refuses("--all"))

    def test_the_largest_changes_are_checked_and_the_rest_is_listed(self):
        for number in range(43):
            self.put(f"src/base/unit{number}.cc", f"int Value{number}() {{ return {number}; }}\n")
        self.stand_on_a_commit()
        for number in range(43):
            self.put(f"src/base/unit{number}.cc", "\n" * (100 - number) + f"int Value{number}() {{ return 1; }}\n")
        said = self.passes()
        self.assertIn("left for another run: src/base/unit40.cc src/base/unit41.cc src/base/unit42.cc\n", said)
        self.assertIn("tidy: 40 of 45 units", said)

    def test_without_the_commit_every_unit_counts_as_changed_and_it_says_so(self):
        self.put("src/base/sum.cc", BAD)
        self.put("scripts/tidy_base", "0123456789" * 4 + "\n")
        self.compile_commands()
        environment = {"GIT_CEILING_DIRECTORIES": str(self.tree.parent)}
        self.assertIn("tidy: 2 of 2 units (no git repository, so every unit", self.refuses(**environment))
        self.commit()
        self.assertIn("tidy: 2 of 2 units (this clone has no commit 0123456789, so every unit", self.refuses())

    def test_only_a_whole_clean_committed_tree_moves_the_base(self):
        self.put("scripts/tidy_base", self.commit() + "\n")
        self.compile_commands()
        before = (self.tree / "scripts/tidy_base").read_text()

        self.put("src/base/sum.cc", GOOD + "\n// More.\n")
        self.assertIn("uncommitted", self.passes("--all"))
        self.passes()
        self.put("src/base/sum.cc", BAD)
        self.commit()
        self.refuses("--all")
        self.assertEqual((self.tree / "scripts/tidy_base").read_text(), before)

        self.put("src/base/sum.cc", GOOD)
        head = self.commit()
        self.passes()
        self.assertEqual((self.tree / "scripts/tidy_base").read_text(), before)
        self.passes("--all")
        self.assertEqual((self.tree / "scripts/tidy_base").read_text(), head + "\n")

    def test_flags_and_precompiled_headers_of_gcc_do_not_matter(self):
        self.stand_on_a_commit()
        self.put("src/base/sum.cc", GOOD + "\n")
        self.compile_commands("-Winvalid-pch -include /nonexistent/cmake_pch.hxx -Wno-maybe-uninitialized")
        self.assertIn("tidy: 1 of 2 units", self.passes())

    def test_it_configures_a_folder_of_its_own_where_each_unit_stands_alone(self):
        self.build = []
        self.put("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(small LANGUAGES CXX)\n"
                 "set(CMAKE_EXPORT_COMPILE_COMMANDS ON)\nadd_library(small src/base/sum.cc)\n"
                 "target_include_directories(small PRIVATE src)\nset_target_properties(small PROPERTIES UNITY_BUILD ${SHEEPOP_UNITY})\n"
                 "if(SHEEPOP_TESTS AND SHEEPOP_BENCHMARKS AND SHEEPOP_FUZZ)\n  target_sources(small PRIVATE src/base/user.cc)\nendif()\n")
        self.assertIn("tidy: 2 of 2 units", self.passes("--all"))
        self.put("CMakeLists.txt", "broken()\n")
        self.assertIn("build/tidy could not be configured", self.refuses())

    def test_what_does_not_compile_is_refused(self):
        self.stand_on_a_commit()
        self.put("src/base/sum.cc", "int Sum( {\n")
        self.assertIn("src/base/sum.cc:1", self.refuses())

    def test_a_missing_program_or_build_is_refused(self):
        self.stand_on_a_commit()
        self.assertIn("package clang-tidy-19", self.refuses(PATH="/nonexistent"))
        self.put("build/release/compile_commands.json", "[]")
        self.assertIn("names no unit", self.refuses())
        (self.tree / "build/release/compile_commands.json").unlink()
        self.assertIn("no compile_commands.json", self.refuses())


if __name__ == "__main__":
    unittest.main(verbosity=2)
