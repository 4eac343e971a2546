// What the files of the matrix product share; nothing for its users.
#pragma once

#include "kernel/matmul.h"

namespace sheepop::kernel {

extern const MatMulKernels kMatMulReference;
extern const MatMulKernels kMatMulAvx2;
extern const MatMulKernels kMatMulAvx512;

inline constexpr float kSmallestMaximum = 0x1p-119F;  // see QuantisedBlock

}  // namespace sheepop::kernel
