#include <algorithm>
#include <cstring>

#include "train/network_parts.h"

namespace sheepop {

float* Network::PartialOf(Role role, size_t layer, size_t block) {
  if (!parameters_.Has(role, layer)) return nullptr;
  const size_t begin = parameters_.vectors_begin();
  return Floats(partials_) + block * (parameters_.size() - begin) + parameters_.offset(role, layer) - begin;
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

void Network::ReducePartials(size_t blocks) {
  constexpr size_t kColumns = 1024;
  const size_t begin = parameters_.vectors_begin(), count = parameters_.size() - begin;
  float* gradients = parameters_.gradients().data() + begin;
  pool_.ParallelFor((count + kColumns - 1) / kColumns, [&](size_t chunk, size_t) {
    const size_t at = chunk * kColumns, width = std::min(kColumns, count - at);
    for (size_t block = 0; block < blocks; ++block) {
      k_.vector.add(Floats(partials_) + block * count + at, width, gradients + at);
    }
  });
}

}  // namespace sheepop
