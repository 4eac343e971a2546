#include "kernel/train_vector.h"

#include <cmath>

#include "base/philox.h"
#include "kernel/train_vector_variants.h"

namespace sheepop::kernel {

const TrainVectorKernels& TrainVectorKernelsFor(Isa isa) {
  switch (isa) {
    case Isa::kReference:
      return kTrainVectorReference;
    case Isa::kAvx2:
      return kTrainVectorAvx2;
    case Isa::kAvx512:
      return kTrainVectorAvx512;
  }
  return kTrainVectorReference;
}

void Dropout(uint64_t key, uint64_t first, float rate, size_t n, float* x) {
  constexpr size_t kDraws = 8;  // of 16 bits, from one block of 128
  const auto threshold = static_cast<uint32_t>(std::lround(rate * 65536.0F));
  const float keep = 1.0F / (1.0F - rate);
  const PhiloxKey philox_key = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  PhiloxCounter bits{};
  for (size_t i = 0; i < n; ++i) {
    const uint64_t block = (first + i) / kDraws, draw = (first + i) % kDraws;
    if (i == 0 || draw == 0) {
      bits = Philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), 0,
                         static_cast<uint32_t>(RandomLane::kTraining)},
                        philox_key);
    }
    const uint32_t value = bits[draw / 2] >> (draw % 2 * 16) & 0xffff;
    x[i] *= value < threshold ? 0.0F : keep;
  }
}

}  // namespace sheepop::kernel
