// Where tests find data. Nothing here is needed to build or run the program.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace sheepop::testing {

// A file of the repository itself, such as "tests/data/tiny".
inline std::filesystem::path SourcePath(std::string_view relative) {
  return std::filesystem::path(SHEEPOP_SOURCE_DIR) / relative;
}

// A file of the conformance data that may stand beside the repository (SHEEPOP_SHARED, by default ../shared).
// May not exist: a test that needs it skips, and says so.
inline std::filesystem::path SharedPath(std::string_view relative) {
  const char* root = std::getenv("SHEEPOP_SHARED");
  return (root ? std::filesystem::path(root) : SourcePath("../shared")) / relative;
}

}  // namespace sheepop::testing
