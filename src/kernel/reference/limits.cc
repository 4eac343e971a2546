#include <cstring>

#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace {

uint64_t Read(const std::byte* data, size_t bytes) {
  uint64_t sums[4] = {};
  for (size_t i = 0; i < bytes; i += 32) {
    uint64_t words[4];
    std::memcpy(words, data + i, sizeof(words));
    for (int lane = 0; lane < 4; ++lane) sums[lane] += words[lane];
  }
  return sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
}

uint64_t Multiply(size_t rounds) {
  int32_t sums[4] = {1, 2, 3, 4};
  volatile int8_t factor = 3;
  const int8_t x = factor;
  for (size_t round = 0; round < rounds; ++round) {
    for (int32_t& sum : sums)
      sum = static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(static_cast<int8_t>(sum) * x));
  }
  return static_cast<uint64_t>(sums[0] ^ sums[1] ^ sums[2] ^ sums[3]);
}

}  // namespace

constinit const LimitKernels reference::kLimits = {Read, Multiply, 8};

}  // namespace sheepop::kernel
