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
                             const Scratch& scratch) {
  float* dbias = PartialOf(bias, layer, rows.begin / kRowBlock);
  for (size_t r = 0; r < rows.count; ++r) {
    const float* gradient = Floats(gradient_) + (rows.begin + r) * c_.hidden;
    if (dropout_ > 0) {
      std::copy_n(gradient, c_.hidden, scratch.row[0]);
      DropRow(site, rows.begin + r, scratch.row[0]);
      gradient = scratch.row[0];
    }
    if (dbias) k_.vector.add(gradient, c_.hidden, dbias);
    k_.StoreRow(gradient, dy, r);
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

// From the layer's result back to the attention's. Packs the operands of its three matrices' gradients.
void Network::FeedForwardBackward(size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const size_t block = rows.begin / kRowBlock;
  const ActivationView dy = scratch.Hidden(c_.hidden);
  BranchGradient(rows, layer * kDropoutSites + kDropFeedForward, Role::kDownBias, layer, dy, scratch);
  operands_[kOperandsDown].PackOutputs(dy, rows);
  float* dhidden = scratch.hidden;  // [rows, feed_forward]
  l.down->Backward(dy, rows.count, nullptr, dhidden);

  const ActivationView hidden = scratch.Hidden(c_.feed_forward), dgate_up = scratch.Wide(up_width_);
  float* dbias = PartialOf(Role::kUpBias, layer, block);
  for (size_t r = 0; r < rows.count; ++r) {
    float *gate_and_up = scratch.row[0], *activated = scratch.row[1], *gradient = scratch.row[2];
    k_.gemm.load(l.gate_up.row(rows.begin + r), up_width_, gate_and_up);
    ActivateRowBackward(gate_and_up, dhidden + r * c_.feed_forward, activated, gradient);
    k_.StoreRow(activated, hidden, r);
    if (dbias) k_.vector.add(gradient, up_width_, dbias);
    k_.StoreRow(gradient, dgate_up, r);
  }
  operands_[kOperandsDown].PackInputs(hidden, 0, rows);
  operands_[kOperandsUp].PackOutputs(dgate_up, rows);
  operands_[kOperandsUp].PackInputs(l.normed_middle.view(), rows.begin, rows);
  float* dnormed = scratch.wide;
  l.gate_and_up->Backward(dgate_up, rows.count, nullptr, dnormed);
  NormBackward(Floats(l.stream_middle), dnormed, Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer, rows);
  AttentionOutputBackward(layer, rows, scratch);
}

void Network::AttentionOutputBackward(size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const ActivationView dy = scratch.Hidden(c_.hidden);
  BranchGradient(rows, layer * kDropoutSites + kDropAttention, Role::kAttentionOutputBias, layer, dy, scratch);
  operands_[kOperandsAttention].PackOutputs(dy, rows);
  operands_[kOperandsAttention].PackInputs(l.attention.view(), rows.begin, rows);
  l.attention_output->Backward(dy, rows.count, nullptr, Floats(attention_gradient_) + rows.begin * c_.query_width());
}

// The attention itself, and beside it the weight gradients whose operands are ready: this layer's three and the q, k, v
// of the layer above. Spread evenly through one loop, so that every thread has its part of each, the sequences of the
// rows that it works on before and after.
void Network::AttentionBackward(const Batch& batch, size_t layer) {
  struct Chunk {
    double place;          // 0 to 1
    const Linear* linear;  // null: attention
    const GradientOperands* operands;
    size_t index;
  };
  std::vector<Chunk> chunks;
  const auto add = [&](const Linear* linear, const GradientOperands* operands, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      chunks.push_back({(static_cast<double>(i) + 0.5) / static_cast<double>(count), linear, operands, i});
    }
  };
  const auto add_gradient = [&](const Linear& linear, size_t operands) {
    add(&linear, &operands_[operands], linear.gradient_chunks());
  };
  const Layer& l = *layers_[layer];
  add(nullptr, nullptr, batch.sequences * c_.kv_heads);
  add_gradient(*l.attention_output, kOperandsAttention);
  add_gradient(*l.gate_and_up, kOperandsUp);
  add_gradient(*l.down, kOperandsDown);
  if (layer + 1 < c_.layers) add_gradient(*layers_[layer + 1]->query_key_value, kOperandsQkv);
  std::ranges::stable_sort(chunks, {}, &Chunk::place);
  const Attention attention(
      k_, {c_.heads, c_.kv_heads, c_.head_dim, batch.length, c_.layer_window[layer], c_.attention_scale, dropout_});
  pool_.ParallelFor(chunks.size(), [&](size_t i, size_t worker) {
    const Chunk& chunk = chunks[i];
    if (chunk.linear) {
      chunk.linear->Gradient(*chunk.operands, batch.rows(), chunk.index, add_);
      return;
    }
    const size_t sequence = chunk.index / c_.kv_heads, first = sequence * batch.length;
    attention.Backward(
        AttentionRowsOf(batch, layer, sequence),
        {Floats(attention_gradient_) + first * c_.query_width(), Floats(qkv_gradient_) + first * qkv_width_},
        chunk.index % c_.kv_heads, ScratchOf(worker).attention);
  });
}

void Network::QkvBackward(const Batch& batch, size_t layer, RowRange rows, const Scratch& scratch) {
  Layer& l = *layers_[layer];
  const ActivationView dqkv = scratch.Wide(qkv_width_);
  float* dbias = PartialOf(Role::kQueryBias, layer, rows.begin / kRowBlock);
  for (size_t r = 0; r < rows.count; ++r) {
    float* gradient = Floats(qkv_gradient_) + (rows.begin + r) * qkv_width_;
    RotateRow(batch, layer, rows.begin + r, true, gradient);
    if (dbias) k_.vector.add(gradient, qkv_width_, dbias);
    k_.StoreRow(gradient, dqkv, r);
  }
  operands_[kOperandsQkv].PackOutputs(dqkv, rows);
  operands_[kOperandsQkv].PackInputs(l.normed_in.view(), rows.begin, rows);
  l.query_key_value->Backward(dqkv, rows.count, nullptr, scratch.wide);
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
