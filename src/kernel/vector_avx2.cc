#include "kernel/lanes_avx2.h"
// After the lanes that it is written over.
#include "kernel/vector.inl"

namespace sheepop::kernel {

const VectorKernels kVectorAvx2 = kTable;

}  // namespace sheepop::kernel
