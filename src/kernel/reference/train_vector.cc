#include "kernel/generic/lanes_portable.h"
#include "kernel/generic/philox_portable.h"
// After the lanes that it is written over.
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

const TrainVectorKernels kTrainVectorReference = kTable;

}  // namespace sheepop::kernel
