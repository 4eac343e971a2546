#include <algorithm>

#include "train/network_parts.h"

namespace sheepop {

// out = stream + dropout(linear(x)) for these rows; x's row `first` is rows.begin.
void Network::AddBranch(const Linear& linear, const ActivationView& x, size_t first, RowRange rows, size_t site,
                        const float* stream, float* out, const Scratch& scratch, Ahead ahead) {
  stream += rows.begin * c_.hidden;
  out += rows.begin * c_.hidden;
  if (dropout_ == 0) {
    linear.Forward(x, first, rows.count, stream, out, ahead);
    return;
  }
  linear.Forward(x, first, rows.count, nullptr, scratch.hidden, ahead);
  for (size_t r = 0; r < rows.count; ++r) {
    float* branch = scratch.hidden + r * c_.hidden;
    DropRow(site, rows.begin + r, branch);
    std::copy_n(stream + r * c_.hidden, c_.hidden, out + r * c_.hidden);
    k_.vector.add(branch, c_.hidden, out + r * c_.hidden);
  }
}

// The gradient of a branch's end: the stream's, through its dropout; rounded to the products' type, its bias summed.
void Network::BranchGradient(RowRange rows, size_t site, Role bias, size_t layer, const ActivationView& dy,
                             const Panels& kept, const Scratch& scratch) {
  float* dbias = PartialOf(bias, layer, rows.begin / kRowBlock);
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    FloatRows gradient{Floats(gradient_) + (rows.begin + first) * c_.hidden, c_.hidden, count};
    if (dropout_ > 0) {
      for (size_t i = 0; i < count; ++i) {
        std::copy_n(gradient.x + i * c_.hidden, c_.hidden, scratch.row[i]);
        DropRow(site, rows.begin + first + i, scratch.row[i]);
      }
      gradient = {scratch.row[0], scratch.row_stride, count};
    }
    for (size_t i = 0; dbias && i < count; ++i) k_.vector.add(gradient.x + i * gradient.stride, c_.hidden, dbias);
    k_.Convert(gradient, dy.From(first), kept.From(rows.begin + first));
  });
}

// gate_up [up width] -> hidden [feed_forward].
void Network::ActivateRow(const float* gate_up, float* hidden) const {
  if (c_.gated) {
    k_.vector.silu_multiply(gate_up, gate_up + c_.feed_forward, c_.feed_forward, hidden);
  } else {
    std::copy_n(gate_up, c_.feed_forward, hidden);
    k_.vector.gelu(c_.feed_forward, hidden);
  }
}

// From what ActivateRow was given and its result's gradient: the result again and the gradient of what it was given.
void Network::ActivateRowBackward(const float* gate_up, const float* dhidden, float* hidden, float* dgate_up) const {
  const size_t n = c_.feed_forward;
  if (c_.gated) {
    k_.train.silu_multiply_backward(gate_up, gate_up + n, dhidden, n, hidden, dgate_up, dgate_up + n);
  } else {
    ActivateRow(gate_up, hidden);
    k_.train.gelu_backward(gate_up, dhidden, n, dgate_up);
  }
}

// From the attention's result to the layer's: both branches' ends and all of the feed-forward.
void Network::FeedForwardForward(size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const size_t site = layer * kDropoutSites;
  AddBranch(*l.attention_output, l.attention.view(), rows.begin, rows, site + kDropAttention, Floats(l.stream_in),
            Floats(l.stream_middle), scratch, {AheadOf(l.normed_middle, rows)});
  const ActivationView normed = scratch.Wide(c_.hidden);
  NormRows(Floats(l.stream_middle), Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer, rows, normed,
           l.normed_middle, scratch);
  l.gate_and_up->Forward(normed, 0, rows.count, nullptr, scratch.wide, {AheadOf(l.gate_up, rows)});
  const ActivationView hidden = scratch.Hidden(c_.feed_forward);
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    const float* gate_up = scratch.wide + first * up_width_;
    k_.Convert({gate_up, up_width_, count}, l.gate_up.view().From(rows.begin + first));
    for (size_t i = 0; i < count; ++i) ActivateRow(gate_up + i * up_width_, scratch.row[i]);
    k_.Convert({scratch.row[0], scratch.row_stride, count}, hidden.From(first));
  });
  const bool last = layer + 1 == c_.layers;
  float* out = Floats(last ? last_stream_ : layers_[layer + 1]->stream_in);
  AddBranch(*l.down, hidden, 0, rows, site + kDropFeedForward, Floats(l.stream_middle), out, scratch,
            {AheadOf(last ? last_normed_panels_ : layers_[layer + 1]->normed_in, rows)});
}

// From the layer's result back to the attention's. Keeps the operands of its three matrices' gradients.
void Network::FeedForwardBackward(size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const size_t block = rows.begin / kRowBlock;
  const ActivationView dy = scratch.Hidden(c_.hidden);
  BranchGradient(rows, layer * kDropoutSites + kDropFeedForward, Role::kDownBias, layer, dy, ddown_, scratch);
  float* dhidden = scratch.hidden;  // [rows, feed_forward]
  l.down->Backward(dy, rows.count, dhidden,
                   {AheadOf(l.gate_up, rows), AheadOf(hidden_panels_, rows), AheadOf(dgate_up_, rows)});

  const ActivationView dgate_up = scratch.Wide(up_width_);
  float* dbias = PartialOf(Role::kUpBias, layer, block);
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    float* const* activated = scratch.row + 1;
    float* const* gradient = scratch.row + 3;
    for (size_t i = 0; i < count; ++i) {
      const size_t r = first + i;
      k_.gemm.load(l.gate_up.row(rows.begin + r), up_width_, scratch.row[0]);
      ActivateRowBackward(scratch.row[0], dhidden + r * c_.feed_forward, activated[i], gradient[i]);
      if (dbias) k_.vector.add(gradient[i], up_width_, dbias);
    }
    k_.Convert({activated[0], scratch.row_stride, count}, hidden_panels_.From(rows.begin + first));
    k_.Convert({gradient[0], scratch.row_stride, count}, dgate_up.From(first), dgate_up_.From(rows.begin + first));
  });
  float* dnormed = scratch.wide;
  l.gate_and_up->Backward(dgate_up, rows.count, dnormed,
                          {AheadOf(l.stream_middle, rows, c_.hidden), AheadOf(gradient_, rows, c_.hidden),
                           AheadOf(dattention_, rows), AheadOf(l.attention, rows), AheadOf(attention_panels_, rows)});
  NormBackward(Floats(l.stream_middle), dnormed, Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer, rows);
  AttentionOutputBackward(layer, rows, scratch);
}

}  // namespace sheepop
