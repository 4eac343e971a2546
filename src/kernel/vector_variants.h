// What the files of the vector kernels share; nothing for their users.
#pragma once

#include "kernel/vector.h"

namespace sheepop::kernel {

extern const VectorKernels kVectorReference;
extern const VectorKernels kVectorAvx2;
extern const VectorKernels kVectorAvx512;

// The natural logarithm of x >= 0, without the C library, whose bits depend on the processor. Error below 1e-15.
double Log(double x);

}  // namespace sheepop::kernel
