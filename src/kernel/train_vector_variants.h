// What the files of the training kernels share; nothing for their users.
#pragma once

#include "kernel/train_vector.h"

namespace sheepop::kernel {

extern const TrainVectorKernels kTrainVectorReference;
extern const TrainVectorKernels kTrainVectorAvx2;
extern const TrainVectorKernels kTrainVectorAvx512;

}  // namespace sheepop::kernel
