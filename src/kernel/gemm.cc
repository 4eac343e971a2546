#include "kernel/gemm.h"

#include "kernel/gemm_variants.h"

namespace sheepop::kernel {

const GemmKernels* GemmKernelsFor(Isa isa, GemmType type) {
  if (type == GemmType::kBf16) return isa == Isa::kAvx512 && HasBf16Dot() ? &kGemmAvx512Bf16 : nullptr;
  switch (isa) {
    case Isa::kReference: return &kGemmReference;
    case Isa::kAvx2: return &kGemmAvx2;
    case Isa::kAvx512: return &kGemmAvx512;
  }
  return &kGemmReference;
}

}  // namespace sheepop::kernel
