#include "testing/paths.h"

#include <cstdlib>

namespace sheepop::testing {

std::filesystem::path SourcePath(std::string_view relative) {
  return std::filesystem::path(SHEEPOP_SOURCE_DIR) / relative;
}

std::filesystem::path SharedPath(std::string_view relative) {
  const char* root = std::getenv("SHEEPOP_SHARED");
  return (root ? std::filesystem::path(root) : SourcePath("../shared")) / relative;
}

}  // namespace sheepop::testing
