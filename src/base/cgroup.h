// The processors that control groups (cgroup v2, docs.kernel.org/admin-guide/cgroup-v2.html) leave a process.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace sheepop {

// The smallest quota (cpu.max) of a group and all groups above it, in processors, rounded; at least 1, or 0 where none
// has a quota. `membership`: what /proc/self/cgroup holds; `root`: where the hierarchy is mounted.
size_t QuotaProcessors(std::string_view membership, const std::filesystem::path& root);

}  // namespace sheepop
