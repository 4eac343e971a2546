#include "kernel/avx512/lanes.h"
// After the lanes that it is written over.
#include "kernel/generic/vector.inl"

namespace sheepop::kernel {

const VectorKernels kVectorAvx512 = kTable;

}  // namespace sheepop::kernel
