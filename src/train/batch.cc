#include "train/batch.h"

#include <algorithm>

namespace sheepop {

size_t Batch::trained() const { return targets.size() - static_cast<size_t>(std::ranges::count(targets, kNoTarget)); }

Batch Batch::Plain(size_t sequences, size_t length) {
  Batch batch;
  batch.sequences = sequences;
  batch.length = length;
  batch.inputs.assign(batch.rows(), 0);
  batch.targets.assign(batch.rows(), kNoTarget);
  batch.first.assign(batch.rows(), 0);
  batch.positions.resize(batch.rows());
  for (size_t r = 0; r < batch.rows(); ++r) batch.positions[r] = static_cast<uint32_t>(r % length);
  return batch;
}

}  // namespace sheepop
