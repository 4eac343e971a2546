#include "kernel/avx2/lanes.h"
#include "kernel/avx2/set.h"
#include "kernel/avx2/transpose.h"
// After the lanes that it is written over.
#include "kernel/generic/attention.inl"

namespace sheepop::kernel {

constinit const AttentionKernels avx2::kAttention = kTable;

}  // namespace sheepop::kernel
