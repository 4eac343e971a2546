"""scripts/mutate says of each mutant of a small tree what became of it, and holds its survivors against what is explained."""

import re
import unittest

from gate import GateTest

LISTS = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/src/toy")
add_executable(sheepop_toy_test src/toy/toy.cc src/toy/toy_test.cc)
"""
# The sum is tested, the loop does not end where it says true, and no test asks for as much as 100.
TOY = """#include "toy.h"  // 1 + 1
/* 2 + 2, and
   3 < 4 */
static_assert(sizeof(int) == 4 && sizeof(char) == (0 + 1));
const char* text = "5 + 5" "\\"6 < 6";
const char* raw = R"x(7 + 7 )" 8 + 8)x";
const char letter = '0';
bool operator<(Value, Value);
template <typename T> struct List {};
int Sum(int a, int b) { return a + b; }
int Twice(int a) { return a > kMost ? a : a + a; }
int Same(int n) {
  volatile bool more{};
  do more = false; while (more);
  return n;
}
"""
HEADER = """#pragma once
const int kMost = 100;
struct Value {
  virtual int Get() = 0;
};
int Sum(int a, int b);
int Twice(int a);
int Same(int n);
"""
TEST = """#include "toy.h"
int main() { return Sum(2, 3) != 5 || Twice(4) != 8 || Same(4) != 4; }
"""
SUM = "src/toy/toy.cc\n- int Sum(int a, int b) { return a + b; }\n+ int Sum(int a, int b) { return a - b; }\n"
MOST = "src/toy/toy.h\n- const int kMost = 100;\n+ const int kMost = 101;\n"
EDGE = ("src/toy/toy.cc\n- int Twice(int a) { return a > kMost ? a : a + a; }\n"
        "+ int Twice(int a) { return a >= kMost ? a : a + a; }\n")


class Mutate(GateTest):
    gate = "mutate"

    def setUp(self):
        super().setUp()
        self.put("CMakeLists.txt", LISTS)
        self.put("src/toy/toy.cc", TOY)
        self.put("src/toy/toy.h", HEADER)
        self.put("src/toy/toy_test.cc", TEST)

    def listed(self, *arguments):
        said = self.passes("--folder", "toy", "--list", *arguments)
        return re.findall(r"^  \+ (.*)$", said, re.MULTILINE)

    def test_only_operators_and_constants_of_the_code_are_flipped(self):
        self.assertEqual(self.listed(), [
            "int Sum(int a, int b) { return a - b; }",
            "int Twice(int a) { return a >= kMost ? a : a + a; }",
            "int Twice(int a) { return a > kMost ? a : a - a; }",
            "do more = true; while (more);",
            "const int kMost = 101;"])

    def test_what_only_tests_include_is_left_alone(self):
        listed = self.listed()
        for name in ("test_support.h", "testing_values.h", "toy_bench.cc", "error_matchers.h"):
            self.put(f"src/toy/{name}", "int values[1 + 1];\n")
        self.assertEqual(self.listed(), listed)

    def test_each_kind_of_flip(self):
        for line, mutants in (
                ("x = a * b / c % d;", ["x = a / b / c % d;", "x = a * b * c % d;", "x = a * b / c * d;"]),
                ("if (!a && b || c) x += y;", ["if (a && b || c) x += y;", "if (!a || b || c) x += y;",
                                               "if (!a && b && c) x += y;", "if (!a && b || c) x -= y;"]),
                ("return a <= b;", ["return a < b;"]),
                ("return p->x << 1'0u;", ["return p->x >> 1'0u;", "return p->x << 11u;"]),
                ("f(0x7Fu, 0b1, 1.5f, 1e3, 007);", ["f(0x80u, 0b1, 1.5f, 1e3, 007);", "f(0x7Fu, 2, 1.5f, 1e3, 007);",
                                                    "f(0x7Fu, 0b1, 2.5f, 1e3, 007);", "f(0x7Fu, 0b1, 1.5f, 1001.0, 007);"]),
                ("std::vector<int>& y = *x; x.reserve(a + 1); assert(a == (b + 1)); f(&x, true);",
                 ["std::vector<int>& y = *x; x.reserve(a + 1); assert(a == (b + 1)); f(&x, false);"])):
            with self.subTest(line):
                self.put("src/toy/toy.cc", line + "\n")
                self.assertEqual(self.listed()[:-1], mutants)

    def test_the_seed_picks_and_an_edit_elsewhere_does_not_move_the_choice(self):
        chosen = [self.listed("--seed", str(seed), "--count", "3") for seed in range(8)]
        self.assertEqual({len(mutants) for mutants in chosen}, {3})
        self.assertGreater(len(set(map(tuple, chosen))), 3)
        self.put("src/toy/toy.cc", "int first;\n" + TOY + "int last;\n")
        self.assertEqual([self.listed("--seed", str(seed), "--count", "3") for seed in range(8)], chosen)

    def test_each_fate_and_the_explained(self):
        said = self.refuses("--folder", "toy")
        self.assertIn("1: killed: src/toy/toy.cc:10: + -> -", said)
        self.assertIn("2: survived: src/toy/toy.cc:11: > -> >=", said)
        self.assertRegex(said, r"4: timed out: src/toy/toy.cc:14: false -> true \(1 units")
        self.assertRegex(said, r"5: survived: src/toy/toy.h:2: 100 -> 101 \(2 units")
        self.assertIn("mutate: toy, seed 1: 2 of 5 survived (40.0%), 2 were killed, 1 timed out; 0 did not compile", said)
        for entry in (MOST, EDGE):
            file, before, after = entry.strip().split("\n")
            self.assertRegex(said, rf"survived\n{file}:\d+\n  {re.escape(before)}\n  {re.escape(after)}\n")

        self.put("scripts/mutants_explained", f"# Why.\n{MOST}  No caller asks for more.\n\n{EDGE}  They are\n  the same.\n")
        said = self.passes("--folder", "toy", "--only", "1", "2", "5")
        self.assertIn("survived and is explained: No caller asks for more.\nsrc/toy/toy.h:2\n", said)
        self.assertIn("survived and is explained: They are the same.\n", said)

        self.put("scripts/mutants_explained", f"{MOST}  No caller asks for more.\n\n{SUM}  Nobody adds.\n")
        self.assertIn("mutants_explained: no longer needed, killed: src/toy/toy.cc\n  - int Sum",
                      self.refuses("--folder", "toy", "--only", "1", "5"))
        gone = SUM.replace("return", "give")
        self.put("scripts/mutants_explained", f"{gone}  It was so.\n\n{SUM.replace('toy', 'other')}  Of another folder.\n")
        said = self.refuses("--folder", "toy", "--only", "1")
        self.assertIn("no longer needed, there is no such mutant: src/toy/toy.cc\n  - int Sum(int a, int b) { give", said)
        self.assertNotIn("other", said)

    def test_what_does_not_compile_counts_neither_way(self):
        self.put("src/toy/toy.h", HEADER + "extern int array[3];\n")
        self.put("src/toy/toy_test.cc", TEST + "int array[3];\n")
        said = self.passes("--folder", "toy", "--only", "1", "6")
        self.assertIn("6: did not compile: src/toy/toy.h:9: 3 -> 4 ", said)
        self.assertIn("0 of 1 survived (0.0%), 1 were killed, 0 timed out; 1 did not compile", said)

    def test_a_tree_whose_tests_fail_is_refused(self):
        self.put("src/toy/toy_test.cc", TEST.replace("!= 5", "!= 6"))
        self.assertIn("sheepop_toy_test fails without a mutant", self.refuses("--folder", "toy"))
        self.put("src/toy/toy_test.cc", "int main() { return fault; }\n")
        self.assertIn("sheepop_toy_test could not be built", self.refuses("--folder", "toy"))

    def test_a_broken_list_is_refused(self):
        for text, fault in ((f"{MOST}", "no file, -, + and reason: src/toy/toy.h"),
                            (f"{MOST}  So.\n\n{MOST}  So.\n", "twice the same: src/toy/toy.h")):
            self.put("scripts/mutants_explained", text)
            self.assertIn(fault, self.refuses("--folder", "toy"))

    def test_a_folder_without_code_or_tests_is_wrong_usage(self):
        self.assertEqual(self.run_gate("--folder", "nowhere").returncode, 2)
        (self.tree / "src/toy/toy_test.cc").unlink()
        self.assertEqual(self.run_gate("--folder", "toy").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
