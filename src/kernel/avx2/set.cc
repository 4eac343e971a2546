#include "kernel/avx2/set.h"

namespace sheepop::kernel {

Kernels avx2::Set() {
  return {
      .matmul = kMatMul,
      .wide_matmul = kWideMatMul,
      .vector = kVector,
      .attention = kAttention,
      .select = kSelect,
      .gemm_f32 = kGemm,
      .gemm_bf16 = nullptr,
      .train_vector = kTrainVector,
      .limits = kLimits,
  };
}

}  // namespace sheepop::kernel
