#include "train/muon.h"

#include <algorithm>
#include <cmath>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::GemmType;
using kernel::kPanelColumns;

size_t RoundUp(size_t n) { return (n + kPanelColumns - 1) / kPanelColumns * kPanelColumns; }

constexpr size_t kBlock = 48;  // rows of a product that one thread takes at a time

// out [rows, columns] = left [rows, depth] * right [depth, columns], `panels` packed from right beforehand.
struct Product {
  const float* left;
  size_t rows, columns, depth;
  const float* panels;
  const float* start;
  float* out;
};

void Multiply(const TrainKernels& k, const Product& p, ThreadPool& pool) {
  pool.ParallelFor((p.rows + kBlock - 1) / kBlock, [&](size_t i, size_t) {
    const size_t begin = i * kBlock;
    Gemm g{};
    g.left = p.left + begin * p.depth;
    g.left_row = g.depth = p.depth;
    g.left_step = 1;
    g.right = p.panels;
    g.right_panel = kPanelColumns * p.depth;
    g.rows = std::min(kBlock, p.rows - begin);
    g.columns = p.columns;
    g.out = p.out + begin * p.columns;
    g.start = p.start ? p.start + begin * p.columns : nullptr;
    g.out_stride = g.start_stride = p.columns;
    k.attention.multiply(g);
  });
}

struct Scratch {
  float *x, *y;   // [short, long]
  float *a, *b;   // [short, short]
  float* panels;  // of either
};

Scratch Split(float* at, size_t small, size_t large) {
  Scratch scratch{};
  scratch.x = at;
  scratch.y = scratch.x + small * large;
  scratch.a = scratch.y + small * large;
  scratch.b = scratch.a + small * small;
  scratch.panels = scratch.b + small * small;
  return scratch;
}

// x = a x + (b X X^T + c (X X^T)^2) x, five times, with the coefficients of the post.
void Orthogonalise(const TrainKernels& k, size_t small, size_t large, const Scratch& s, ThreadPool& pool) {
  constexpr float kA = 3.4445F, kB = -4.7750F, kC = 2.0315F;
  float *x = s.x, *y = s.y;
  const auto norm = static_cast<float>(std::sqrt(k.train.sum_of_squares(x, small * large)));
  k.vector.scale(1 / (norm + 1e-7F), small * large, x);
  for (int round = 0; round < 5; ++round) {
    k.attention.pack_transposed({x, GemmType::kF32, large}, large, small, kPanelColumns * large, s.panels);
    Multiply(k, {x, small, small, large, s.panels, nullptr, s.a}, pool);
    k.attention.pack_columns({s.a, GemmType::kF32, small}, small, small, kPanelColumns * small, s.panels);
    Multiply(k, {s.a, small, small, small, s.panels, nullptr, s.b}, pool);
    for (size_t i = 0; i < small * small; ++i) s.b[i] = kB * s.a[i] + kC * s.b[i];
    for (size_t i = 0; i < small; ++i) s.b[i * small + i] += kA;
    k.attention.pack_columns({x, GemmType::kF32, large}, small, large, kPanelColumns * small, s.panels);
    Multiply(k, {s.b, small, large, small, s.panels, nullptr, y}, pool);
    std::swap(x, y);
  }
  if (x != s.x) std::copy_n(x, small * large, s.x);
}

}  // namespace

size_t MuonScratchFloats(size_t rows, size_t columns) {
  const size_t small = std::min(rows, columns), large = std::max(rows, columns);
  return 2 * small * large + 2 * small * small + RoundUp(large) * RoundUp(large < small ? large : small) +
         kPanelColumns * large;
}

void MuonUpdate(const MuonStep& step, const TrainKernels& k, const float* gradient, float* weight, float* momentum,
                float* scratch, ThreadPool& pool) {
  const size_t rows = step.rows, columns = step.columns, count = rows * columns;
  const bool tall = rows > columns;
  const size_t small = std::min(rows, columns), large = std::max(rows, columns);
  const Scratch s = Split(scratch, small, large);
  for (size_t i = 0; i < count; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    momentum[i] = step.momentum * momentum[i] + g;
    const float direction = g + step.momentum * momentum[i];
    s.x[tall ? i % columns * rows + i / columns : i] = direction;
  }
  Orthogonalise(k, small, large, s, pool);
  const float size = std::sqrt(std::max(1.0F, static_cast<float>(rows) / static_cast<float>(columns)));
  const float keep = 1 - step.learning_rate * step.decay, rate = -step.learning_rate * size;
  for (size_t i = 0; i < count; ++i) {
    weight[i] = keep * weight[i] + rate * s.x[tall ? i % columns * rows + i / columns : i];
  }
}

}  // namespace sheepop
