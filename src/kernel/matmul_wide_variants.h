// What the files of the wide product share; nothing for its users.
#pragma once

#include "kernel/matmul_wide.h"

namespace sheepop::kernel {

extern const WideMatMulKernels kWideMatMulReference;
extern const WideMatMulKernels kWideMatMulAvx2;
extern const WideMatMulKernels kWideMatMulAvx512;

inline constexpr float kSmallestWideMaximum = 0x1p-111F;  // see WideBlock

}  // namespace sheepop::kernel
