#include "base/cgroup.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace sheepop {
namespace {

// Of one group, in processors; infinity when it has none.
double QuotaOf(const std::filesystem::path& group) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::ifstream file(group / "cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return kNone;
  const double processors = std::strtod(quota.c_str(), nullptr) / period;
  return processors > 0 ? processors : kNone;
}

// Of one group, in bytes; infinity when it has no limit.
double MemoryLeftBy(const std::filesystem::path& group) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  double limit = 0, taken = 0, unused = 0;
  if (!(std::ifstream(group / "memory.max") >> limit)) return kNone;
  std::ifstream(group / "memory.current") >> taken;
  std::ifstream stat(group / "memory.stat");
  std::string name;
  for (double value = 0; stat >> name >> value;) {
    if (name == "inactive_file") unused = value;
  }
  return std::max(1.0, limit - std::max(0.0, taken - unused));
}

// The least of a group and all groups above it.
template <class Of>
double Least(std::string_view membership, const std::filesystem::path& root, Of of) {
  // "0::/user.slice/app.scope", a line among those of older hierarchies. In a container, whose own group is mounted at
  // the root, the path may lead nowhere.
  std::filesystem::path path;
  for (size_t start = 0; start < membership.size();) {
    const size_t end = std::min(membership.find('\n', start), membership.size());
    const std::string_view line = membership.substr(start, end - start);
    if (line.starts_with("0::/")) path = line.substr(4);
    start = end + 1;
  }
  double least = of(root);
  std::filesystem::path group = root;
  for (const std::filesystem::path& part : path) {
    group /= part;
    least = std::min(least, of(group));
  }
  return least;
}

}  // namespace

size_t QuotaProcessors(std::string_view membership, const std::filesystem::path& root) {
  const double least = Least(membership, root, QuotaOf);
  return std::isfinite(least) ? std::max<size_t>(1, static_cast<size_t>(std::lround(least))) : 0;
}

size_t MemoryLeft(std::string_view membership, const std::filesystem::path& root) {
  const double least = Least(membership, root, MemoryLeftBy);
  return std::isfinite(least) ? static_cast<size_t>(least) : 0;
}

}  // namespace sheepop
