// The buffers of one forward pass. Made once for a number of rows, reused by every call; one caller at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "base/huge_buffer.h"
#include "kernel/attention.h"
#include "kernel/matmul.h"
#include "kernel/matmul_wide.h"
#include "model/config.h"
#include "model/router.h"

namespace sheepop {

// Rows of activations and their quantised form, as the products read them.
class ActivationBuffer {
 public:
  ActivationBuffer() = default;
  ActivationBuffer(size_t rows, size_t cols);

  float* row(size_t r) { return values() + r * stride_; }
  float* values() { return reinterpret_cast<float*>(memory_.data()); }
  size_t stride() const { return stride_; }  // whole blocks: the padding beyond the columns is zero
  kernel::MatMulInput Input(size_t rows) { return Input(0, rows); }
  kernel::MatMulInput Input(size_t first, size_t rows) {
    return {row(first), stride_, quantised_ + first * blocks_, blocks_, rows};
  }
  // The same of the columns from `column` on, the first of a block.
  kernel::MatMulInput Columns(size_t column, size_t rows) {
    return {values() + column, stride_, quantised_ + column / kernel::kBlockSize, blocks_, rows};
  }
  // Row `to` becomes row `r` of another buffer of the same width: its blocks, or its values where those are read.
  void CopyRow(ActivationBuffer& from, size_t r, size_t to, bool blocks);

  // Quantises row r from its values, or its columns [begin, begin + count) alone: `begin` is the first of a block, and
  // the block that holds the last is quantised to its end.
  void Quantise(const kernel::MatMulKernels& kernels, size_t r) { Quantise(kernels, r, 0, stride_); }
  void Quantise(const kernel::MatMulKernels& kernels, size_t r, size_t begin, size_t count) {
    QuantiseFrom(kernels, row(r) + begin, r, begin, count);
  }
  // The same from values that stand elsewhere: x[0] is column `begin`, whole blocks are read.
  void QuantiseFrom(const kernel::MatMulKernels& kernels, const float* x, size_t r, size_t begin, size_t count);

 private:
  HugeBuffer memory_;
  size_t stride_ = 0, blocks_ = 0;
  kernel::QuantisedBlock* quantised_ = nullptr;  // [rows, blocks]
};

// Up to this many rows of a call share out a long context over threads by segments; with more rows there is enough to
// share without.
inline constexpr size_t kSplitRows = 8;

// How many chunks the tiles of a product are shared out in. With few rows the weights come from memory, and long runs
// of them come faster: two chunks a thread still let one help the other. With many rows at least eight chunks a thread,
// so that a slow or interrupted thread holds up little.
size_t TileChunks(size_t rows, size_t tiles, size_t threads);

// The tiles of one chunk; always pairs of tiles, so that the outputs of a chunk are whole blocks.
kernel::TileRange ChunkOfTiles(size_t chunk, size_t chunks, size_t tiles);

// Outputs of the output projection that a thread computes at a time: whole groups of 64.
inline constexpr size_t kHeadOutputs = 512;

// `columns` rounded up to whole blocks.
inline size_t WholeBlocks(size_t columns) {
  return (columns + kernel::kBlockSize - 1) / kernel::kBlockSize * kernel::kBlockSize;
}

// Query heads that share a pass over keys and values: those of a key head, or of latents, which all heads share, a few, so
// that the threads have something each.
size_t HeadsPerPass(const ModelConfig& config, size_t layer);

class Workspace {
 public:
  // `rows`: the most rows of one call; `logit_rows`: the most that want logits. Throws kLimit when memory is short.
  Workspace(const ModelConfig& config, size_t rows, size_t logit_rows, size_t threads, size_t context);

  size_t rows() const { return rows_; }
  size_t logit_rows() const { return logit_rows_; }

 private:
  friend class DecoderPass;

  void AddLatent(const ModelConfig& config);
  void AddRecurrent(const ModelConfig& config);
  void AddExperts(const ExpertConfig& experts, size_t hidden, size_t threads);

  size_t rows_, logit_rows_;
  ActivationBuffer stream_;  // [rows, hidden] the residual stream
  ActivationBuffer normed_;  // [rows, hidden] what the products of a branch read
  ActivationBuffer branch_;  // [rows, hidden] a branch's result before its own norm
  // As wide as the widest layer needs them:
  ActivationBuffer queries_;        // [rows, heads * head_dim]
  ActivationBuffer keys_;           // [rows, kv_heads * head_dim]
  ActivationBuffer values_;         // [rows, kv_heads * head_dim]
  ActivationBuffer attention_;      // [rows, heads * head_dim]
  ActivationBuffer gated_queries_;  // [rows, heads, 2, head_dim] queries, each with the gate of its head's result
  ActivationBuffer low_queries_;    // [rows, query_rank] what queries are made of, where they have a rank
  ActivationBuffer head_queries_;   // [rows, heads, content + rotary] queries before they are those of latents
  ActivationBuffer head_inputs_;    // [rows, heads, content or rank in whole blocks] what the heads' matrices read
  ActivationBuffer head_values_;    // [rows, heads, value]
  ActivationBuffer mixed_;          // [rows, 3 * hidden] what a short convolution reads; [rows, channels] a delta net
  ActivationBuffer delta_gate_;     // [rows, values]
  HugeBuffer delta_rates_;          // [rows, 2, value heads] beta and alpha
  ActivationBuffer recurrent_;      // [rows, hidden] or [rows, values] the result of a recurrent layer's heads
  ActivationBuffer hidden_;  // [rows, feed_forward] the activated product; its values where no weights are quantised
  ActivationBuffer layer_inputs_;      // [rows, layers * layer_input] what each layer reads of the row's token
  ActivationBuffer layer_input_;       // [rows, layer_input] the same behind a layer's gate
  ActivationBuffer dense_;             // [rows, hidden] the feed-forward's result beside experts
  HugeBuffer router_logits_;           // [rows, experts]
  std::vector<ExpertChoice> choices_;  // [rows, used]
  std::vector<size_t> expert_row_of_;  // [rows, used] where the row's part stands in the buffers of experts
  ActivationBuffer expert_input_;      // [rows * used, hidden] rows of normed_, those of one expert together
  ActivationBuffer expert_hidden_;     // [rows * used, feed_forward of an expert]
  ActivationBuffer expert_output_;     // [rows * used, hidden]
  HugeBuffer gate_up_;  // [threads, gate_up_floats_] a thread's own part of up, then of gate: [rows, width]
  size_t gate_up_floats_;
  std::vector<std::vector<double>> frequencies_;  // [ropes][pairs of it], radians a position
  size_t pairs_;                                  // of the largest heads
  HugeBuffer cosines_, sines_;                    // [ropes, rows, pairs_]
  HugeBuffer partials_;          // [min(rows, kSplitRows), kv_heads, segments_, heads_per_kv, PartialFloats]
  ActivationBuffer head_input_;  // [logit_rows, hidden]
  HugeBuffer head_blocks_;       // [logit_rows, blocks of hidden] WideBlock: the same in 16 bits
  HugeBuffer logits_;            // [logit_rows, vocab]
  HugeBuffer maxima_;            // [logit_rows, ceil(vocab / 64)]
  HugeBuffer scratch_;           // [threads, scratch_bytes_]
  size_t scratch_bytes_;
  size_t segments_;  // of the longest context
};

}  // namespace sheepop
