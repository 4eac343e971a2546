// A linear layer y = x W^T + b in training: its three products over packed operands, each for a block of rows or
// outputs, so that a thread goes on with what it has just computed.
#pragma once

#include <cstddef>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "train/train_kernels.h"

namespace sheepop {

// Both operands of dW = dy^T x for all rows of a batch, packed block by block of kRowBlock rows.
inline constexpr size_t kRowBlock = 64;

struct RowRange {
  size_t begin, count;
};

class GradientOperands {
 public:
  GradientOperands() = default;
  GradientOperands(const kernel::GemmKernels& gemm, size_t rows, size_t outputs, size_t inputs);

  // dy [count, outputs] and x [count, inputs] of these rows; `begin` is a multiple of kRowBlock.
  void PackOutputs(const ActivationView& dy, RowRange rows);              // dy's row 0 is rows.begin
  void PackInputs(const ActivationView& x, size_t first, RowRange rows);  // x's row `first` is rows.begin

  size_t bytes() const { return left_.size() + right_.size(); }

 private:
  friend class Linear;
  const kernel::GemmKernels* gemm_ = nullptr;
  size_t units_ = 0, outputs_ = 0, inputs_ = 0;
  HugeBuffer left_;   // [outputs / left_rows, units, left_rows]
  HugeBuffer right_;  // [inputs / 16, units, 16]
};

class Linear {
 public:
  // `weight` and `gradient` [outputs, inputs] belong to a ParameterStore; bias [outputs] or null.
  Linear(const kernel::GemmKernels& gemm, const float* weight, float* gradient, const float* bias, size_t outputs,
         size_t inputs);

  size_t outputs() const { return outputs_; }
  size_t inputs() const { return inputs_; }
  size_t bytes() const { return forward_.size() + backward_.size(); }

  // Packs the weights as they now are. Chunks of the work: Pack(i) for i in [0, pack_chunks()).
  size_t pack_chunks() const;
  void Pack(size_t chunk);

  // out [rows, outputs] = start + bias + x W^T. start [rows, outputs] may be null or out.
  void Forward(const ActivationView& x, size_t first, size_t rows, const float* start, float* out) const;

  // dx [rows, inputs] = start + dy W; dy's row 0 is the first.
  void Backward(const ActivationView& dy, size_t rows, const float* start, float* dx) const;

  // gradient = dy^T x, or += with `add`, for the outputs of one chunk, i in [0, gradient_chunks()), over the first
  // `rows` rows packed.
  size_t gradient_chunks() const;
  void Gradient(const GradientOperands& operands, size_t rows, size_t chunk, bool add) const;

 private:
  const kernel::GemmKernels* gemm_;
  const float* weight_;
  float* gradient_;
  const float* bias_;
  size_t outputs_, inputs_;
  HugeBuffer forward_;   // [outputs / 16, units of inputs, 16]
  HugeBuffer backward_;  // [inputs / 16, units of outputs, 16]
};

// GFLOP/s of the products on all threads, with operands that stay in the first cache; takes about a tenth of a second.
// The limit that a run's own figure is a share of.
double PeakGflops(const kernel::GemmKernels& gemm, ThreadPool& pool);

}  // namespace sheepop
