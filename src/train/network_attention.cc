#include <algorithm>

#include "train/network_parts.h"

namespace sheepop {

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

void Network::QkvBackward(const Batch& batch, size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const ActivationView dqkv = scratch.Wide(qkv_width_);
  float* dbias = PartialOf(Role::kQueryBias, layer, rows.begin / kRowBlock);
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    float* gradient = Floats(qkv_gradient_) + (rows.begin + first) * qkv_width_;
    for (size_t i = 0; i < count; ++i) {
      RotateRow(batch, layer, rows.begin + first + i, true, gradient + i * qkv_width_);
      if (dbias) k_.vector.add(gradient + i * qkv_width_, qkv_width_, dbias);
    }
    k_.Convert({gradient, qkv_width_, count}, dqkv.From(first), dqkv_.From(rows.begin + first));
  });
  l.query_key_value->Backward(
      dqkv, rows.count, scratch.wide,
      {AheadOf(l.stream_in, rows, c_.hidden), AheadOf(gradient_, rows, c_.hidden), AheadOf(ddown_, rows)});
  NormBackward(Floats(l.stream_in), scratch.wide, Role::kAttentionNorm, Role::kAttentionNormBias, layer, rows);
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

void Network::AttentionOutputBackward(size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const ActivationView dy = scratch.Hidden(c_.hidden);
  BranchGradient(rows, layer * kDropoutSites + kDropAttention, Role::kAttentionOutputBias, layer, dy, dattention_,
                 scratch);
  // Kept as rows: its units could hold rows of two sequences.
  ForEachFewRows(rows.count, [&](size_t first, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      k_.gemm.load(l.attention.row(rows.begin + first + i), c_.query_width(), scratch.row[i]);
    }
    k_.Convert({scratch.row[0], scratch.row_stride, count}, attention_panels_.From(rows.begin + first));
  });
  float* dx = Floats(attention_gradient_) + rows.begin * c_.query_width();
  l.attention_output->Backward(dy, rows.count, dx, {AheadOf(qkv_gradient_, NextBlock(rows), qkv_width_)});
}

// The attention itself, and beside it the weight gradients whose operands are ready: this layer's three and the q, k, v
// of the layer above. Spread evenly through one loop, so that every thread has its part of each, the sequences of the
// rows that it works on before and after.
void Network::AttentionBackward(const Batch& batch, size_t layer) {
  struct Chunk {
    double place;          // 0 to 1
    const Linear* linear;  // null: attention
    const Panels *dy, *x;
    size_t index;
  };
  std::vector<Chunk> chunks;
  const auto add = [&](const Linear* linear, const Panels* dy, const Panels* x, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      chunks.push_back({(static_cast<double>(i) + 0.5) / static_cast<double>(count), linear, dy, x, i});
    }
  };
  const auto add_gradient = [&](const Linear& linear, const Panels& dy, const Panels& x) {
    add(&linear, &dy, &x, linear.gradient_chunks());
  };
  const Layer& l = *layers_[layer];
  add(nullptr, nullptr, nullptr, batch.sequences * c_.kv_heads);
  add_gradient(*l.attention_output, dattention_, attention_panels_);
  add_gradient(*l.gate_and_up, dgate_up_, l.normed_middle);
  add_gradient(*l.down, ddown_, hidden_panels_);
  if (layer + 1 < c_.layers) {
    const Layer& above = *layers_[layer + 1];
    add_gradient(*above.query_key_value, dqkv_, above.normed_in);
  }
  std::ranges::stable_sort(chunks, {}, &Chunk::place);
  const Attention attention(
      k_, {c_.heads, c_.kv_heads, c_.head_dim, batch.length, c_.shapes[layer].window, c_.attention_scale, dropout_});
  const auto gradients_of = [&](size_t sequence) {
    const size_t first = sequence * batch.length;
    return AttentionGradients{Floats(attention_gradient_) + first * c_.query_width(),
                              Floats(qkv_gradient_) + first * qkv_width_};
  };
  const auto add_regions = [&](const Chunk& chunk, Attention::Regions& regions) {
    const size_t sequence = chunk.index / c_.kv_heads;
    if (chunk.linear) {
      regions.push_back(chunk.linear->GradientRegion(chunk.dy->view(), batch.rows(), chunk.index));
    } else {
      attention.AddBackwardRegions(AttentionRowsOf(batch, layer, sequence), gradients_of(sequence),
                                   chunk.index % c_.kv_heads, regions);
    }
  };
  pool_.ParallelFor(chunks.size(), [&](size_t i, size_t worker) {
    const Chunk& chunk = chunks[i];
    Attention::Regions next;
    if (i + 1 < chunks.size()) add_regions(chunks[i + 1], next);
    kernel::GemmAhead ahead{next.data(), next.data() + next.size()};
    if (chunk.linear) {
      chunk.linear->Gradient(chunk.dy->view(), chunk.x->view(), batch.rows(), chunk.index, add_, &ahead);
      return;
    }
    const size_t sequence = chunk.index / c_.kv_heads;
    attention.Backward(AttentionRowsOf(batch, layer, sequence), gradients_of(sequence), chunk.index % c_.kv_heads,
                       ScratchOf(worker).attention, &ahead);
  });
}

}  // namespace sheepop
