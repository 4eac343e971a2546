#include <algorithm>
#include <numeric>

#include "train/network_parts.h"

namespace sheepop {

// Logits of a block of rows to the sum of their losses and, in place, to their gradients; a row without a target has
// none.
double Network::LossBlock(const Batch& batch, RowRange rows, float scale, const Scratch& scratch, double* row_losses) {
  output_->Forward(last_normed_.view(), rows.begin, rows.count, nullptr, scratch.wide);
  double sum = 0;
  for (size_t r = 0; r < rows.count; ++r) {
    const Token target = batch.targets[rows.begin + r];
    float* logits = scratch.wide + r * c_.vocab;
    double loss = 0;
    if (target == kNoTarget) {
      std::fill_n(logits, c_.vocab, 0.0F);
    } else {
      loss = k_.train.cross_entropy(c_.vocab, static_cast<size_t>(target), scale, logits);
    }
    if (row_losses) row_losses[rows.begin + r] = loss;
    sum += loss;
  }
  return sum;
}

double Network::LossForward(const Batch& batch, double* row_losses) {
  std::vector<double> sums((batch.rows() + kRowBlock - 1) / kRowBlock);
  ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch& scratch) {
    sums[rows.begin / kRowBlock] = LossBlock(batch, rows, 0, scratch, row_losses);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// A group of rows at a time: their logits' gradients are held, packed, until the output matrix has had its own.
double Network::LossForwardBackward(const Batch& batch, float scale) {
  std::vector<double> sums((batch.rows() + kRowBlock - 1) / kRowBlock);
  for (size_t group = 0; group < batch.rows(); group += loss_rows_) {
    const size_t count = std::min(loss_rows_, batch.rows() - group);
    ForEachBlock(count, [&](RowRange local, const Scratch& scratch) {
      const RowRange rows{group + local.begin, local.count};
      sums[rows.begin / kRowBlock] = LossBlock(batch, rows, scale, scratch, nullptr);
      const ActivationView dlogits = scratch.Wide(c_.vocab);
      k_.Convert({scratch.wide, c_.vocab, rows.count}, dlogits, dlogits_.From(local.begin));
      output_->Backward(dlogits, rows.count, scratch.hidden);
      std::fill_n(Floats(gradient_) + rows.begin * c_.hidden, rows.count * c_.hidden, 0.0F);
      NormBackward(Floats(last_stream_), scratch.hidden, Role::kOutputNorm, Role::kOutputNormBias, 0, rows);
    });
    pool_.ParallelFor(output_->gradient_chunks(), [&](size_t i, size_t) {
      output_->Gradient(dlogits_.view(), last_normed_panels_.From(group), count, i, add_ || group > 0);
    });
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace sheepop
