#include "base/output_path.h"

#include <algorithm>
#include <system_error>

#include "base/error.h"

namespace sheepop {

namespace fs = std::filesystem;

fs::path FollowLinks(fs::path path) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::error_code none;
  const fs::path named = path;
  for (int links = 0; fs::is_symlink(fs::symlink_status(path, none)); ++links) {
    if (links == kMostLinks) throw Error(ErrorCategory::kIo, "{} is a link that leads in a circle", named.string());
    const fs::path target = fs::read_symlink(path, none);
    if (none) break;
    path = path.parent_path() / target;  // where that is absolute, it alone
  }
  return path;
}

void RefuseInput(const fs::path& output, const fs::path& input) {
  std::error_code none;
  if (fs::equivalent(output, input, none)) {
    throw Error(ErrorCategory::kInvalidArgument, "{} is the input; name another output", output.string());
  }
  const fs::path outer = fs::canonical(input, none);
  if (none || !fs::is_directory(outer, none)) return;
  const fs::path inner = fs::weakly_canonical(fs::absolute(FollowLinks(output), none), none);
  if (std::ranges::mismatch(outer, inner).in1 != outer.end()) return;
  throw Error(ErrorCategory::kInvalidArgument,
              "{} lies in the input {}, and would be read as a part of it; name an output outside", output.string(),
              input.string());
}

void RefuseExisting(const fs::path& output, bool force) {
  std::error_code none;
  const fs::file_status status = fs::status(output, none);
  if (force || (!fs::is_regular_file(status) && !fs::is_directory(status)) || fs::is_empty(output, none)) return;
  throw Error(ErrorCategory::kIo, "{} exists already; --force replaces it, or name another", output.string());
}

}  // namespace sheepop
