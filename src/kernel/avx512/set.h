// AVX-512 F, BW, DQ, VL, VNNI and VBMI. A table for each of the contracts, defined in the file of its name.
#pragma once

#include "kernel/kernels.h"

namespace sheepop::kernel::avx512 {

extern const MatMulKernels kMatMul;
extern const WideMatMulKernels kWideMatMul;
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const SelectKernels kSelect;
extern const GemmKernels kGemm;
extern const TrainVectorKernels kTrainVector;
extern const LimitKernels kLimits;

Kernels Set();

}  // namespace sheepop::kernel::avx512
