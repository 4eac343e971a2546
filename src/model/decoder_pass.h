// The steps a layer is written with (layers.cc): each does its work for all rows of the call, shared out over the pool.
// Buffers are the workspace's; a step reads and writes the ones it names.
#pragma once

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

  // stream = embedding of each row's token (scaled, with learned positions added).
  void Embed();

  // normed = norm(stream), quantised for the products that follow.
  void Norm(Role weight, Role bias, size_t layer);

  // queries, keys, values = products of normed; rotated, stored in the cache; attention = their attention. From the last
  // layer's attention on, only rows that want logits remain: of the others, keys and values are all that anyone reads.
  void Attend(size_t layer);

  // Where a branch's last product goes.
  enum class Into { kStream, kBranch };  // added to the stream, or set in branch
  void AttentionOutput(size_t layer, Into into);

  // hidden = act(gate(normed)) * up(normed) or act(up(normed)), then the down product.
  void FeedForward(size_t layer, Into into);

  // stream += norm(branch).
  void AddNormedBranch(Role weight, size_t layer);

  LogitRows Logits();

 private:
  // A run of consecutive rows of one sequence.
  struct Run {
    SequenceId sequence;
    size_t first_row, rows, first_position;
  };
  struct Product {
    const kernel::PackedView* weight;
    const float* bias;  // may be null
    kernel::MatMulOutput out;
  };

  void AppendRows();
  void Rotations();
  void Multiply(std::span<const Product> products, const kernel::MatMulInput& input);
  void MultiplyChunk(const Product& product, const kernel::MatMulInput& input, kernel::TileRange tiles, size_t worker);
  void NormRow(const float* x, Role weight, Role bias, size_t layer, float* out) const;
  void RotateAndStore(const kernel::AttentionShape& shape, size_t layer, size_t row);
  void NormHeads(const float* weight, size_t heads, float* x) const;
  void KeepWantedRows();
  void AttendRuns(const kernel::AttentionShape& shape, size_t layer);
  void AttendSplit(const kernel::AttentionShape& shape, size_t layer);
  static bool HeadsAreBlocks(const kernel::AttentionShape& shape);
  void QuantiseHead(const kernel::AttentionShape& shape, size_t row, size_t kv_head);
  void FinishBranch(size_t layer, Role weight, Role bias, ActivationBuffer& input, Into into);
  void HeadChunk(size_t first_output, size_t rows, size_t worker);
  kernel::WideBlock* HeadBlocks(size_t row) const;
  void GatedChunk(size_t layer, kernel::TileRange tiles, size_t worker);

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

}  // namespace sheepop
