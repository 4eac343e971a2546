// Causal self-attention of whole sequences, forward and backward, one key head of one sequence a call. Probabilities
// exist only for a strip of rows at a time: the backward pass computes them again from the saved sums (after Dao et
// al., arXiv:2205.14135, who save their logarithm). Products take operands in the type of the model's products and add
// in fp32; everything else is fp32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/train_kernels.h"

namespace sheepop {

struct AttentionShape {
  size_t heads, kv_heads, head_dim;
  size_t length;  // positions of a sequence
  size_t window;  // 0: all earlier positions; else the last `window`, a row's own included
  float scale;    // multiplies q . k
  float dropout;  // of probabilities

  size_t query_width() const { return heads * head_dim; }
  size_t width() const { return (heads + 2 * kv_heads) * head_dim; }  // of q, k and v side by side
};

// One sequence.
struct AttentionRows {
  const float* qkv;           // [length, shape.width()]: queries, keys, values; rotated already
  const uint32_t* first;      // [length], ascending: the first position that each row may see, its document's beginning
  kernel::SoftmaxSums* sums;  // [length, heads]: written forward, read backward
  ActivationView out;         // [length, query_width]: written forward, read backward
  uint64_t dropout_key;       // a key of its own for each sequence
};

struct AttentionGradients {
  const float* dout;  // [length, query_width]
  float* dqkv;        // [length, shape.width()], written whole by the calls for every key head
};

class Attention {
 public:
  Attention(const TrainKernels& kernels, const AttentionShape& shape) : k_(kernels), s_(shape) {}

  size_t scratch_floats() const;  // private to a thread, 64-byte aligned

  // `ahead` is asked for by the way; null: nothing is.
  void Forward(const AttentionRows& rows, size_t kv_head, float* scratch, kernel::GemmAhead* ahead = nullptr) const;
  void Backward(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head, float* scratch,
                kernel::GemmAhead* ahead = nullptr) const;

  // What those calls read and write in `rows` and `gradients`, to be asked for before.
  using Regions = std::vector<kernel::GemmRegion>;
  void AddForwardRegions(const AttentionRows& rows, size_t kv_head, Regions& regions) const;
  void AddBackwardRegions(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head,
                          Regions& regions) const;

 private:
  struct Strip;
  struct Panels;
  struct Rows;
  struct Output {
    float* data;
    size_t stride;
  };

  Strip StripAt(const AttentionRows& rows, size_t begin) const;
  Panels Split(float* scratch) const;
  void AddRegions(const float* qkv, size_t kv_head, Regions& regions) const;
  void LayAcross(const float* x, float* across) const;
  void LayDown(const float* x, float* down) const;
  ActivationView Copy(float* copy, size_t width) const;
  PanelsView Down(float* panels, size_t width, size_t rows) const;
  Rows RowsIn(const Strip& strip, const float* x, size_t stride, float* copy, float* down) const;
  Rows Weights(const Strip& strip, const float* x, const float* copy) const;
  void Scores(const Strip& strip, const Rows& left, const float* panels, float* out, kernel::GemmAhead* ahead) const;
  void Combine(const Strip& strip, const Rows& weights, const float* positions, Output out,
               kernel::GemmAhead* ahead) const;
  kernel::Visible VisibleTo(const AttentionRows& rows, const Strip& strip, size_t r) const;
  void DropProbabilities(const AttentionRows& rows, const Strip& strip, size_t head, size_t r, float* p) const;
  void ForwardStrip(const AttentionRows& rows, const Strip& strip, size_t head, const Panels& panels,
                    kernel::GemmAhead* ahead) const;
  void RowsBackward(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip, size_t head,
                    RowRange of, const Panels& panels) const;
  void BackwardStrip(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip, size_t head,
                     const Panels& panels, kernel::GemmAhead* ahead) const;
  void AddOuter(const Strip& strip, bool first_head, const float* weights, const float* values, float* out,
                kernel::GemmAhead* ahead) const;

  size_t units(size_t depth) const { return kernel::Units(k_.gemm.type, depth); }
  bool copies() const { return k_.gemm.type != kernel::GemmType::kF32; }  // of rows that are left operands
  size_t padded_length() const { return (s_.length + 15) / 16 * 16; }
  size_t padded_dim() const { return (s_.head_dim + 15) / 16 * 16; }

  TrainKernels k_;
  AttentionShape s_;
};

}  // namespace sheepop
