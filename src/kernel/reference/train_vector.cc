#include "kernel/reference/lanes_array.h"
#include "kernel/reference/philox.h"
#include "kernel/reference/set.h"
// After the lanes that it is written over.
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

constinit const TrainVectorKernels reference::kTrainVector = kTable;

}  // namespace sheepop::kernel
