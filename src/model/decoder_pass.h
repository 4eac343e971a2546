// The steps a layer is written with (layers.cc): each does its work for all rows of the call, shared out over the pool.
// Buffers are the workspace's; a step reads and writes the ones it names.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "kernel/kernels.h"
#include "model/config.h"
#include "model/kv_cache.h"
#include "model/rows.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace sheepop {

class DecoderPass {
 public:
  DecoderPass(const ModelConfig& config, const Weights& weights, Isa isa, std::span<const Row> rows, KvCache& cache,
              Workspace& work, ThreadPool& pool);

  const ModelConfig& config() const { return config_; }

  // Whether no row is left whose result anybody reads.
  bool done() const { return rows_.empty(); }

  // stream = embedding of each row's token (scaled, with learned positions added); layer_inputs = what the layers read of
  // the token itself.
  void Embed();

  // normed = norm(stream), quantised for the products that follow.
  void Norm(Role weight, Role bias, size_t layer);

  // normed = stream, quantised: where branches read the stream as it is.
  void ReadStream();

  // queries, keys, values = products of normed; rotated, stored in the cache; attention = their attention. From the
  // attention of the last layer with keys on, only rows that want logits remain: of the others, keys and values are all
  // that anyone reads.
  void Attend(size_t layer);

  // Where a branch's last product goes: added to the stream (times the residual scale), or set in branch.
  enum class Into { kStream, kBranch };
  void AttentionOutput(size_t layer, Into into);

  // The same of attention over latents: those of normed, turned in part, are stored in the cache; head_values = each head's
  // values of what its query makes of them.
  void AttendLatent(size_t layer);
  void LatentOutput(size_t layer, Into into);

  // recurrent = the gated short convolution of normed, over the positions before and their own.
  void Convolve(size_t layer);
  void ConvolutionOutput(size_t layer, Into into);

  // recurrent = what a gated delta net reads of its state for each row, normed and gated.
  void DeltaNet(size_t layer);
  void DeltaNetOutput(size_t layer, Into into);

  // hidden = act(gate(normed)) * up(normed) or act(up(normed)), then the down product. Where the layer has a mixture of
  // experts: the same of each expert that a row chose, weighted and added up in the order of the choice; or, where they
  // stand beside the feed-forward, the sum of both results, each normed. Then `into` is the branch.
  void FeedForward(size_t layer, Into into);

  // stream += norm of what the layer reads of the token itself, gated by the stream; then the layer's number multiplies
  // the stream. Either where the model has it.
  void AddLayerInput(size_t layer);
  void ScaleStream(size_t layer);

  // stream += residual scale * branch.
  void AddBranch();

  // stream += norm(branch).
  void AddNormedBranch(Role weight, size_t layer);

  LogitRows Logits();

 private:
  // A run of consecutive rows of one sequence.
  struct Run {
    SequenceId sequence;
    size_t first_row, rows, first_position;
    std::vector<KvCache::Capture> captures = {};
  };
  struct Product {
    const Matrix* weight;
    const float* bias;  // may be null
    kernel::MatMulOutput out;
  };

  // A feed-forward network of this model; a gate and biases may be missing.
  struct Network {
    const Matrix *gate, *up, *down;
    const float *gate_bias, *up_bias, *down_bias;
  };
  // The rows that chose one expert: [first, first + rows) of the workspace's expert buffers.
  struct ExpertRows {
    Network network;
    size_t first, rows;
    kernel::MatMulInput input;
  };

  void AppendRows();
  void Rotations();
  void Multiply(std::span<const Product> products, const kernel::MatMulInput& input);
  void AddScaled(const Product& product, const kernel::MatMulInput& input, kernel::TileRange tiles, size_t worker);
  void MultiplyChunk(const Product& product, const kernel::MatMulInput& input, kernel::TileRange tiles, size_t worker);
  void NormRow(const float* x, Role weight, Role bias, size_t layer, float* out) const;
  kernel::AttentionShape ShapeOf(size_t layer) const;
  void ProjectHeads(size_t layer);
  void Store(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t row, const float* key,
             const float* value);
  void RotateAndStore(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t layer, size_t row);
  void NormHeads(const float* weight, size_t heads, size_t dim, float* x) const;
  void NormQueryAndKey(size_t layer, float* query, float* key) const;
  void Rotate(size_t layer, size_t row, float* query, float* key) const;
  float Temperature(size_t position) const;
  void KeepWantedRows(size_t layer);
  void MoveRow(size_t layer, size_t from, size_t to);
  void AttendRows(const kernel::AttentionShape& shape, const kernel::KvLayer& kv);
  void AttendRuns(const kernel::AttentionShape& shape, const kernel::KvLayer& kv);
  void AttendSplit(const kernel::AttentionShape& shape, const kernel::KvLayer& kv);
  static bool HeadsAreBlocks(const kernel::AttentionShape& shape);
  void SplitQueries(size_t layer, size_t row);
  void FinishHead(const kernel::AttentionShape& shape, size_t row, size_t kv_head);
  void HeadChunk(size_t first_output, size_t rows, size_t worker);
  kernel::WideBlock* HeadBlocks(size_t row) const;
  kernel::MatMulOutput BranchOutput(Into into);
  void FinishBranch(Into into);
  Network DenseNetwork(size_t layer) const;
  Network SharedNetwork(size_t layer) const;
  Network ExpertNetwork(size_t layer, size_t expert) const;
  void Dense(const Network& network, const kernel::MatMulOutput& out);
  void GatedChunk(const Network& network, const kernel::MatMulInput& input, ActivationBuffer& hidden, size_t first_row,
                  kernel::TileRange tiles, size_t worker);
  void Activate(const float* gate, const float* up, size_t count, float* out) const;

  void StoreLatents(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t layer);
  void LatentQueries(size_t layer);
  void Turn(size_t layer, size_t row, size_t heads, size_t stride, float* x) const;
  void HeadInput(size_t row, const float* heads, size_t stride, size_t count);
  void MultiplyHeads(Role role, size_t layer, ActivationBuffer& out, size_t stride);

  void DeltaInputs(size_t layer);
  void DeltaConvolveRun(size_t layer, const Run& run, size_t channel, size_t count);
  void NormDeltaKeys(size_t row);
  void DeltaHeadRun(size_t layer, const Run& run, size_t head);
  void ConvolveRun(size_t layer, const Run& run, size_t channel, size_t count);
  void Capture(const Run& run, size_t rows, size_t offset, size_t count);

  void ReadLayerInputs();

  void Experts(size_t layer, Into into);
  void FeedForwardBesideExperts(size_t layer);
  void MixExperts(size_t layer);
  void RouteRows(size_t layer);
  std::vector<ExpertRows> GroupByExpert(size_t layer);
  template <typename Body>
  void ForEachExpertTile(std::span<const ExpertRows> groups, size_t tiles, const Body& body);
  void AddExperts(float* out, size_t stride);
  void AddShared(size_t layer);

  template <typename Body>
  void ForEachRow(size_t rows, const Body& body);
  std::span<std::byte> Scratch(size_t worker) const;

  const ModelConfig& config_;
  const Weights& weights_;
  const kernel::Kernels& kernels_;
  std::span<const Row> rows_;
  KvCache& cache_;
  Workspace& work_;
  ThreadPool& pool_;
  std::vector<Run> runs_;
  std::vector<size_t> positions_;  // [rows]
  std::vector<Row> wanted_;        // what rows_ shows after KeepWantedRows
};

// What is done a row takes less than a microsecond, so that some are handed out together; a single one is done by the
// caller at once.
template <typename Body>
void DecoderPass::ForEachRow(size_t rows, const Body& body) {
  const size_t step = std::clamp<size_t>((rows + 2 * pool_.threads() - 1) / (2 * pool_.threads()), 1, 8);
  pool_.ParallelFor((rows + step - 1) / step, [&](size_t chunk, size_t) {
    for (size_t r = chunk * step; r < std::min(rows, (chunk + 1) * step); ++r) body(r);
  });
}

}  // namespace sheepop
