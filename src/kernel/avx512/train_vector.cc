#include "kernel/avx512/lanes.h"
#include "kernel/avx512/philox.h"
#include "kernel/avx512/set.h"
// After the lanes that they are written over.
#include "kernel/generic/lanes_math.inl"
#include "kernel/generic/train_vector.inl"

namespace sheepop::kernel {

constinit const TrainVectorKernels avx512::kTrainVector = kTable;

}  // namespace sheepop::kernel
