#include "kernel/lanes_avx2.h"
#include "kernel/philox_avx2.h"
// After the lanes that they are written over.
#include "kernel/lanes_math.inl"
#include "kernel/train_vector.inl"

namespace sheepop::kernel {

const TrainVectorKernels kTrainVectorAvx2 = kTable;

}  // namespace sheepop::kernel
