#include "kernel/matmul.h"

#include "kernel/matmul_variants.h"
#include "kernel/packed.h"

namespace sheepop::kernel {

bool IsQuantised(PackedType type) { return FormatOf(type).scales != ScaleForm::kNone; }

const MatMulKernels& MatMulKernelsFor(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2: return kMatMulAvx2;
    case Isa::kAvx512: return kMatMulAvx512;
#endif
    default: return kMatMulReference;
  }
}

}  // namespace sheepop::kernel
