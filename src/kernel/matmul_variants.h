// What the files of the matrix product share; nothing for its users.
#pragma once

#include "kernel/matmul.h"

namespace sheepop::kernel {

extern const MatMulKernels kMatMulReference;
extern const MatMulKernels kMatMulAvx2;
extern const MatMulKernels kMatMulAvx512;

inline constexpr float kSmallestMaximum = 0x1p-119F;  // see QuantisedBlock

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
