// What every set does alike when it quantises activations.
#pragma once

#include "kernel/matmul.h"

namespace sheepop::kernel {

inline constexpr float kSmallestMaximum = 0x1p-119F;      // see QuantisedBlock
inline constexpr float kSmallestWideMaximum = 0x1p-111F;  // see WideBlock

// Fills in what follows from `scale` and `sums`. Static: each instruction set has its own.
static inline void DeriveFromSums(QuantisedBlock& block) {
  const int32_t sum = block.sums[0] + block.sums[1], high = block.sums[2] + block.sums[3];
  block.scaled_sum = block.scale * static_cast<float>(sum);
  block.starts[0] = -8 * sum;
  block.starts[1] = -128 * sum;
  block.starts[2] = -32 * (sum - high);
  block.starts[3] = -32 * high;
}

}  // namespace sheepop::kernel
