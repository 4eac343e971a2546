// The transformer in training: forward with kept activations, loss, backward. The same ModelConfig and list of
// parameters as inference; another pass, because it keeps what the backward pass needs.
//
// Work goes by blocks of kRowBlock rows, through everything that lies between two attentions, so that a thread finds
// what it has just computed in its cache. Sums over rows are ordered: every result is the same bits for any number of
// threads.
//
// Memory beside the parameters, in floats a row: about 2 hidden + q, k, v + heads a layer, and in elements of the
// products' type about 2 hidden + query width + the feed-forward's pre-activations a layer; never rows times
// vocabulary.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "model/config.h"
#include "train/attention.h"
#include "train/batch.h"
#include "train/linear.h"
#include "train/parameter_store.h"

namespace sheepop {

struct NetworkOptions {
  Isa isa = AvailableIsas().back();
  kernel::GemmType precision = kernel::GemmType::kF32;  // of products; sums, norms, softmax and loss are fp32
  size_t sequences = 1, length = 1;                     // the largest batch
  float dropout = 0;  // of embeddings, probabilities and branches; Srivastava et al., 2014
};

// Throws kUnsupported, naming it, for what has no backward pass: soft caps, query and key norms, post norms, scaled
// embeddings, a gated GELU.
void RequireTrainable(const ModelConfig& config);

// About what training such a model takes, in bytes: its weights, packed as well, gradients and moments; and what is kept
// of the largest batch.
struct TrainingBytes {
  double model, batch;
};
TrainingBytes TrainingBytesOf(const ModelConfig& config, const NetworkOptions& options);

class Network {
 public:
  // `parameters` stays with the caller and outlives this.
  Network(const ModelConfig& config, ParameterStore& parameters, const NetworkOptions& options, ThreadPool& pool);
  ~Network();

  // To be called whenever the weights have changed: all at once, or range by range of those that matrices are packed
  // from, by any threads at a time.
  void PackWeights();
  const std::vector<ParameterRange>& packed_ranges() const { return packed_ranges_; }  // ascending, none overlaps
  void PackRange(size_t i) const { packed_[i].first->Pack(packed_[i].second); }

  // The sum of the losses of all positions with a target, in nats. The parameters' gradients become `scale` times its
  // gradient, or grow by it. `dropout_key` decides every draw of this pass.
  enum class Gradients { kReplace, kAdd };
  double ForwardBackward(const Batch& batch, float scale, uint64_t dropout_key, Gradients gradients);

  // The sum of the losses alone, without dropout. `row_losses` [rows] may be null.
  double Loss(const Batch& batch, double* row_losses = nullptr);

  // Logits [rows, vocab] of a batch, for tests and sample text: rows times vocabulary, so for small ones.
  std::vector<float> Logits(const Batch& batch);

  size_t bytes() const;  // of activations, packed weights and scratch

 private:
  struct Layer;
  struct Scratch;
  using Ahead = std::initializer_list<kernel::GemmRegion>;

  void AllocateLayers();
  void ListPackedRanges();
  Scratch ScratchOf(size_t worker) const;
  AttentionRows AttentionRowsOf(const Batch& batch, size_t layer, size_t sequence) const;
  uint64_t DropoutKey(size_t site) const;
  void DropRow(size_t site, size_t row, float* x) const;

  void Check(const Batch& batch) const;
  void Forward(const Batch& batch);
  void EmbedRow(const Batch& batch, size_t row);
  void NormRow(const float* x, Role weight, Role bias, size_t layer, float* out) const;
  void NormRows(const float* x, Role weight, Role bias, size_t layer, RowRange rows, const ActivationView& out,
                const Panels& kept, const Scratch& scratch) const;
  void RotateRow(const Batch& batch, size_t layer, size_t row, bool backward, float* qkv) const;
  void QkvForward(const Batch& batch, size_t layer, RowRange rows, const Scratch& scratch);
  void AttentionForward(const Batch& batch, size_t layer);
  void AddBranch(const Linear& linear, const ActivationView& x, size_t first, RowRange rows, size_t site,
                 const float* stream, float* out, const Scratch& scratch, Ahead ahead);
  void FeedForwardForward(size_t layer, RowRange rows, const Scratch& scratch);
  void ActivateRow(const float* gate_up, float* hidden) const;

  double LossForward(const Batch& batch, double* row_losses);
  double LossForwardBackward(const Batch& batch, float scale);
  void ClearOtherGradients();
  double LossBlock(const Batch& batch, RowRange rows, float scale, const Scratch& scratch, double* row_losses);

  void NormBackward(const float* x, const float* dy, Role weight, Role bias, size_t layer, RowRange rows);
  void BranchGradient(RowRange rows, size_t site, Role bias, size_t layer, const ActivationView& dy, const Panels& kept,
                      const Scratch& scratch);
  void FeedForwardBackward(size_t layer, RowRange rows, const Scratch& scratch);
  void ActivateRowBackward(const float* gate_up, const float* dhidden, float* hidden, float* dgate_up) const;
  void AttentionOutputBackward(size_t layer, RowRange rows, const Scratch& scratch);
  void AttentionBackward(const Batch& batch, size_t layer);
  void QkvBackward(const Batch& batch, size_t layer, RowRange rows, const Scratch& scratch);
  void EmbeddingBackward(const Batch& batch);
  float* PartialOf(Role role, size_t layer, size_t block);
  void AddColumns(const float* dy, size_t width, float* sums) const;
  void ReducePartials(size_t blocks);

  template <typename Body>
  void ForEachBlock(size_t rows, const Body& body);
  RowRange NextBlock(RowRange rows) const;

  const ModelConfig& c_;
  ParameterStore& parameters_;
  NetworkOptions options_;
  ThreadPool& pool_;
  TrainKernels k_;
  size_t rows_ = 0, qkv_width_ = 0, up_width_ = 0;

  std::vector<std::unique_ptr<Layer>> layers_;
  std::unique_ptr<Linear> output_;
  std::vector<std::pair<Linear*, size_t>> packed_;  // matrix and chunk of each range
  std::vector<ParameterRange> packed_ranges_;
  Activations last_normed_;  // [rows, hidden]
  Panels last_normed_panels_;
  HugeBuffer last_stream_, gradient_, attention_gradient_,
      qkv_gradient_;      // [rows, hidden], ..., [rows, query], [rows, qkv]
  HugeBuffer rotations_;  // [ropes, length, 3, pairs]: cosines, sines, negated sines
  HugeBuffer partials_;   // [blocks, vector parameters]
  // What the gradients of the matrices are products of, beside what the layers keep; each layer's in its turn.
  Panels dlogits_, dqkv_, dattention_, dgate_up_, ddown_, attention_panels_, hidden_panels_;
  size_t loss_rows_ = 0;  // rows whose gradient of the logits is held at a time
  HugeBuffer scratch_;
  size_t scratch_bytes_ = 0;
  // Of the pass in progress.
  uint64_t dropout_key_ = 0;
  float dropout_ = 0;
  bool add_ = false;  // to the gradients that are there
};

}  // namespace sheepop
