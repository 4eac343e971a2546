#include "kernel/lanes_avx512.h"
// After the lanes that it is written over.
#include "kernel/vector.inl"

namespace sheepop::kernel {

const VectorKernels kVectorAvx512 = kTable;

}  // namespace sheepop::kernel
