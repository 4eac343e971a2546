#include "kernel/avx512/lanes.h"
#include "kernel/avx512/set.h"
#include "kernel/avx512/transpose.h"
// After the lanes that it is written over.
#include "kernel/generic/attention.inl"

namespace sheepop::kernel {

constinit const AttentionKernels avx512::kAttention = kTable;

}  // namespace sheepop::kernel
