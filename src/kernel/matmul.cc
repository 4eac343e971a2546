#include "kernel/matmul.h"

#include "kernel/matmul_variants.h"
#include "kernel/packed.h"

namespace sheepop::kernel {

bool IsQuantised(PackedType type) { return FormatOf(type).scales != ScaleForm::kNone; }

const MatMulKernels& MatMulKernelsFor(Isa) { return kMatMulReference; }

}  // namespace sheepop::kernel
