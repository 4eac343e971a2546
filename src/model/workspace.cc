#include "model/workspace.h"

#include <algorithm>

#include "kernel/select.h"

namespace sheepop {
namespace {

constexpr size_t kAlignment = 64;

size_t Aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

size_t Pairs(size_t tiles) { return (tiles + 1) / 2; }

// Of up and gate in the widest chunk of a call with so many rows.
size_t GateUpFloats(size_t rows, size_t feed_forward, size_t threads) {
  const size_t tiles = (feed_forward + kernel::kTileRows - 1) / kernel::kTileRows;
  const size_t chunks = TileChunks(rows, tiles, threads), most = (Pairs(tiles) + chunks - 1) / chunks;
  return 2 * rows * most * 2 * kernel::kTileRows;
}

}  // namespace

ActivationBuffer::ActivationBuffer(size_t rows, size_t cols) {
  blocks_ = (cols + kernel::kBlockSize - 1) / kernel::kBlockSize;
  stride_ = blocks_ * kernel::kBlockSize;
  const size_t floats = Aligned(rows * stride_ * sizeof(float));
  memory_ = HugeBuffer(floats + rows * blocks_ * sizeof(kernel::QuantisedBlock));
  quantised_ = reinterpret_cast<kernel::QuantisedBlock*>(memory_.data() + floats);
}

void ActivationBuffer::QuantiseFrom(const kernel::MatMulKernels& kernels, const float* x, size_t r, size_t begin,
                                    size_t count) {
  const size_t first = begin / kernel::kBlockSize, blocks = (count + kernel::kBlockSize - 1) / kernel::kBlockSize;
  kernels.quantise(x, blocks, quantised_ + r * blocks_ + first);
}

void ActivationBuffer::CopyRow(ActivationBuffer& from, size_t r, size_t to, bool blocks) {
  if (blocks) {
    std::copy_n(from.quantised_ + r * blocks_, blocks_, quantised_ + to * blocks_);
  } else {
    std::copy_n(from.row(r), stride_, row(to));
  }
}

size_t TileChunks(size_t rows, size_t tiles, size_t threads) {
  const size_t pairs = Pairs(tiles);
  if (rows <= kSplitRows) return std::min(pairs, 2 * threads);
  const size_t step = std::max<size_t>(1, tiles / (16 * threads));
  return (pairs + step - 1) / step;
}

kernel::TileRange ChunkOfTiles(size_t chunk, size_t chunks, size_t tiles) {
  const size_t pairs = Pairs(tiles);
  return {pairs * chunk / chunks * 2, std::min(tiles, pairs * (chunk + 1) / chunks * 2)};
}

size_t HeadsPerPass(const ModelConfig& config, size_t layer) {
  if (config.latent.rank == 0) return config.heads / config.KvHeads(layer);
  size_t most = 8;
  while (config.heads % most != 0) --most;
  return most;
}

Workspace::Workspace(const ModelConfig& config, size_t rows, size_t logit_rows, size_t threads, size_t context)
    : rows_(rows), logit_rows_(logit_rows) {
  stream_ = ActivationBuffer(rows, config.hidden);
  normed_ = ActivationBuffer(rows, config.hidden);
  branch_ = ActivationBuffer(rows, config.hidden);
  const size_t head_dim = config.MostHeadDim(), queries = config.heads * head_dim;
  size_t keys = 0, feed_forward = config.experts.shared_feed_forward;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    keys = std::max(keys, config.KvWidth(layer));
    feed_forward = std::max(feed_forward, config.FeedForward(layer));
  }
  queries_ = ActivationBuffer(rows, queries);
  keys_ = ActivationBuffer(rows, keys);
  values_ = ActivationBuffer(rows, keys);
  attention_ = ActivationBuffer(rows, queries);
  if (config.attention_gate) gated_queries_ = ActivationBuffer(rows, 2 * queries);
  if (config.latent.rank > 0) AddLatent(config);
  AddRecurrent(config);
  if (config.layer_input > 0) {
    layer_inputs_ = ActivationBuffer(rows, config.layers * config.layer_input);
    layer_input_ = ActivationBuffer(rows, config.layer_input);
  }
  if (config.experts.beside) dense_ = ActivationBuffer(rows, config.hidden);
  hidden_ = ActivationBuffer(rows, feed_forward);
  gate_up_floats_ = std::max(GateUpFloats(rows, feed_forward, threads),
                             GateUpFloats(std::min(rows, kSplitRows), feed_forward, threads));
  if (std::ranges::any_of(config.shapes, &LayerShape::experts)) AddExperts(config.experts, config.hidden, threads);
  gate_up_ = HugeBuffer(threads * gate_up_floats_ * sizeof(float));
  for (const RopeConfig& rope : config.ropes) frequencies_.push_back(Frequencies(rope));
  pairs_ = head_dim / 2;
  cosines_ = HugeBuffer(config.ropes.size() * rows * pairs_ * sizeof(float));
  sines_ = HugeBuffer(config.ropes.size() * rows * pairs_ * sizeof(float));
  segments_ = (context + kernel::kSegment - 1) / kernel::kSegment;
  partials_ = HugeBuffer(std::min(rows, kSplitRows) * config.heads * segments_ * kernel::PartialFloats(head_dim) *
                         sizeof(float));
  head_input_ = ActivationBuffer(logit_rows, config.hidden);
  head_blocks_ = HugeBuffer(logit_rows * head_input_.stride() / kernel::kBlockSize * sizeof(kernel::WideBlock));
  logits_ = HugeBuffer(logit_rows * config.vocab * sizeof(float));
  maxima_ = HugeBuffer(logit_rows * kernel::SelectGroups(config.vocab) * sizeof(float));
  scratch_bytes_ = kernel::kMatMulScratch;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    kernel::AttentionShape shape{};
    shape.heads_per_kv = HeadsPerPass(config, layer);
    shape.kv_heads = config.heads / shape.heads_per_kv;
    shape.head_dim = config.HeadDim(layer);
    scratch_bytes_ = std::max(scratch_bytes_, kernel::AttentionScratch(shape));
  }
  scratch_bytes_ = Aligned(scratch_bytes_);
  scratch_ = HugeBuffer(threads * scratch_bytes_);
}

void Workspace::AddLatent(const ModelConfig& config) {
  const LatentConfig& latent = config.latent;
  if (latent.query_rank > 0) low_queries_ = ActivationBuffer(rows_, latent.query_rank);
  head_queries_ = ActivationBuffer(rows_, config.heads * latent.query());
  head_inputs_ = ActivationBuffer(rows_, config.heads * WholeBlocks(std::max(latent.content, latent.rank)));
  head_values_ = ActivationBuffer(rows_, config.heads * latent.value);
}

void Workspace::AddRecurrent(const ModelConfig& config) {
  if (config.AttentionLayers(config.layers) == config.layers) return;
  const DeltaNetConfig& delta = config.delta_net;
  mixed_ = ActivationBuffer(rows_, delta.value_heads > 0 ? delta.channels() : 3 * config.hidden);
  recurrent_ = ActivationBuffer(rows_, delta.value_heads > 0 ? delta.values() : config.hidden);
  if (delta.value_heads == 0) return;
  delta_gate_ = ActivationBuffer(rows_, delta.values());
  delta_rates_ = HugeBuffer(rows_ * 2 * delta.value_heads * sizeof(float));
}

// A chunk of few rows may be a whole expert.
void Workspace::AddExperts(const ExpertConfig& experts, size_t hidden, size_t threads) {
  const size_t chosen = rows_ * experts.used, few = std::min(rows_, kSplitRows);
  router_logits_ = HugeBuffer(rows_ * experts.count * sizeof(float));
  choices_.resize(chosen);
  expert_row_of_.resize(chosen);
  expert_input_ = ActivationBuffer(chosen, hidden);
  expert_hidden_ = ActivationBuffer(chosen, experts.feed_forward);
  expert_output_ = ActivationBuffer(chosen, hidden);
  gate_up_floats_ = std::max({gate_up_floats_, GateUpFloats(rows_, experts.feed_forward, threads),
                              2 * few * (experts.feed_forward + 2 * kernel::kTileRows)});
}

}  // namespace sheepop
