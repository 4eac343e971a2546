#include "train/linear.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::kPanelColumns;
using kernel::kUnitBytes;
using kernel::Units;

constexpr size_t kPackOutputs = 64;      // rows of a weight matrix that one chunk packs
constexpr size_t kGradientOutputs = 48;  // rows of a gradient that one chunk computes: whole panels
constexpr size_t kGradientColumns = 48;  // three panels: with their depth they stay in the second-level cache

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

Linear::Linear(const kernel::GemmKernels& gemm, const float* weight, float* gradient, const float* bias, size_t outputs,
               size_t inputs)
    : gemm_(&gemm),
      weight_(weight),
      gradient_(gradient),
      bias_(bias),
      outputs_(outputs),
      inputs_(inputs),
      forward_(RoundUp(outputs, kPanelColumns) * Units(gemm.type, inputs) * kUnitBytes),
      backward_(gemm.type, outputs, inputs) {}

size_t Linear::pack_chunks() const { return (outputs_ + kPackOutputs - 1) / kPackOutputs; }

std::span<const float> Linear::WeightsOf(size_t chunk) const {
  const size_t begin = chunk * kPackOutputs, count = std::min(kPackOutputs, outputs_ - begin);
  return {weight_ + begin * inputs_, count * inputs_};
}

void Linear::Pack(size_t chunk) {
  const std::span<const float> weights = WeightsOf(chunk);
  const size_t begin = chunk * kPackOutputs, count = weights.size() / inputs_;
  const size_t in_units = Units(gemm_->type, inputs_);
  gemm_->pack_transposed(weights.data(), inputs_, inputs_, count, kPanelColumns * in_units,
                         forward_.data() + begin * in_units * kUnitBytes);
  const PanelsView to = backward_.From(begin);
  gemm_->convert({weights.data(), inputs_, count, inputs_, nullptr, 0, to.data, to.panel});
}

void Linear::Forward(const ActivationView& x, size_t first, size_t rows, const float* start, float* out,
                     std::initializer_list<kernel::GemmRegion> ahead) const {
  kernel::GemmAhead asked{ahead.begin(), ahead.end()};
  Gemm g{};
  g.left = x.row(first);
  g.depth = g.left_row = Units(gemm_->type, inputs_);
  g.left_step = 1;
  g.right = forward_.data();
  g.right_panel = kPanelColumns * g.depth;
  g.rows = rows;
  g.columns = outputs_;
  g.out = out;
  g.start = start;
  g.out_stride = g.start_stride = outputs_;
  g.bias = bias_;
  g.ahead = &asked;
  gemm_->multiply(g);
}

void Linear::Backward(const ActivationView& dy, size_t rows, float* dx,
                      std::initializer_list<kernel::GemmRegion> ahead) const {
  kernel::GemmAhead asked{ahead.begin(), ahead.end()};
  Gemm g{};
  g.left = dy.row(0);
  g.depth = g.left_row = Units(gemm_->type, outputs_);
  g.left_step = 1;
  g.right = backward_.view().data;
  g.right_panel = backward_.view().panel;
  g.rows = rows;
  g.columns = inputs_;
  g.out = dx;
  g.ahead = &asked;
  g.out_stride = inputs_;
  gemm_->multiply(g);
}

size_t Linear::gradient_chunks() const { return (outputs_ + kGradientOutputs - 1) / kGradientOutputs; }

kernel::GemmRegion Linear::GradientRegion(const PanelsView& dy, size_t rows, size_t chunk) const {
  const size_t begin = chunk * kGradientOutputs, end = std::min(outputs_, begin + kGradientOutputs);
  return {dy.Column(begin), Units(gemm_->type, rows) * kPanelColumns * kUnitBytes,
          (end - begin + kPanelColumns - 1) / kPanelColumns, dy.panel * kUnitBytes};
}

void Linear::Gradient(const PanelsView& dy, const PanelsView& x, size_t rows, size_t chunk, bool add,
                      kernel::GemmAhead* ahead) const {
  const size_t begin = chunk * kGradientOutputs, end = std::min(outputs_, begin + kGradientOutputs);
  const size_t units = Units(gemm_->type, rows);
  Gemm g{};
  g.left_row = 1;
  g.left_step = kPanelColumns;
  g.right_panel = x.panel;
  g.out_stride = g.start_stride = inputs_;
  g.ahead = ahead;
  for (size_t unit = 0; unit < units; unit += gemm_->panel_depth) {
    g.depth = std::min(gemm_->panel_depth, units - unit);
    const size_t offset = unit * kPanelColumns * kUnitBytes;
    for (size_t column = 0; column < inputs_; column += kGradientColumns) {
      g.columns = std::min(kGradientColumns, inputs_ - column);
      g.right = x.Column(column) + offset;
      for (size_t output = begin; output < end; output += kPanelColumns) {
        g.left = dy.Column(output) + offset;
        g.rows = std::min(kPanelColumns, end - output);
        g.out = gradient_ + output * inputs_ + column;
        g.start = add || unit > 0 ? g.out : nullptr;
        gemm_->multiply(g);
      }
    }
  }
}

double PeakGflops(const kernel::GemmKernels& gemm, ThreadPool& pool) {
  constexpr size_t kRows = 24, kColumns = 48, kDepth = 64, kRounds = 400;
  const std::vector<float> left(kRows * kDepth), right(kColumns * kDepth);
  std::vector<std::vector<float>> out(pool.threads(), std::vector<float>(kRows * kColumns));
  double best = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Stopwatch watch;
    pool.ParallelFor(pool.threads() * 4, [&](size_t, size_t worker) {
      const Gemm g{left.data(),
                   kDepth,
                   1,
                   right.data(),
                   kPanelColumns * kDepth,
                   kRows,
                   kColumns,
                   kDepth,
                   out[worker].data(),
                   kColumns,
                   nullptr,
                   0,
                   nullptr,
                   nullptr};
      for (size_t round = 0; round < kRounds; ++round) gemm.multiply(g);
    });
    const double seconds = watch.seconds();
    const auto operations = static_cast<double>(2 * kRows * kColumns * kDepth * UnitDepth(gemm.type) * kRounds);
    best = std::max(best, operations * 4 * static_cast<double>(pool.threads()) / seconds * 1e-9);
  }
  return best;
}

}  // namespace sheepop
