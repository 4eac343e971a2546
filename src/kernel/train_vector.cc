#include "kernel/train_vector.h"

#include "kernel/train_vector_variants.h"

namespace sheepop::kernel {

const TrainVectorKernels& TrainVectorKernelsFor(Isa isa) {
  switch (isa) {
    case Isa::kReference: return kTrainVectorReference;
    case Isa::kAvx2: return kTrainVectorAvx2;
    case Isa::kAvx512: return kTrainVectorAvx512;
  }
  return kTrainVectorReference;
}

}  // namespace sheepop::kernel
