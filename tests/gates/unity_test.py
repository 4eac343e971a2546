"""cmake/unity_batches.py keeps units apart where one defines for itself a name that another one uses."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from gate import ROOT

SCRIPT = ROOT / "cmake" / "unity_batches.py"


def unnamed(text):
    return f'#include "base/x.h"\n\nnamespace sheepop::base {{\nnamespace {{\n\n{text}\n\n}}  // namespace\n}}  // namespace sheepop::base\n'


class Unity(unittest.TestCase):
    def batches(self, *texts):
        """The number of each unit's batch."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, f"unit{number}.cc") for number in range(len(texts))]
            for path, text in zip(paths, texts):
                path.write_text(text)
            said = subprocess.run([sys.executable, "-B", SCRIPT, *paths], stdout=subprocess.PIPE, text=True, check=True).stdout
        return [int(number) for number in said.split()]

    def test_a_name_of_its_own_keeps_a_unit_apart_from_one_that_uses_it(self):
        user = "int Used() { return Twice(2) + kMost + sizeof(Part); }\n"
        for definition in ("int Twice(int a) { return 2 * a; }",
                           "template <typename T>\nstd::vector<std::pair<T, int>> Twice(std::function<void(int)> f) {\n  return f;\n}",
                           "constexpr int kMost = 3;", "const std::array<int, 2> kMost{1, 2};", "int kMost[] = {1, 2};",
                           "std::string kMost;", "struct Part {\n  int a = 0;\n};", "struct Part final : public Other {};",
                           "enum class Part : uint8_t { kA, kB };", "class alignas(64) Part;", "using Part = std::vector<int>;",
                           "int Before(int kOther) {\n  if (kOther) return 1;\n  return 0;\n}\nint Twice(int);",
                           "int a = [](int x) { return x; }(1);\nint Twice(int);", "using std::Part;"):
            with self.subTest(definition):
                self.assertEqual(self.batches(unnamed(definition), user), [0, 1])
                self.assertEqual(self.batches(user, unnamed(definition)), [0, 1])
        self.assertEqual(self.batches("static int Twice(int a) { return a; }\n", user), [0, 1])
        self.assertEqual(self.batches("#define Twice(a) \\\n  (2 * (a))\n", user), [0, 1])

    def test_both_may_not_define_the_same_name(self):
        for definition in ("int Twice(int a) { return 2 * a; }", "struct Part {};"):
            with self.subTest(definition):
                self.assertEqual(self.batches(unnamed(definition), unnamed(definition)), [0, 1])

    def test_the_same_alias_is_the_same(self):
        alias = "namespace json = boost::json;\nusing Clock = std::chrono::steady_clock;\n"
        self.assertEqual(self.batches(alias, alias), [0, 0])
        self.assertEqual(self.batches(alias, alias.replace("steady", "system")), [0, 1])

    def test_what_does_not_meet_is_compiled_together(self):
        definition = unnamed("int Twice(int a) { return 2 * a; }")
        for user in ("// Twice(2)\n", 'const char* a() { return "Twice"; }\n', "int b(A a) { return a.Twice(2) + math::Twice(2); }\n",
                     "int Thrice(int a);\n", 'TEST(Suite, Name) { a(R"(Twice)"); }\n'):
            with self.subTest(user):
                self.assertEqual(self.batches(definition, user), [0, 0])
        self.assertEqual(self.batches(unnamed("TEST(Suite, One) {}"), unnamed("TEST(Suite, Two) {}")), [0, 0])
        self.assertEqual(self.batches(unnamed("struct A {\n  void Take();\n};\nvoid A::Take() {}"), "void B::Take() { Take(); }\n"), [0, 0])
        self.assertEqual(self.batches("namespace sheepop {\nint Twice(int a) { return a; }\n}\n", "int b = Twice(1);\n"), [0, 0])

    def test_a_batch_has_at_most_eight_units_and_two_thousand_lines(self):
        self.assertEqual(self.batches(*[f"int f{number}();\n" for number in range(10)]), [0] * 8 + [1] * 2)
        self.assertEqual(self.batches("\n" * 1500, "\n" * 800, "\n" * 400, "\n" * 3000), [0, 1, 0, 2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
