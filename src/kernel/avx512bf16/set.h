// AVX-512 with dot products of bf16: products for training in that type, all else is the avx512 set's.
#pragma once

#include "kernel/kernels.h"

namespace sheepop::kernel::avx512bf16 {

extern const GemmKernels kGemmBf16;

Kernels Set();

}  // namespace sheepop::kernel::avx512bf16
