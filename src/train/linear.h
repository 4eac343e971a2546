// A linear layer y = x W^T + b in training: its three products over packed operands, each for a block of rows or
// outputs, so that a thread goes on with what it has just computed.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "train/train_kernels.h"

namespace sheepop {

// Rows that a thread works on at a time; whole units.
inline constexpr size_t kRowBlock = 64;

class Linear {
 public:
  // `weight` and `gradient` [outputs, inputs] belong to a ParameterStore; bias [outputs] or null.
  Linear(const kernel::GemmKernels& gemm, const float* weight, float* gradient, const float* bias, size_t outputs,
         size_t inputs);

  size_t outputs() const { return outputs_; }
  size_t inputs() const { return inputs_; }
  size_t bytes() const { return forward_.size() + backward_.bytes(); }

  const float* weight() const { return weight_; }

  // Packs the weights as they now are. Chunks of the work: Pack(i) for i in [0, pack_chunks()), each from WeightsOf(i).
  size_t pack_chunks() const;
  std::span<const float> WeightsOf(size_t chunk) const;
  void Pack(size_t chunk);

  // out [rows, outputs] = start + bias + x W^T. start [rows, outputs] may be null or out. `ahead`: brought by the way.
  void Forward(const ActivationView& x, size_t first, size_t rows, const float* start, float* out,
               std::initializer_list<kernel::GemmRegion> ahead = {}) const;

  // dx [rows, inputs] = dy W; dy's row 0 is the first.
  void Backward(const ActivationView& dy, size_t rows, float* dx,
                std::initializer_list<kernel::GemmRegion> ahead = {}) const;

  // gradient = dy^T x, or += with `add`, for the outputs of one chunk, i in [0, gradient_chunks()), over the first
  // `rows` rows. GradientRegion: what that reads of dy.
  size_t gradient_chunks() const;
  kernel::GemmRegion GradientRegion(const PanelsView& dy, size_t rows, size_t chunk) const;
  void Gradient(const PanelsView& dy, const PanelsView& x, size_t rows, size_t chunk, bool add,
                kernel::GemmAhead* ahead = nullptr) const;

 private:
  const kernel::GemmKernels* gemm_;
  const float* weight_;
  float* gradient_;
  const float* bias_;
  size_t outputs_, inputs_;
  HugeBuffer forward_;  // [outputs / 16, units of inputs, 16]
  Panels backward_;     // [inputs / 16, units of outputs, 16]
};

// GFLOP/s of the products on all threads, with operands that stay in the first cache; takes about a tenth of a second.
// The limit that a run's own figure is a share of.
double PeakGflops(const kernel::GemmKernels& gemm, ThreadPool& pool);

}  // namespace sheepop
