#include "train/train_kernels.h"

#include "base/error.h"

namespace sheepop {

TrainKernels TrainKernels::For(Isa isa, kernel::GemmType type) {
  const kernel::GemmKernels* gemm = kernel::GemmKernelsFor(isa, type);
  if (!gemm) {
    throw Error(ErrorCategory::kUnsupported,
                "precision bf16 needs a processor with AVX512-BF16 and the avx512 kernels; use fp32 here");
  }
  return {kernel::VectorKernelsFor(isa), kernel::TrainVectorKernelsFor(isa), *gemm};
}

}  // namespace sheepop
