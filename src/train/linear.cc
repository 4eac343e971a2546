#include "train/linear.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::kPanelColumns;
using kernel::kUnitBytes;
using kernel::Units;

constexpr size_t kPackOutputs = 64;      // rows of a weight matrix that one chunk packs
constexpr size_t kGradientOutputs = 48;  // rows of a gradient that one chunk computes: whole tiles of every kernel
constexpr size_t kGradientColumns = 48;  // three panels: with their depth they stay in the second-level cache
constexpr size_t kGradientDepth = 1024;

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

GradientOperands::GradientOperands(const kernel::GemmKernels& gemm, size_t rows, size_t outputs, size_t inputs)
    : gemm_(&gemm),
      units_(Units(gemm.type, rows)),
      outputs_(outputs),
      inputs_(inputs),
      left_(RoundUp(outputs, gemm.left_rows) * units_ * kUnitBytes),
      right_(RoundUp(inputs, kPanelColumns) * units_ * kUnitBytes) {}

void GradientOperands::PackOutputs(const ActivationView& dy, RowRange rows) {
  std::byte* to = left_.data() + Units(gemm_->type, rows.begin) * gemm_->left_rows * kUnitBytes;
  gemm_->pack_left(dy.source(0), rows.count, outputs_, gemm_->left_rows * units_, to);
}

void GradientOperands::PackInputs(const ActivationView& x, size_t first, RowRange rows) {
  std::byte* to = right_.data() + Units(gemm_->type, rows.begin) * kPanelColumns * kUnitBytes;
  gemm_->pack_columns(x.source(first), rows.count, inputs_, kPanelColumns * units_, to);
}

Linear::Linear(const kernel::GemmKernels& gemm, const float* weight, float* gradient, const float* bias, size_t outputs,
               size_t inputs)
    : gemm_(&gemm),
      weight_(weight),
      gradient_(gradient),
      bias_(bias),
      outputs_(outputs),
      inputs_(inputs),
      forward_(RoundUp(outputs, kPanelColumns) * Units(gemm.type, inputs) * kUnitBytes),
      backward_(RoundUp(inputs, kPanelColumns) * Units(gemm.type, outputs) * kUnitBytes) {}

size_t Linear::pack_chunks() const { return (outputs_ + kPackOutputs - 1) / kPackOutputs; }

void Linear::Pack(size_t chunk) {
  const size_t begin = chunk * kPackOutputs, count = std::min(kPackOutputs, outputs_ - begin);
  const size_t in_units = Units(gemm_->type, inputs_), out_units = Units(gemm_->type, outputs_);
  const kernel::GemmSource source = {weight_ + begin * inputs_, kernel::GemmType::kF32, inputs_};
  gemm_->pack_transposed(source, inputs_, count, kPanelColumns * in_units,
                         forward_.data() + begin * in_units * kUnitBytes);
  gemm_->pack_columns(source, count, inputs_, kPanelColumns * out_units,
                      backward_.data() + Units(gemm_->type, begin) * kPanelColumns * kUnitBytes);
}

void Linear::Forward(const ActivationView& x, size_t first, size_t rows, const float* start, float* out) const {
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
  gemm_->multiply(g);
}

void Linear::Backward(const ActivationView& dy, size_t rows, const float* start, float* dx) const {
  Gemm g{};
  g.left = dy.row(0);
  g.depth = g.left_row = Units(gemm_->type, outputs_);
  g.left_step = 1;
  g.right = backward_.data();
  g.right_panel = kPanelColumns * g.depth;
  g.rows = rows;
  g.columns = inputs_;
  g.out = dx;
  g.start = start;
  g.out_stride = g.start_stride = inputs_;
  gemm_->multiply(g);
}

size_t Linear::gradient_chunks() const { return (outputs_ + kGradientOutputs - 1) / kGradientOutputs; }

void Linear::Gradient(const GradientOperands& operands, size_t rows, size_t chunk, bool add) const {
  const size_t begin = chunk * kGradientOutputs, end = std::min(outputs_, begin + kGradientOutputs);
  const size_t units = Units(gemm_->type, rows), step = gemm_->left_rows;
  Gemm g{};
  g.left_row = 1;
  g.left_step = step;
  g.right_panel = kPanelColumns * operands.units_;
  g.out_stride = g.start_stride = inputs_;
  for (size_t unit = 0; unit < units; unit += kGradientDepth) {
    g.depth = std::min(kGradientDepth, units - unit);
    for (size_t column = 0; column < inputs_; column += kGradientColumns) {
      g.columns = std::min(kGradientColumns, inputs_ - column);
      g.right = operands.right_.data() + (column * operands.units_ + unit * kPanelColumns) * kUnitBytes;
      for (size_t output = begin; output < end; output += step) {
        g.left = operands.left_.data() + (output * operands.units_ + unit * step) * kUnitBytes;
        g.rows = std::min(step, end - output);
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
    const auto begin = std::chrono::steady_clock::now();
    pool.ParallelFor(pool.threads() * 4, [&](size_t, size_t worker) {
      const Gemm g{left.data(), kDepth,   1,      right.data(),       kPanelColumns * kDepth,
                   kRows,       kColumns, kDepth, out[worker].data(), kColumns,
                   nullptr,     0,        nullptr};
      for (size_t round = 0; round < kRounds; ++round) gemm.multiply(g);
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto operations = static_cast<double>(2 * kRows * kColumns * kDepth * UnitDepth(gemm.type) * kRounds);
    best = std::max(best, operations * 4 * static_cast<double>(pool.threads()) / seconds * 1e-9);
  }
  return best;
}

}  // namespace sheepop
