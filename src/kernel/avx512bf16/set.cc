#include "kernel/avx512bf16/set.h"

#include "kernel/avx512/set.h"

namespace sheepop::kernel {

Kernels avx512bf16::Set() {
  Kernels kernels = avx512::Set();
  kernels.gemm_bf16 = &kGemmBf16;
  return kernels;
}

}  // namespace sheepop::kernel
