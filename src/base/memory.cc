#include "base/memory.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/cgroup.h"

namespace sheepop {
namespace {

size_t Field(std::string_view wanted) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (size_t kib; file >> name >> kib; file.ignore(16, '\n')) {
    if (name == wanted) return kib << 10;
  }
  return 0;
}

size_t LeftByGroups() {
  std::ifstream file("/proc/self/cgroup");
  const std::string membership{std::istreambuf_iterator<char>(file), {}};
  return MemoryLeft(membership, "/sys/fs/cgroup");
}

size_t LeftByLimit() {
  rlimit limit{};
  size_t pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  if (!(std::ifstream("/proc/self/statm") >> pages)) return 0;
  const size_t taken = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > taken ? limit.rlim_cur - taken : 1;
}

}  // namespace

size_t TotalMemory() { return Field("MemTotal:"); }

size_t AvailableMemory() {
  size_t least = 0;
  for (const size_t left : {Field("MemAvailable:"), LeftByGroups(), LeftByLimit()}) {
    if (left > 0) least = least == 0 ? left : std::min(least, left);
  }
  return least;
}

std::string MemoryText(size_t bytes) {
  const auto exact = static_cast<double>(bytes);
  if (bytes >= 1'000'000'000) return fmt::format("{:.1f} GB", exact / 1e9);
  if (bytes >= 1'000'000) return fmt::format("{:.0f} MB", exact / 1e6);
  return fmt::format("{:.0f} KB", std::max(1.0, exact / 1e3));
}

}  // namespace sheepop
