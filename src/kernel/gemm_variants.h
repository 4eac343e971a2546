// What the files of the training products share; nothing for their users.
#pragma once

#include "kernel/gemm.h"

namespace sheepop::kernel {

extern const GemmKernels kGemmReference;
extern const GemmKernels kGemmAvx2;
extern const GemmKernels kGemmAvx512;
extern const GemmKernels kGemmAvx512Bf16;

}  // namespace sheepop::kernel
