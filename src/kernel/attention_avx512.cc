#include "kernel/lanes_avx512.h"
// After the lanes that it is written over.
#include "kernel/attention.inl"

namespace sheepop::kernel {

const AttentionKernels kAttentionAvx512 = kTable;

}  // namespace sheepop::kernel
