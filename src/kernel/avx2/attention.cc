#include "kernel/avx2/lanes.h"
// After the lanes that it is written over.
#include "kernel/generic/attention.inl"

namespace sheepop::kernel {

const AttentionKernels kAttentionAvx2 = kTable;

}  // namespace sheepop::kernel
