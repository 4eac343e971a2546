// Where tests find data. Nothing here is needed to build or run the program.
#pragma once

#include <filesystem>
#include <string_view>

namespace sheepop::testing {

// A file of the repository itself, such as "tests/data/tiny".
std::filesystem::path SourcePath(std::string_view relative);

// A file of the conformance data that may stand beside the repository (SHEEPOP_SHARED, by default ../shared).
// May not exist: a test that needs it skips, and says so.
std::filesystem::path SharedPath(std::string_view relative);

}  // namespace sheepop::testing
