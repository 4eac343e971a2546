#include "kernel/avx512/lanes.h"
// After the lanes that it is written over.
#include "kernel/generic/attention.inl"

namespace sheepop::kernel {

const AttentionKernels kAttentionAvx512 = kTable;

}  // namespace sheepop::kernel
