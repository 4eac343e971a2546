#include <algorithm>

#include "train/network_parts.h"

namespace sheepop {

void Network::EmbedRow(const Batch& batch, size_t row) {
  float* x = Floats(layers_[0]->stream_in) + row * c_.hidden;
  const auto token = static_cast<size_t>(batch.inputs[row]);
  std::copy_n(parameters_.weight(Role::kTokenEmbedding) + token * c_.hidden, c_.hidden, x);
  if (c_.learned_positions) {
    k_.vector.add(parameters_.weight(Role::kPositionEmbedding) + batch.positions[row] * c_.hidden, c_.hidden, x);
  }
  DropRow(c_.layers * kDropoutSites, row, x);
}

// Rows of one token are added in their order: threads share out the columns.
void Network::EmbeddingBackward(const Batch& batch) {
  if (dropout_ > 0) {
    ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch&) {
      for (size_t r = rows.begin; r < rows.begin + rows.count; ++r) {
        DropRow(c_.layers * kDropoutSites, r, Floats(gradient_) + r * c_.hidden);
      }
    });
  }
  constexpr size_t kColumns = 32;
  float* tokens = parameters_.gradient(Role::kTokenEmbedding);
  float* positions = parameters_.gradient(Role::kPositionEmbedding);
  pool_.ParallelFor((c_.hidden + kColumns - 1) / kColumns, [&](size_t chunk, size_t) {
    const size_t begin = chunk * kColumns, count = std::min(kColumns, c_.hidden - begin);
    for (size_t r = 0; r < batch.rows(); ++r) {
      const float* gradient = Floats(gradient_) + r * c_.hidden + begin;
      k_.vector.add(gradient, count, tokens + static_cast<size_t>(batch.inputs[r]) * c_.hidden + begin);
      if (positions) k_.vector.add(gradient, count, positions + batch.positions[r] * c_.hidden + begin);
    }
  });
}

}  // namespace sheepop
