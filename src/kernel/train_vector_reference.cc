#include "kernel/lanes_portable.h"
#include "kernel/philox_portable.h"
// After the lanes that it is written over.
#include "kernel/train_vector.inl"

namespace sheepop::kernel {

const TrainVectorKernels kTrainVectorReference = kTable;

}  // namespace sheepop::kernel
