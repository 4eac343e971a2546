// The memory of this machine, as the system tells it.
#pragma once

#include <cstddef>
#include <string>

namespace sheepop {

// Bytes in all; 0 where the system does not say.
size_t TotalMemory();

// Bytes that this process may still take: the least of what the system, its control groups and its own limit on addresses
// (RLIMIT_AS) leave; 0 where none of them says.
size_t AvailableMemory();

// "1.5 GB", "12 MB", "3 KB": decimal, at least 1 KB.
std::string MemoryText(size_t bytes);

}  // namespace sheepop
