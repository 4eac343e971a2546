#include "kernel/avx2/lanes.h"
#include "kernel/avx2/philox.h"
// After the lanes that they are written over.
#include "kernel/generic/lanes_math.inl"
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

const TrainVectorKernels kTrainVectorAvx2 = kTable;

}  // namespace sheepop::kernel
