#include "kernel/avx512/lanes.h"
#include "kernel/avx512/philox.h"
// After the lanes that they are written over.
#include "kernel/generic/lanes_math.inl"
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

const TrainVectorKernels kTrainVectorAvx512 = kTable;

}  // namespace sheepop::kernel
