// AVX2, FMA, F16C, BMI and BMI2. A table for each of the contracts, defined in the file of its name.
#pragma once

#include "kernel/kernels.h"

namespace sheepop::kernel::avx2 {

extern const MatMulKernels kMatMul;
extern const WideMatMulKernels kWideMatMul;
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const SelectKernels kSelect;
extern const GemmKernels kGemm;
extern const TrainVectorKernels kTrainVector;
extern const LimitKernels kLimits;

Kernels Set();

}  // namespace sheepop::kernel::avx2
