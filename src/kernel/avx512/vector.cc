#include "kernel/avx512/lanes.h"
#include "kernel/avx512/set.h"
// After the lanes that it is written over.
#include "kernel/generic/vector.inl"

namespace sheepop::kernel {

constinit const VectorKernels avx512::kVector = kTable;

}  // namespace sheepop::kernel
