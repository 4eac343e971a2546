#include <algorithm>
#include <cstring>

#include "train/network_parts.h"

namespace sheepop {

void Network::Forward(const Batch& batch) {
  ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch& scratch) {
    for (size_t r = rows.begin; r < rows.begin + rows.count; ++r) EmbedRow(batch, r);
    QkvForward(batch, 0, rows, scratch);
  });
  for (size_t layer = 0; layer < c_.layers; ++layer) {
    AttentionForward(batch, layer);
    ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch& scratch) {
      FeedForwardForward(layer, rows, scratch);
      if (layer + 1 < c_.layers) {
        QkvForward(batch, layer + 1, rows, scratch);
      } else {
        NormRows(Floats(last_stream_), Role::kOutputNorm, Role::kOutputNormBias, 0, rows,
                 last_normed_.view().From(rows.begin), last_normed_panels_, scratch);
      }
    });
  }
}

void Network::EmbedRow(const Batch& batch, size_t row) {
  float* x = Floats(layers_[0]->stream_in) + row * c_.hidden;
  const auto token = static_cast<size_t>(batch.inputs[row]);
  std::copy_n(parameters_.weight(Role::kTokenEmbedding) + token * c_.hidden, c_.hidden, x);
  if (c_.learned_positions) {
    k_.vector.add(parameters_.weight(Role::kPositionEmbedding) + batch.positions[row] * c_.hidden, c_.hidden, x);
  }
  DropRow(c_.layers * kDropoutSites, row, x);
}

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

// The inverse rotation is the backward one.
void Network::RotateRow(const Batch& batch, size_t layer, size_t row, bool backward, float* qkv) const {
  const size_t index = c_.shapes[layer].rope, pairs = c_.head_dim / 2;
  if (index == kNoRope) return;
  const RopeConfig& rope = c_.ropes[index];
  const float* cosines = Floats(rotations_) + (index * options_.length + batch.positions[row]) * 3 * pairs;
  const float* sines = cosines + (backward ? 2 : 1) * pairs;
  k_.vector.rotate(cosines, sines, rope.pairs(), rope.interleaved, c_.heads + c_.kv_heads, c_.head_dim, qkv);
}

void Network::QkvForward(const Batch& batch, size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const ActivationView normed = scratch.Wide(c_.hidden);
  NormRows(Floats(l.stream_in), Role::kAttentionNorm, Role::kAttentionNormBias, layer, rows, normed, l.normed_in,
           scratch);
  float* qkv = Floats(l.qkv) + rows.begin * qkv_width_;
  // What the layer before begins the next block with.
  const RowRange next = layer > 0 ? NextBlock(rows) : RowRange{0, 0};
  const Layer& before = *layers_[layer > 0 ? layer - 1 : 0];
  l.query_key_value->Forward(normed, 0, rows.count, nullptr, qkv,
                             {AheadOf(before.attention, next), AheadOf(before.stream_in, next, c_.hidden)});
  for (size_t r = 0; r < rows.count; ++r) RotateRow(batch, layer, rows.begin + r, false, qkv + r * qkv_width_);
}

void Network::AttentionForward(const Batch& batch, size_t layer) {
  const Attention attention(
      k_, {c_.heads, c_.kv_heads, c_.head_dim, batch.length, c_.shapes[layer].window, c_.attention_scale, dropout_});
  const size_t chunks = batch.sequences * c_.kv_heads;
  pool_.ParallelFor(chunks, [&](size_t i, size_t worker) {
    Attention::Regions next;
    if (const size_t j = i + 1; j < chunks) {
      attention.AddForwardRegions(AttentionRowsOf(batch, layer, j / c_.kv_heads), j % c_.kv_heads, next);
    }
    kernel::GemmAhead ahead{next.data(), next.data() + next.size()};
    attention.Forward(AttentionRowsOf(batch, layer, i / c_.kv_heads), i % c_.kv_heads, ScratchOf(worker).attention,
                      &ahead);
  });
}

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

// gate_up [up width] -> hidden [feed_forward].
void Network::ActivateRow(const float* gate_up, float* hidden) const {
  if (c_.gated) {
    k_.vector.silu_multiply(gate_up, gate_up + c_.feed_forward, c_.feed_forward, hidden);
  } else {
    std::copy_n(gate_up, c_.feed_forward, hidden);
    k_.vector.gelu(c_.feed_forward, hidden);
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

}  // namespace sheepop
