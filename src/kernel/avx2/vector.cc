#include "kernel/avx2/lanes.h"
#include "kernel/avx2/set.h"
// After the lanes that it is written over.
#include "kernel/generic/vector.inl"

namespace sheepop::kernel {

constinit const VectorKernels avx2::kVector = kTable;

}  // namespace sheepop::kernel
