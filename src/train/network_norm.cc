#include "train/network_parts.h"

namespace sheepop {

void Network::NormRow(const float* x, Role weight, Role bias, size_t layer, float* out) const {
  const float* w = parameters_.weight(weight, layer);
  if (c_.norm == NormType::kRms) {
    k_.vector.rms_norm(x, w, c_.hidden, c_.norm_epsilon, out);
  } else {
    k_.vector.layer_norm(x, w, parameters_.weight(bias, layer), c_.hidden, c_.norm_epsilon, out);
  }
}

// out's row 0 is rows.begin.
void Network::NormRows(const float* x, Role weight, Role bias, size_t layer, RowRange rows, const ActivationView& out,
                       const Panels& kept, const Scratch& scratch) const {
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      NormRow(x + (rows.begin + first + i) * c_.hidden, weight, bias, layer, scratch.row[i]);
    }
    k_.Convert({scratch.row[0], scratch.row_stride, count}, out.From(first), kept.From(rows.begin + first));
  });
}

// gradient_ += the norm's, for these rows.
void Network::NormBackward(const float* x, const float* dy, Role weight, Role bias, size_t layer, RowRange rows) {
  const size_t block = rows.begin / kRowBlock;
  const float* w = parameters_.weight(weight, layer);
  float* dweight = PartialOf(weight, layer, block);
  float* dbias = PartialOf(bias, layer, block);
  for (size_t r = 0; r < rows.count; ++r) {
    const size_t at = (rows.begin + r) * c_.hidden;
    float* dx = Floats(gradient_) + at;
    if (c_.norm == NormType::kRms) {
      k_.train.rms_norm_backward(x + at, w, dy + r * c_.hidden, c_.hidden, c_.norm_epsilon, dx, dweight);
    } else {
      k_.train.layer_norm_backward(x + at, w, dy + r * c_.hidden, c_.hidden, c_.norm_epsilon, dx, dweight, dbias);
    }
  }
}

}  // namespace sheepop
