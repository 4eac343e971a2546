// What this machine can do at most: loops that do nothing but read memory, or nothing but multiply bytes. Speeds are
// stated as shares of these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {

struct LimitKernels {
  // Reads `bytes` (a multiple of 256) from an address aligned to 64. The result only keeps the loads alive.
  uint64_t (*read)(const std::byte* data, size_t bytes);

  // `rounds` of the int8 multiply-add that the matrix products are made of, from registers. Each round is int8_operations
  // operations (a multiplication and an addition count as two).
  uint64_t (*multiply)(size_t rounds);
  size_t int8_operations;
};

}  // namespace sheepop::kernel
