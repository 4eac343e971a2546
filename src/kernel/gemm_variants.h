// What the files of the training products share; nothing for their users.
#pragma once

#include <cstring>

#include "kernel/gemm.h"

namespace sheepop::kernel {

extern const GemmKernels kGemmReference;
extern const GemmKernels kGemmAvx2;
extern const GemmKernels kGemmAvx512;
extern const GemmKernels kGemmAvx512Bf16;

static inline void StoreF32(const float* x, size_t n, void* elements) { std::memcpy(elements, x, n * sizeof(float)); }
static inline void LoadF32(const void* elements, size_t n, float* x) { std::memcpy(x, elements, n * sizeof(float)); }

}  // namespace sheepop::kernel
