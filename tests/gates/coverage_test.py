"""scripts/coverage says of a small tree how much its unit tests execute, and refuses it where that is too little."""

import shutil
import unittest

from gate import GateTest

FOLDERS = ("generate", "sample", "model", "evaluate", "checkpoint")
LISTS = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES CXX)
add_compile_options(${SHEEPOP_PROBE})
add_link_options(--coverage)
foreach(folder ${SHEEPOP_PROBED})
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/src/${folder}")
  add_subdirectory(src/${folder})
endforeach()
"""
UNIT = """int Sign(int x) {
  if (x < 0) return -1;
  if (x > 0) return 1;
  return 0;
}
"""
TEST = "int Sign(int x);\nint main() { return %s; }\n"
WHOLE = "Sign(-3) != -1 || Sign(4) != 1 || Sign(0) != 0"


class Coverage(GateTest):
    gate = "coverage"

    def setUp(self):
        super().setUp()
        self.put("CMakeLists.txt", LISTS)
        for folder in FOLDERS:
            self.put(f"src/{folder}/CMakeLists.txt", f"add_executable(sheepop_{folder}_test unit.cc unit_test.cc)\n")
            self.put(f"src/{folder}/unit.cc", UNIT)
            self.put(f"src/{folder}/unit_test.cc", TEST % WHOLE)

    def test_each_folder_has_its_share(self):
        said = self.passes()
        for folder in FOLDERS:
            self.assertRegex(said, rf"{folder} +4 of +4 100.0% +4 of +4 100.0%")
        self.assertIn("coverage: 0 of 5 folders", said)

        self.put("src/model/unit_test.cc", TEST % "Sign(4) != 1")
        said = self.refuses()
        self.assertRegex(said, r"model +3 of +4  75.0% +2 of +4  50.0% .*too few")
        self.assertIn("src/model/unit.cc: 1 lines and 2 branches are missed", said)
        self.assertIn("coverage: 1 of 5 folders", said)

    def test_what_cannot_be_measured_is_refused(self):
        self.put("src/model/unit_test.cc", TEST % "1")
        self.assertIn("sheepop_model_test", self.refuses())
        self.put("src/model/unit_test.cc", "int main( {\n")
        self.assertIn("ninja", self.refuses())
        tools = self.tree / "tools"
        tools.mkdir()
        for tool in ("cmake", "ninja", "c++", "ld", "as", "ar"):
            (tools / tool).symlink_to(shutil.which(tool))
        self.assertIn("gcovr is not installed", self.refuses(PATH=str(tools)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
