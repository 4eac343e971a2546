#include "model/decoder_pass.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "base/error.h"
#include "kernel/packed.h"
#include "tensor/pack.h"

namespace sheepop {
namespace {

using kernel::kTileRows;
using kernel::TileRange;

// Rows of a prompt that one thread attends to at a time: what shares one pass over keys and values, but few enough that
// the threads finish together.
size_t RowsAtOnce(size_t heads_per_kv) { return std::clamp<size_t>(96 / heads_per_kv, 8, 48); }

// Some tiles of a matrix as a matrix.
kernel::PackedView Tiles(const kernel::PackedView& w, TileRange tiles) {
  const size_t rows = std::min(w.rows, tiles.end * kTileRows) - tiles.begin * kTileRows;
  return {w.type, rows, w.cols, w.data + tiles.begin * kernel::TileBytes(w.type, w.cols)};
}

// Whether any is beyond +-65504, NaN included.
bool BeyondHalf(const float* x, size_t size) {
  uint32_t beyond = 0;
  for (size_t i = 0; i < size; ++i) {
    constexpr uint32_t kMagnitude = 0x7FFFFFFF, kMaxHalf = 0x477FE000;
    beyond |= static_cast<uint32_t>((std::bit_cast<uint32_t>(x[i]) & kMagnitude) > kMaxHalf);
  }
  return beyond != 0;
}

}  // namespace

DecoderPass::DecoderPass(const ModelConfig& config, const Weights& weights, Isa isa, std::span<const Row> rows,
                         KvCache& cache, Workspace& work, ThreadPool& pool)
    : config_(config),
      weights_(weights),
      kernels_(kernel::KernelsFor(isa)),
      rows_(rows),
      cache_(cache),
      work_(work),
      pool_(pool) {
  AppendRows();
  Rotations();
}

void DecoderPass::AppendRows() {
  const auto finish = [&] {
    if (!runs_.empty()) runs_.back().captures = cache_.Captures(runs_.back().sequence, runs_.back().rows);
  };
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (runs_.empty() || runs_.back().sequence != rows_[r].sequence) {
      finish();
      runs_.push_back({rows_[r].sequence, r, 0, cache_.size(rows_[r].sequence)});
    }
    ++runs_.back().rows;
    positions_.push_back(cache_.Append(rows_[r].sequence, rows_[r].token));
  }
  finish();
}

// Cosines and sines of every row, once a call: they are the same in each layer.
void DecoderPass::Rotations() {
  const size_t ropes = config_.ropes.size();
  auto* cosines = reinterpret_cast<float*>(work_.cosines_.data());
  auto* sines = reinterpret_cast<float*>(work_.sines_.data());
  ForEachRow(rows_.size(), [&](size_t r) {
    for (size_t i = 0; i < ropes; ++i) {
      const std::vector<double>& frequencies = work_.frequencies_[i];
      const size_t at = (i * work_.rows_ + r) * work_.pairs_;
      kernel::RopeAngles(static_cast<double>(positions_[r]), frequencies.data(), frequencies.size(),
                         config_.ropes[i].factor, cosines + at, sines + at);
    }
  });
}

std::span<std::byte> DecoderPass::Scratch(size_t worker) const {
  return work_.scratch_.bytes().subspan(worker * work_.scratch_bytes_, work_.scratch_bytes_);
}

void DecoderPass::Embed() {
  const kernel::PackedView& table = weights_.matrix(Role::kTokenEmbedding);
  ForEachRow(rows_.size(), [&](size_t r) {
    float* x = work_.stream_.row(r);
    UnpackRow(table, static_cast<size_t>(rows_[r].token), x);
    if (config_.embedding_scale != 1) kernels_.vector.scale(config_.embedding_scale, config_.hidden, x);
    if (config_.learned_positions) {
      float* position = work_.branch_.row(r);
      UnpackRow(weights_.matrix(Role::kPositionEmbedding), positions_[r], position);
      kernels_.vector.add(position, config_.hidden, x);
    }
  });
  if (config_.layer_input > 0) ReadLayerInputs();
}

void DecoderPass::NormRow(const float* x, Role weight, Role bias, size_t layer, float* out) const {
  const float* w = weights_.vector(weight, layer);
  if (config_.norm == NormType::kRms) {
    kernels_.vector.rms_norm(x, w, config_.hidden, config_.norm_epsilon, out);
  } else {
    kernels_.vector.layer_norm(x, w, weights_.vector(bias, layer), config_.hidden, config_.norm_epsilon, out);
  }
}

void DecoderPass::Norm(Role weight, Role bias, size_t layer) {
  ForEachRow(rows_.size(), [&](size_t r) {
    NormRow(work_.stream_.row(r), weight, bias, layer, work_.normed_.row(r));
    work_.normed_.Quantise(kernels_.matmul, r);
  });
}

void DecoderPass::ReadStream() {
  ForEachRow(rows_.size(), [&](size_t r) {
    std::copy_n(work_.stream_.row(r), config_.hidden, work_.normed_.row(r));
    work_.normed_.Quantise(kernels_.matmul, r);
  });
}

// out += scale * product, which no kernel does at once: a tile and some rows at a time.
void DecoderPass::AddScaled(const Product& product, const kernel::MatMulInput& input, TileRange tiles, size_t worker) {
  constexpr size_t kRows = 64;
  alignas(64) std::array<float, kRows * kTileRows> part;
  const Matrix& weight = *product.weight;
  for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const kernel::PackedView one = Tiles(weight, {tile, tile + 1});
    for (size_t row = 0; row < input.rows; row += kRows) {
      kernel::MatMulInput some = input;
      some.rows = std::min(kRows, input.rows - row);
      if (some.values) some.values += row * input.stride;
      if (some.quantised) some.quantised += row * input.quantised_stride;
      kernels_.matmul.multiply(one, some, {0, 1}, {part.data(), kTileRows, false}, Scratch(worker));
      for (size_t r = 0; r < some.rows; ++r) {
        float* const of_row = part.data() + r * kTileRows;
        kernels_.vector.scale(weight.scale, one.rows, of_row);
        kernels_.vector.add(of_row, one.rows, product.out.values + (row + r) * product.out.stride + tile * kTileRows);
      }
    }
  }
}

void DecoderPass::MultiplyChunk(const Product& product, const kernel::MatMulInput& input, TileRange tiles,
                                size_t worker) {
  const float scale = product.weight->scale;
  const size_t begin = tiles.begin * kTileRows, end = std::min(product.weight->rows, tiles.end * kTileRows);
  if (scale != 1 && product.out.add) {
    AddScaled(product, input, tiles, worker);
  } else {
    kernels_.matmul.multiply(*product.weight, input, tiles, product.out, Scratch(worker));
    for (size_t r = 0; scale != 1 && r < input.rows; ++r) {
      kernels_.vector.scale(scale, end - begin, product.out.values + r * product.out.stride + begin);
    }
  }
  if (!product.bias) return;
  for (size_t r = 0; r < input.rows; ++r) {
    kernels_.vector.add(product.bias + begin, end - begin, product.out.values + r * product.out.stride + begin);
  }
}

// The tiles of all products are shared out as one run, so that small products do not make small chunks.
void DecoderPass::Multiply(std::span<const Product> products, const kernel::MatMulInput& input) {
  size_t tiles = 0;
  for (const Product& product : products) tiles += product.weight->tiles();
  const size_t chunks = TileChunks(rows_.size(), tiles, pool_.threads());
  pool_.ParallelFor(chunks, [&](size_t chunk, size_t worker) {
    const TileRange range = ChunkOfTiles(chunk, chunks, tiles);
    size_t first = 0;  // of the product, in the run
    for (const Product& product : products) {
      const size_t end = first + product.weight->tiles();
      const size_t from = std::max(first, range.begin), to = std::min(end, range.end);
      if (from < to) MultiplyChunk(product, input, {from - first, to - first}, worker);
      first = end;
    }
  });
}

void DecoderPass::NormHeads(const float* weight, size_t heads, size_t dim, float* x) const {
  for (size_t h = 0; h < heads; ++h, x += dim) kernels_.vector.rms_norm(x, weight, dim, config_.norm_epsilon, x);
}

// `key` may be null.
void DecoderPass::NormQueryAndKey(size_t layer, float* query, float* key) const {
  const float* of_query = weights_.vector(Role::kQueryNorm, layer);
  const float* of_key = weights_.vector(Role::kKeyNorm, layer);
  if (config_.query_key_norm_whole) {
    kernels_.vector.rms_norm(query, of_query, config_.QueryWidth(layer), config_.norm_epsilon, query);
    if (key) kernels_.vector.rms_norm(key, of_key, config_.KvWidth(layer), config_.norm_epsilon, key);
  } else {
    NormHeads(of_query, config_.heads, config_.HeadDim(layer), query);
    if (key) NormHeads(of_key, config_.KvHeads(layer), config_.HeadDim(layer), key);
  }
}

// `key` may be null.
void DecoderPass::Rotate(size_t layer, size_t row, float* query, float* key) const {
  const size_t index = config_.shapes[layer].rope;
  if (index == kNoRope) return;
  const RopeConfig& rope = config_.ropes[index];
  const size_t at = (index * work_.rows_ + row) * work_.pairs_, pairs = rope.pairs(), dim = config_.HeadDim(layer);
  const float* cosines = reinterpret_cast<const float*>(work_.cosines_.data()) + at;
  const float* sines = reinterpret_cast<const float*>(work_.sines_.data()) + at;
  kernels_.vector.rotate(cosines, sines, pairs, rope.interleaved, config_.heads, dim, query);
  if (key) kernels_.vector.rotate(cosines, sines, pairs, rope.interleaved, config_.KvHeads(layer), dim, key);
}

// In double, by our own logarithm: the same float on every processor.
float DecoderPass::Temperature(size_t position) const {
  const QueryTemperature& temperature = config_.query_temperature;
  const auto turns = static_cast<double>(position / temperature.length);
  return static_cast<float>(1 + static_cast<double>(temperature.scale) * kernel::Log(1 + turns));
}

void DecoderPass::SplitQueries(size_t layer, size_t r) {
  const size_t dim = config_.HeadDim(layer);
  for (size_t h = 0; h < config_.heads; ++h) {
    std::copy_n(work_.gated_queries_.row(r) + 2 * h * dim, dim, work_.queries_.row(r) + h * dim);
  }
}

// Keys and values too, where the layer has its own.
void DecoderPass::RotateAndStore(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t layer,
                                 size_t r) {
  if (config_.attention_gate) SplitQueries(layer, r);
  float* query = work_.queries_.row(r);
  float* key = config_.HasKeys(layer) ? work_.keys_.row(r) : nullptr;
  float* value = work_.values_.row(r);
  const size_t width = config_.KvWidth(layer);
  if (key && config_.shapes[layer].values_are_keys) std::copy_n(key, width, value);
  const bool late = config_.query_key_norm_late;
  if (config_.query_key_norm && !late) NormQueryAndKey(layer, query, key);
  Rotate(layer, r, query, key);
  if (config_.query_key_norm && late) NormQueryAndKey(layer, query, key);
  if (config_.query_temperature.scale != 0) {
    kernels_.vector.scale(Temperature(positions_[r]), config_.QueryWidth(layer), query);
  }
  if (!key) return;
  if (config_.value_norm) NormHeads(nullptr, config_.KvHeads(layer), config_.HeadDim(layer), value);
  Store(shape, kv, r, key, value);
}

// `value` may be null where it is in the key.
void DecoderPass::Store(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t r, const float* key,
                        const float* value) {
  const size_t width = shape.kv_heads * shape.head_dim;
  if (shape.type == kernel::KvType::kF16 && (BeyondHalf(key, width) || (value && BeyondHalf(value, width)))) {
    cache_.NoteClipped();
  }
  const std::span<const uint32_t> blocks = cache_.block_table(rows_[r].sequence);
  kernels_.attention.store(shape, kv, key, value, blocks[positions_[r] / kernel::kKvBlock],
                           positions_[r] % kernel::kKvBlock);
}

kernel::AttentionShape DecoderPass::ShapeOf(size_t layer) const {
  kernel::AttentionShape shape{};
  shape.kv_heads = config_.KvHeads(layer);
  shape.heads_per_kv = config_.heads / shape.kv_heads;
  shape.head_dim = config_.HeadDim(layer);
  shape.scale = config_.attention_scale;
  shape.softcap = config_.attention_softcap;
  shape.window = config_.shapes[layer].window;
  shape.type = cache_.shape().type;
  shape.sinks = weights_.vector(Role::kSinks, layer);
  shape.value_dim = config_.latent.rank;
  return shape;
}

void DecoderPass::ProjectHeads(size_t layer) {
  const auto out = [](ActivationBuffer& buffer) {
    return kernel::MatMulOutput{buffer.values(), buffer.stride(), false};
  };
  const Product products[] = {
      {&weights_.matrix(Role::kQuery, layer), weights_.vector(Role::kQueryBias, layer),
       out(config_.attention_gate ? work_.gated_queries_ : work_.queries_)},
      {&weights_.matrix(Role::kKey, layer), weights_.vector(Role::kKeyBias, layer), out(work_.keys_)},
      {&weights_.matrix(Role::kValue, layer), weights_.vector(Role::kValueBias, layer), out(work_.values_)}};
  const size_t count = !config_.HasKeys(layer) ? 1 : config_.shapes[layer].values_are_keys ? 2 : 3;
  Multiply(std::span(products, count), work_.normed_.Input(rows_.size()));
}

void DecoderPass::Attend(size_t layer) {
  ProjectHeads(layer);
  const kernel::AttentionShape shape = ShapeOf(layer);
  const kernel::KvLayer kv = cache_.Layer(config_.CacheLayer(layer));
  ForEachRow(rows_.size(), [&](size_t r) { RotateAndStore(shape, kv, layer, r); });
  if (layer == config_.LastKeys()) KeepWantedRows(layer);
  AttendRows(shape, kv);
  if (HeadsAreBlocks(shape)) return;
  const size_t width = config_.QueryWidth(layer);
  ForEachRow(rows_.size(), [&](size_t r) {
    float* x = work_.attention_.row(r);
    std::fill(x + width, x + work_.attention_.stride(), 0.0F);  // which a layer of wider heads may have filled
    work_.attention_.Quantise(kernels_.matmul, r, 0, width);
  });
}

void DecoderPass::AttendRows(const kernel::AttentionShape& shape, const kernel::KvLayer& kv) {
  if (rows_.size() <= kSplitRows) {
    AttendSplit(shape, kv);
  } else {
    AttendRuns(shape, kv);
  }
}

// Whether the outputs of one key head are whole blocks: then whoever computes them quantises them.
bool DecoderPass::HeadsAreBlocks(const kernel::AttentionShape& shape) {
  return shape.heads_per_kv * shape.head_dim % kernel::kBlockSize == 0;
}

void DecoderPass::FinishHead(const kernel::AttentionShape& shape, size_t row, size_t kv_head) {
  for (size_t h = kv_head * shape.heads_per_kv; config_.attention_gate && h < (kv_head + 1) * shape.heads_per_kv; ++h) {
    float* result = work_.attention_.row(row) + h * shape.head_dim;
    const float* gate = work_.gated_queries_.row(row) + (2 * h + 1) * shape.head_dim;
    kernels_.vector.sigmoid_multiply(gate, result, shape.head_dim, result);
  }
  if (config_.latent.rank > 0 || !HeadsAreBlocks(shape)) return;  // of latents, its matrix is yet to come
  const size_t width = shape.heads_per_kv * shape.head_dim;
  work_.attention_.Quantise(kernels_.matmul, row, kv_head * width, width);
}

// What is still read of a row behind this layer's keys.
void DecoderPass::MoveRow(size_t layer, size_t from, size_t to) {
  const size_t queries = config_.QueryWidth(layer);
  const bool latent = config_.latent.rank > 0;  // whose queries are yet to be made, of the norm
  std::copy_n(work_.stream_.row(from), config_.hidden, work_.stream_.row(to));
  if (!latent) std::copy_n(work_.queries_.row(from), queries, work_.queries_.row(to));
  if (config_.attention_gate) std::copy_n(work_.gated_queries_.row(from), 2 * queries, work_.gated_queries_.row(to));
  if (latent || config_.parallel_branches) {  // which the feed-forward still reads
    std::copy_n(work_.normed_.row(from), config_.hidden, work_.normed_.row(to));
    work_.normed_.Quantise(kernels_.matmul, to);
  }
  positions_[to] = positions_[from];
  if (layer + 1 == config_.layers && config_.layer_input == 0 && !latent) return;
  if (config_.layer_input > 0) {
    std::copy_n(work_.layer_inputs_.row(from), config_.layers * config_.layer_input, work_.layer_inputs_.row(to));
  }
  for (HugeBuffer* angles : {&work_.cosines_, &work_.sines_}) {
    for (size_t i = 0; i < config_.ropes.size(); ++i) {
      auto* rows = reinterpret_cast<float*>(angles->data()) + i * work_.rows_ * work_.pairs_;
      std::copy_n(rows + from * work_.pairs_, work_.pairs_, rows + to * work_.pairs_);
    }
  }
}

void DecoderPass::KeepWantedRows(size_t layer) {
  runs_.clear();
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (!rows_[r].wants_logits) continue;
    const size_t to = wanted_.size();
    if (to < r) MoveRow(layer, r, to);
    const bool follows =
        !runs_.empty() && runs_.back().sequence == rows_[r].sequence && positions_[to] == positions_[to - 1] + 1;
    if (!follows) runs_.push_back({rows_[r].sequence, to, 0, positions_[to]});
    ++runs_.back().rows;
    wanted_.push_back(rows_[r]);
  }
  positions_.resize(wanted_.size());
  rows_ = wanted_;
}

// Many rows: each unit is one key head and some rows of a run. Late rows cost most and go first.
void DecoderPass::AttendRuns(const kernel::AttentionShape& shape, const kernel::KvLayer& kv) {
  struct Unit {
    const Run* run;
    size_t first, rows;
  };
  std::vector<Unit> units;
  const size_t at_once = RowsAtOnce(shape.heads_per_kv);
  for (const Run& run : runs_) {
    for (size_t first = 0; first < run.rows; first += at_once) {
      units.push_back({&run, first, std::min(at_once, run.rows - first)});
    }
  }
  const kernel::AttentionOutput out{work_.attention_.values(), work_.attention_.stride()};
  pool_.ParallelFor(units.size() * shape.kv_heads, [&](size_t chunk, size_t worker) {
    const Unit& unit = units[units.size() - 1 - chunk / shape.kv_heads];
    const size_t row = unit.run->first_row + unit.first, kv_head = chunk % shape.kv_heads;
    const kernel::AttentionRows rows{work_.queries_.row(row), work_.queries_.stride(), unit.rows,
                                     unit.run->first_position + unit.first,
                                     cache_.block_table(unit.run->sequence).data()};
    kernels_.attention.attend(shape, kv, rows, kv_head, {out.values + row * out.stride, out.stride},
                              Scratch(worker).data());
    for (size_t r = row; r < row + unit.rows; ++r) FinishHead(shape, r, kv_head);
  });
}

// Few rows: the context itself is shared out, segment by segment.
void DecoderPass::AttendSplit(const kernel::AttentionShape& shape, const kernel::KvLayer& kv) {
  struct Unit {
    size_t row, kv_head, segment;
  };
  const size_t partial = shape.heads_per_kv * kernel::PartialFloats(shape.head_dim);
  std::vector<Unit> units;
  for (size_t r = 0; r < rows_.size(); ++r) {
    const kernel::SegmentRange range = kernel::SegmentsOf(shape, positions_[r]);
    for (size_t h = 0; h < shape.kv_heads; ++h) {
      for (size_t s = range.first; s <= range.last; ++s) units.push_back({r, h, s});
    }
  }
  const auto partials_of = [&](size_t row, size_t kv_head) {
    auto* partials = reinterpret_cast<float*>(work_.partials_.data());
    return partials + (row * shape.kv_heads + kv_head) * work_.segments_ * partial;
  };
  const auto merge = [&](size_t row, size_t kv_head, size_t segments) {
    kernels_.attention.merge(shape, partials_of(row, kv_head), segments, kv_head,
                             work_.attention_.row(row) + kv_head * shape.heads_per_kv * shape.head_dim);
    FinishHead(shape, row, kv_head);
  };
  const bool whole = units.size() == rows_.size() * shape.kv_heads;  // every context is one segment
  pool_.ParallelFor(units.size(), [&](size_t i, size_t worker) {
    const Unit& unit = units[i];
    const kernel::AttentionRows row{work_.queries_.row(unit.row), work_.queries_.stride(), 1, positions_[unit.row],
                                    cache_.block_table(rows_[unit.row].sequence).data()};
    const size_t first = kernel::SegmentsOf(shape, positions_[unit.row]).first;
    kernels_.attention.attend_segment(shape, kv, row, unit.kv_head, unit.segment,
                                      partials_of(unit.row, unit.kv_head) + (unit.segment - first) * partial,
                                      Scratch(worker).data());
    if (whole) merge(unit.row, unit.kv_head, 1);
  });
  if (whole) return;
  pool_.ParallelFor(rows_.size() * shape.kv_heads, [&](size_t i, size_t) {
    const size_t row = i / shape.kv_heads;
    const kernel::SegmentRange range = kernel::SegmentsOf(shape, positions_[row]);
    merge(row, i % shape.kv_heads, range.last - range.first + 1);
  });
}

// Where the last product of a branch goes: straight into the stream, unless its result is yet to be scaled.
kernel::MatMulOutput DecoderPass::BranchOutput(Into into) {
  const bool direct = into == Into::kStream && config_.residual_scale == 1;
  ActivationBuffer& target = direct ? work_.stream_ : work_.branch_;
  return {target.values(), target.stride(), direct};
}

void DecoderPass::FinishBranch(Into into) {
  if (into == Into::kStream && config_.residual_scale != 1) AddBranch();
}

void DecoderPass::AttentionOutput(size_t layer, Into into) {
  const Product product{&weights_.matrix(Role::kAttentionOutput, layer),
                        weights_.vector(Role::kAttentionOutputBias, layer), BranchOutput(into)};
  Multiply({&product, 1}, work_.attention_.Input(rows_.size()));
  FinishBranch(into);
}

DecoderPass::Network DecoderPass::DenseNetwork(size_t layer) const {
  const Matrix& gate = weights_.matrix(Role::kGate, layer);
  return {gate.data ? &gate : nullptr,           &weights_.matrix(Role::kUp, layer),
          &weights_.matrix(Role::kDown, layer),  nullptr,
          weights_.vector(Role::kUpBias, layer), weights_.vector(Role::kDownBias, layer)};
}

void DecoderPass::Activate(const float* gate, const float* up, size_t count, float* out) const {
  switch (config_.activation) {
    case Activation::kSilu: return kernels_.vector.silu_multiply(gate, up, count, out);
    case Activation::kGelu: return kernels_.vector.gelu_multiply(gate, up, count, out);
    case Activation::kClampedSwiglu: return kernels_.vector.clamped_swiglu(gate, up, count, out);
  }
}

// Gate and up of the same outputs, then their activation: in memory of the thread's own, for the next product reads
// nothing of them but the quantised form of the result (or the floats, where its weights are floats).
void DecoderPass::GatedChunk(const Network& network, const kernel::MatMulInput& input, ActivationBuffer& hidden,
                             size_t first_row, TileRange tiles, size_t worker) {
  const size_t begin = tiles.begin * kTileRows, end = std::min(network.up->rows, tiles.end * kTileRows);
  const size_t count = end - begin;
  const size_t width = (count + kernel::kBlockSize - 1) / kernel::kBlockSize * kernel::kBlockSize;
  auto* up = reinterpret_cast<float*>(work_.gate_up_.data()) + worker * work_.gate_up_floats_;
  float* gate = up + input.rows * width;
  const auto multiply = [&](const Matrix& weight, float* out) {
    const kernel::PackedView part = Tiles(weight, tiles);
    kernels_.matmul.multiply(part, input, {0, part.tiles()}, {out, width, false}, Scratch(worker));
    for (size_t r = 0; weight.scale != 1 && r < input.rows; ++r) {
      kernels_.vector.scale(weight.scale, count, out + r * width);
    }
  };
  multiply(*network.up, up);
  if (network.gate) multiply(*network.gate, gate);
  const bool quantised = kernel::IsQuantised(network.down->type);
  for (size_t r = 0; r < input.rows; ++r, up += width, gate += width) {
    float* y = quantised ? up : hidden.row(first_row + r) + begin;
    if (network.up_bias) kernels_.vector.add(network.up_bias + begin, count, up);
    if (network.gate_bias) kernels_.vector.add(network.gate_bias + begin, count, gate);
    if (network.gate) {
      Activate(gate, up, count, y);
    } else {
      if (!quantised) std::copy_n(up, count, y);
      kernels_.vector.gelu(count, y);
    }
    std::fill(y + count, y + width, 0.0F);  // what pads the last block weighs nothing
    if (!quantised) continue;
    hidden.QuantiseFrom(kernels_.matmul, y, first_row + r, begin, count);
  }
}

// A network that every row goes through.
void DecoderPass::Dense(const Network& network, const kernel::MatMulOutput& out) {
  const size_t tiles = network.up->tiles();
  const size_t chunks = TileChunks(rows_.size(), tiles, pool_.threads());
  const kernel::MatMulInput input = work_.normed_.Input(rows_.size());
  pool_.ParallelFor(chunks, [&](size_t chunk, size_t worker) {
    GatedChunk(network, input, work_.hidden_, 0, ChunkOfTiles(chunk, chunks, tiles), worker);
  });
  const Product product{network.down, network.down_bias, out};
  Multiply({&product, 1}, work_.hidden_.Input(rows_.size()));
}

void DecoderPass::FeedForward(size_t layer, Into into) {
  if (config_.shapes[layer].experts) {
    return config_.experts.beside ? FeedForwardBesideExperts(layer) : Experts(layer, into);
  }
  Dense(DenseNetwork(layer), BranchOutput(into));
  FinishBranch(into);
}

void DecoderPass::AddBranch() {
  ForEachRow(rows_.size(), [&](size_t r) {
    float* branch = work_.branch_.row(r);
    if (config_.residual_scale != 1) kernels_.vector.scale(config_.residual_scale, config_.hidden, branch);
    kernels_.vector.add(branch, config_.hidden, work_.stream_.row(r));
  });
}

void DecoderPass::AddNormedBranch(Role weight, size_t layer) {
  ForEachRow(rows_.size(), [&](size_t r) {
    float* branch = work_.branch_.row(r);
    kernels_.vector.rms_norm(branch, weights_.vector(weight, layer), config_.hidden, config_.norm_epsilon, branch);
    kernels_.vector.add(branch, config_.hidden, work_.stream_.row(r));
  });
}

// Logits of kHeadOutputs ids from `first_output` on, with their group maxima.
void DecoderPass::HeadChunk(size_t first_output, size_t rows, size_t worker) {
  const Matrix& output = weights_.output();
  const size_t count = std::min(kHeadOutputs, config_.vocab - first_output);
  const size_t first_tile = first_output / kTileRows;
  const kernel::PackedView part = Tiles(output, {first_tile, first_tile + (count + kTileRows - 1) / kTileRows});
  auto* logits = reinterpret_cast<float*>(work_.logits_.data()) + first_output;
  if (kernel::IsQuantised(output.type)) {
    kernels_.wide_matmul.multiply(part, {HeadBlocks(0), part.blocks(), rows}, {0, part.tiles()}, logits, config_.vocab);
  } else {
    kernels_.matmul.multiply(part, work_.head_input_.Input(rows), {0, part.tiles()}, {logits, config_.vocab, false},
                             Scratch(worker));
  }
  const size_t groups = kernel::SelectGroups(config_.vocab);
  auto* maxima = reinterpret_cast<float*>(work_.maxima_.data()) + first_output / kernel::kSelectGroup;
  for (size_t r = 0; r < rows; ++r, logits += config_.vocab, maxima += groups) {
    if (output.scale != 1) kernels_.vector.scale(output.scale, count, logits);
    if (config_.logit_scale != 1) kernels_.vector.scale(config_.logit_scale, count, logits);
    if (config_.final_softcap > 0) kernels_.vector.softcap(config_.final_softcap, count, logits);
    kernels_.select.group_maxima(logits, count, maxima);
  }
}

kernel::WideBlock* DecoderPass::HeadBlocks(size_t row) const {
  auto* blocks = reinterpret_cast<kernel::WideBlock*>(work_.head_blocks_.data());
  return blocks + row * weights_.output().blocks();
}

LogitRows DecoderPass::Logits() {
  const kernel::PackedView& output = weights_.output();
  std::vector<size_t> wanting;
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (rows_[r].wants_logits) wanting.push_back(r);
  }
  const size_t wanted = wanting.size();
  ForEachRow(wanted, [&](size_t i) {
    float* x = work_.head_input_.row(i);
    NormRow(work_.stream_.row(wanting[i]), Role::kOutputNorm, Role::kOutputNormBias, 0, x);
    if (kernel::IsQuantised(output.type)) kernels_.wide_matmul.quantise(x, output.blocks(), HeadBlocks(i));
  });
  if (wanted > 0) {
    pool_.ParallelFor((config_.vocab + kHeadOutputs - 1) / kHeadOutputs,
                      [&](size_t chunk, size_t worker) { HeadChunk(chunk * kHeadOutputs, wanted, worker); });
  }
  return {wanted,
          config_.vocab,
          reinterpret_cast<const float*>(work_.logits_.data()),
          reinterpret_cast<const float*>(work_.maxima_.data()),
          {work_.head_input_.values(), config_.hidden, work_.head_input_.stride()}};
}

}  // namespace sheepop
