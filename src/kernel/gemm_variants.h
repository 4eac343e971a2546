// What the files of the training products share; nothing for their users.
#pragma once

#include <cstring>

#include "kernel/gemm.h"

namespace sheepop::kernel {

extern const GemmKernels kGemmReference;
extern const GemmKernels kGemmAvx2;
extern const GemmKernels kGemmAvx512;
extern const GemmKernels kGemmAvx512Bf16;

// Not std::copy: a template that was compiled for one instruction set could be linked into another's code.
static inline void StoreF32(const float* x, size_t n, void* elements) {
  if (n > 0) std::memcpy(elements, x, n * sizeof(float));
}
static inline void LoadF32(const void* elements, size_t n, float* x) {
  if (n > 0) std::memcpy(x, elements, n * sizeof(float));
}

}  // namespace sheepop::kernel
