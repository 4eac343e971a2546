#include "train/muon.h"

#include <algorithm>
#include <cmath>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::GemmType;
using kernel::kPanelColumns;

constexpr size_t kLine = 64;
constexpr size_t kBlock = 48;  // rows of a symmetric product that are computed up to the same column
constexpr size_t kTile = 16;   // of a transposition

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

size_t LeftBytes(GemmType type, size_t small, size_t large) {
  return RoundUp(ActivationView::Bytes(type, small, large), kLine);
}

size_t RightBytes(GemmType type, size_t small, size_t large) {
  return RoundUp(std::max(RoundUp(small, kPanelColumns) * kernel::Units(type, large),
                          RoundUp(large, kPanelColumns) * kernel::Units(type, small)) *
                     kernel::kUnitBytes,
                 kLine);
}

size_t FloatBytes(size_t count) { return RoundUp(count * sizeof(float), kLine); }

// The matrix under work lies with its shorter side down: x and y [small, large], a and b [small, small].
class Orthogonaliser {
 public:
  Orthogonaliser(const TrainKernels& kernels, size_t small, size_t large, std::byte* scratch)
      : k_(kernels), small_(small), large_(large) {
    const auto take = [&](size_t bytes) {
      std::byte* at = scratch;
      scratch += bytes;
      return at;
    };
    x_ = reinterpret_cast<float*>(take(FloatBytes(small * large)));
    y_ = reinterpret_cast<float*>(take(FloatBytes(small * large)));
    a_ = reinterpret_cast<float*>(take(FloatBytes(small * small)));
    b_ = reinterpret_cast<float*>(take(FloatBytes(small * small)));
    left_ = take(LeftBytes(k_.gemm.type, small, large));
    right_ = take(RightBytes(k_.gemm.type, small, large));
  }

  float* matrix() { return x_; }

  // x = a x + (b X X^T + c (X X^T)^2) x, five times, with the coefficients of the post.
  void Run() {
    constexpr float kA = 3.4445F, kB = -4.7750F, kC = 2.0315F;
    const auto norm = static_cast<float>(std::sqrt(k_.train.sum_of_squares(x_, small_ * large_)));
    k_.vector.scale(1 / (norm + 1e-7F), small_ * large_, x_);
    for (int round = 0; round < 5; ++round) {
      PackTransposed();
      MultiplySymmetric(x_, large_, a_);
      PackRight(a_, small_);
      MultiplySymmetric(a_, small_, b_);
      for (size_t i = 0; i < small_ * small_; ++i) b_[i] = kB * a_[i] + kC * b_[i];
      for (size_t i = 0; i < small_; ++i) b_[i * small_ + i] += kA;
      PackRight(x_, large_);
      Multiply(StoreLeft(b_, small_), 0, small_, large_, y_);
      std::swap(x_, y_);
    }
  }

 private:
  // The right operand of the products that follow: X^T [large, small].
  void PackTransposed() {
    k_.gemm.pack_transposed(x_, large_, large_, small_, kPanelColumns * kernel::Units(k_.gemm.type, large_), right_);
  }

  // The same: right [small, columns].
  void PackRight(const float* right, size_t columns) {
    k_.Convert({right, columns, small_},
               PanelsView{right_, k_.gemm.type, columns, kPanelColumns * kernel::Units(k_.gemm.type, small_)});
  }

  ActivationView StoreLeft(const float* rows, size_t depth) const {
    const ActivationView view{left_, k_.gemm.type, depth};
    k_.Convert({rows, depth, small_}, view);
    return view;
  }

  // out [begin to end, stride], its first `columns`, = left * right. `stride` is the width of the whole product.
  void Multiply(const ActivationView& left, size_t begin, size_t end, size_t columns, float* out) const {
    Gemm g{};
    g.left = left.row(begin);
    g.depth = kernel::Units(left.type, left.width);
    g.left_row = g.depth;
    g.left_step = 1;
    g.right = right_;
    g.right_panel = kPanelColumns * g.depth;
    g.rows = end - begin;
    g.columns = columns;
    g.out_stride = g.start_stride = out == y_ ? large_ : small_;
    g.out = out + begin * g.out_stride;
    k_.gemm.multiply(g);
  }

  // out [small, small] = left [small, depth] * right, known to be symmetric: only the lower half is computed.
  void MultiplySymmetric(const float* left, size_t depth, float* out) const {
    const ActivationView view = StoreLeft(left, depth);
    for (size_t begin = 0; begin < small_; begin += kBlock) {
      const size_t end = std::min(begin + kBlock, small_);
      Multiply(view, begin, end, end, out);
      for (size_t r = begin; r < end; ++r) {
        for (size_t c = 0; c < r; ++c) out[c * small_ + r] = out[r * small_ + c];
      }
    }
  }

  const TrainKernels& k_;
  size_t small_, large_;
  float *x_, *y_, *a_, *b_;
  std::byte *left_, *right_;
};

// Calls visit(i, j) for each place i of a [rows, columns] matrix and its place j in the matrix that lies with its
// shorter side down.
template <class Visit>
void ForEachPlace(size_t rows, size_t columns, Visit visit) {
  if (rows <= columns) {
    for (size_t i = 0; i < rows * columns; ++i) visit(i, i);
    return;
  }
  for (size_t r0 = 0; r0 < rows; r0 += kTile) {
    for (size_t c0 = 0; c0 < columns; c0 += kTile) {
      for (size_t r = r0; r < std::min(r0 + kTile, rows); ++r) {
        for (size_t c = c0; c < std::min(c0 + kTile, columns); ++c) visit(r * columns + c, c * rows + r);
      }
    }
  }
}

}  // namespace

size_t MuonScratchBytes(const TrainKernels& kernels, size_t rows, size_t columns) {
  const size_t small = std::min(rows, columns), large = std::max(rows, columns);
  return 2 * FloatBytes(small * large) + 2 * FloatBytes(small * small) + LeftBytes(kernels.gemm.type, small, large) +
         RightBytes(kernels.gemm.type, small, large);
}

void MuonUpdate(const MuonStep& step, const TrainKernels& kernels, const float* gradient, float* weight,
                float* momentum, std::byte* scratch) {
  const size_t rows = step.rows, columns = step.columns;
  Orthogonaliser work(kernels, std::min(rows, columns), std::max(rows, columns), scratch);
  ForEachPlace(rows, columns, [&, x = work.matrix()](size_t i, size_t j) {
    const float g = gradient[i] * step.gradient_scale;
    momentum[i] = step.momentum * momentum[i] + g;
    x[j] = g + step.momentum * momentum[i];
  });
  work.Run();
  const float size = std::sqrt(std::max(1.0F, static_cast<float>(rows) / static_cast<float>(columns)));
  const float keep = 1 - step.learning_rate * step.decay, rate = -step.learning_rate * size;
  ForEachPlace(rows, columns,
               [&, x = work.matrix()](size_t i, size_t j) { weight[i] = keep * weight[i] + rate * x[j]; });
}

}  // namespace sheepop
