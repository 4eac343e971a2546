#include "kernel/avx2/lanes.h"
// After the lanes that it is written over.
#include "kernel/generic/vector.inl"

namespace sheepop::kernel {

const VectorKernels kVectorAvx2 = kTable;

}  // namespace sheepop::kernel
