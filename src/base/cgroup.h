// What control groups (cgroup v2, docs.kernel.org/admin-guide/cgroup-v2.html) leave a process. `membership`: what
// /proc/self/cgroup holds; `root`: where the hierarchy is mounted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace sheepop {

// The smallest quota (cpu.max) of a group and all groups above it, in processors, rounded; at least 1, or 0 where none
// has a quota.
size_t QuotaProcessors(std::string_view membership, const std::filesystem::path& root);

// Bytes that the group and all groups above it still let a process take (memory.max less memory.current, of which cached
// files that nobody uses are given back): the least of them, at least 1, or 0 where none has a limit.
size_t MemoryLeft(std::string_view membership, const std::filesystem::path& root);

}  // namespace sheepop
