// Muon's update against plain loops in double, for matrices that lie, stand, and fill no block.
#include "train/muon.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

using Matrix = std::vector<double>;  // row-major

Matrix Multiply(const Matrix& a, const Matrix& b, size_t rows, size_t depth, size_t columns) {
  Matrix out(rows * columns);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t d = 0; d < depth; ++d) {
      for (size_t c = 0; c < columns; ++c) out[r * columns + c] += a[r * depth + d] * b[d * columns + c];
    }
  }
  return out;
}

Matrix Transposed(const Matrix& a, size_t rows, size_t columns) {
  Matrix out(a.size());
  for (size_t i = 0; i < a.size(); ++i) out[i % columns * rows + i / columns] = a[i];
  return out;
}

// On [rows, columns] as they are; the iteration gives the same from either side.
Matrix Orthogonal(Matrix x, size_t rows, size_t columns) {
  double sum = 0;
  for (double v : x) sum += v * v;
  for (double& v : x) v /= std::sqrt(sum) + 1e-7;
  for (int round = 0; round < 5; ++round) {
    const Matrix a = Multiply(x, Transposed(x, rows, columns), rows, columns, rows);
    const Matrix a2 = Multiply(a, a, rows, rows, rows);
    Matrix b(a.size());
    for (size_t i = 0; i < a.size(); ++i) b[i] = -4.7750 * a[i] + 2.0315 * a2[i] + (i / rows == i % rows ? 3.4445 : 0);
    x = Multiply(b, x, rows, rows, columns);
  }
  return x;
}

void Check(size_t rows, size_t columns, kernel::GemmType type, double tolerance) {
  SCOPED_TRACE(testing::Message() << rows << " x " << columns);
  std::mt19937 random(static_cast<unsigned>(rows * 1000 + columns));
  std::normal_distribution<float> bell;
  std::vector<float> gradient(rows * columns), weight(gradient.size()), momentum(gradient.size());
  for (std::vector<float>* values : {&gradient, &weight, &momentum}) {
    for (float& v : *values) v = bell(random);
  }
  Matrix direction(gradient.size());
  std::vector<double> momentum_after(gradient.size());
  for (size_t i = 0; i < gradient.size(); ++i) {
    momentum_after[i] = 0.9 * momentum[i] + 0.5 * gradient[i];
    direction[i] = 0.5 * gradient[i] + 0.9 * momentum_after[i];
  }
  const Matrix update = Orthogonal(direction, rows, columns);
  const std::vector<float> before = weight;

  const TrainKernels kernels = TrainKernels::For(AvailableIsas().back(), type);
  HugeBuffer scratch(MuonScratchBytes(kernels, rows, columns));
  MuonUpdate({0.1F, 0.9F, 0.2F, 0.5F, rows, columns}, kernels, gradient.data(), weight.data(), momentum.data(),
             scratch.data());

  const double size = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns)));
  for (size_t i = 0; i < gradient.size(); ++i) {
    ASSERT_NEAR(momentum[i], momentum_after[i], 1e-5) << i;
    ASSERT_NEAR(weight[i], before[i] - 0.1 * (size * update[i] + 0.2 * before[i]), 0.1 * size * tolerance) << i;
  }
}

TEST(Muon, UpdateIsThatOfTheFormula) {
  for (const auto& [rows, columns] :
       {std::pair<size_t, size_t>{16, 16}, {17, 70}, {70, 17}, {1, 5}, {5, 1}, {100, 131}}) {
    Check(rows, columns, kernel::GemmType::kF32, 2e-4);
  }
}

TEST(Muon, Bf16ProductsComeClose) {
  if (!kernel::KernelsFor(AvailableIsas().back()).GemmOf(kernel::GemmType::kBf16)) {
    GTEST_SKIP() << "this processor has no bf16 dot products";
  }
  for (const auto& [rows, columns] : {std::pair<size_t, size_t>{16, 48}, {70, 17}, {100, 131}}) {
    Check(rows, columns, kernel::GemmType::kBf16, 0.08);
  }
}

}  // namespace
}  // namespace sheepop
