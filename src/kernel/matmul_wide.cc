#include "kernel/matmul_wide.h"

#include "kernel/matmul_wide_variants.h"

namespace sheepop::kernel {

const WideMatMulKernels& WideMatMulKernelsFor(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2: return kWideMatMulAvx2;
    case Isa::kAvx512: return kWideMatMulAvx512;
#endif
    default: return kWideMatMulReference;
  }
}

}  // namespace sheepop::kernel
