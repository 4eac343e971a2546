#include "kernel/lanes_avx2.h"
// After the lanes that it is written over.
#include "kernel/attention.inl"

namespace sheepop::kernel {

const AttentionKernels kAttentionAvx2 = kTable;

}  // namespace sheepop::kernel
