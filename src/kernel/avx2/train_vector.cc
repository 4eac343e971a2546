#include "kernel/avx2/lanes.h"
#include "kernel/avx2/philox.h"
#include "kernel/avx2/set.h"
// After the lanes that they are written over.
#include "kernel/generic/lanes_math.inl"
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

constinit const TrainVectorKernels avx2::kTrainVector = kTable;

}  // namespace sheepop::kernel
