#include "kernel/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernel/lanes_reference.h"

namespace sheepop::kernel {
namespace {

struct Shape {
  size_t rows, columns, depth;
};

std::vector<float> Random(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(generator);
  return x;
}

enum class Right { kColumns, kTransposed };
enum class Left { kRowMajor, kPacked };

struct Case {
  Shape shape;
  Right right;
  Left left;
  bool start, bias;
};

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

std::vector<float> Transpose(const std::vector<float>& x, size_t rows, size_t columns) {
  std::vector<float> out(x.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = x[r * columns + c];
  }
  return out;
}

// Row-major [rows, depth] with even rows, in the kernel's element type.
std::vector<uint32_t> Elements(GemmType type, const std::vector<float>& x, size_t rows, size_t columns, size_t stride) {
  std::vector<uint32_t> out(rows * stride + 1);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      const float value = x[r * columns + c];
      if (type == GemmType::kBf16) {
        reinterpret_cast<uint16_t*>(out.data())[r * stride + c] = reference::FloatToBf16(value);
      } else {
        reinterpret_cast<float*>(out.data())[r * stride + c] = value;
      }
    }
  }
  return out;
}

std::vector<float> Run(const GemmKernels& kernels, const Case& c, const std::vector<float>& left /* [rows, depth] */,
                       const std::vector<float>& right /* [columns, depth] */, const std::vector<float>& start,
                       const std::vector<float>& bias) {
  const auto [rows, columns, depth] = c.shape;
  const size_t units = Units(kernels.type, depth), per_unit = UnitDepth(kernels.type);
  std::vector<uint32_t> panels(RoundUp(columns, kPanelColumns) * units, 0xffffffff);
  if (c.right == Right::kTransposed) {
    kernels.pack_transposed({right.data(), GemmType::kF32, depth}, depth, columns, kPanelColumns * units,
                            panels.data());
  } else {
    const std::vector<uint32_t> source =
        Elements(kernels.type, Transpose(right, columns, depth), depth, columns, columns);
    kernels.pack_columns({source.data(), kernels.type, columns}, depth, columns, kPanelColumns * units, panels.data());
  }
  std::vector<float> out = c.start ? start : std::vector<float>(rows * (columns + 3), 7.0F);
  Gemm g{};
  g.right = panels.data();
  g.right_panel = kPanelColumns * units;
  g.columns = columns;
  g.depth = units;
  g.out_stride = g.start_stride = columns + 3;
  g.bias = c.bias ? bias.data() : nullptr;
  if (c.left == Left::kRowMajor) {
    const size_t stride = RoundUp(depth, per_unit) + 2 * per_unit;
    const std::vector<uint32_t> elements = Elements(kernels.type, left, rows, depth, stride);
    g.left = elements.data();
    g.left_row = stride / per_unit;
    g.left_step = 1;
    g.rows = rows;
    g.out = out.data();
    g.start = c.start ? out.data() : nullptr;
    kernels.multiply(g);
    return out;
  }
  const std::vector<uint32_t> source = Elements(kernels.type, Transpose(left, rows, depth), depth, rows, rows);
  const size_t tile = kernels.left_rows * units;
  std::vector<uint32_t> tiles(RoundUp(rows, kernels.left_rows) * units, 0xffffffff);
  kernels.pack_left({source.data(), kernels.type, rows}, depth, rows, tile, tiles.data());
  g.left_row = 1;
  g.left_step = kernels.left_rows;
  for (size_t row = 0; row < rows; row += kernels.left_rows) {
    g.left = tiles.data() + row / kernels.left_rows * tile;
    g.rows = std::min(kernels.left_rows, rows - row);
    g.out = out.data() + row * (columns + 3);
    g.start = c.start ? g.out : nullptr;
    kernels.multiply(g);
  }
  return out;
}

void Check(Isa isa, GemmType type, const Case& c) {
  const GemmKernels* kernels = GemmKernelsFor(isa, type);
  if (!kernels) return;
  const auto [rows, columns, depth] = c.shape;
  SCOPED_TRACE(::testing::Message() << Name(isa) << " bf16 " << (type == GemmType::kBf16) << " rows " << rows
                                    << " columns " << columns << " depth " << depth);
  const std::vector<float> left = Random(rows * depth, 1), right = Random(columns * depth, 2);
  const std::vector<float> start = Random(rows * (columns + 3), 3), bias = Random(columns, 4);
  const std::vector<float> out = Run(*kernels, c, left, right, start, bias);
  const auto element = [&](float x) {
    return type == GemmType::kBf16 ? reference::Bf16ToFloat(reference::FloatToBf16(x)) : x;
  };
  for (size_t r = 0; r < rows; ++r) {
    for (size_t n = 0; n < columns; ++n) {
      float chain = c.start ? start[r * (columns + 3) + n] : 0;
      if (c.bias) chain += bias[n];
      double exact = chain;
      for (size_t k = 0; k < depth; ++k) {
        const float x = element(left[r * depth + k]), y = element(right[n * depth + k]);
        chain = std::fma(x, y, chain);
        exact += static_cast<double>(x) * y;
      }
      const float got = out[r * (columns + 3) + n];
      if (type == GemmType::kF32) {
        ASSERT_EQ(got, chain) << r << " " << n;
      } else {
        ASSERT_NEAR(got, exact, 1e-5 * std::sqrt(static_cast<double>(depth)) * 4) << r << " " << n;
      }
    }
    const float untouched = c.start ? start[r * (columns + 3) + columns] : 7.0F;
    ASSERT_EQ(out[r * (columns + 3) + columns], untouched);
  }
}

TEST(Gemm, EveryOrientationAndShapeIsTheChainOfItsDepth) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      for (size_t rows : {1, 5, 6, 8, 17}) {
        for (size_t columns : {1, 15, 16, 17, 33, 48, 64, 65, 100}) {
          for (size_t depth : {1, 2, 7, 45, 64}) {
            for (Right right : {Right::kColumns, Right::kTransposed}) {
              for (Left left : {Left::kRowMajor, Left::kPacked}) {
                const bool odd = (rows + columns + depth) % 2 == 1;
                Check(isa, type, {{rows, columns, depth}, right, left, odd, columns % 3 == 0});
              }
            }
          }
        }
      }
    }
  }
}

TEST(Gemm, StoresAndLoadsElements) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      const GemmKernels* kernels = GemmKernelsFor(isa, type);
      for (size_t n = 0; kernels && n <= 100; ++n) {
        std::vector<float> x = Random(n, 5);
        const float rare[] = {INFINITY, -INFINITY, 3.4e38F, -3.4e38F, 1.00390625F, 1.01171875F, -0.0F, 1.2e-38F};
        for (size_t i = 0; i < n; i += 3) x[i] = rare[i / 3 % std::size(rare)];
        std::vector<uint32_t> elements(n + 1, 0xabababab);
        kernels->store(x.data(), n, elements.data());
        std::vector<uint32_t> expected = Elements(type, x, 1, n, n);
        const size_t bytes = n * ElementBytes(type);
        ASSERT_EQ(std::memcmp(elements.data(), expected.data(), bytes), 0) << Name(isa) << " " << n;
        EXPECT_EQ(reinterpret_cast<uint8_t*>(elements.data())[bytes], 0xab) << "wrote behind the end";
        std::vector<float> back(n + 1, 7.0F);
        kernels->load(elements.data(), n, back.data());
        EXPECT_EQ(back[n], 7.0F);
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(back[i], type == GemmType::kF32 ? x[i] : reference::Bf16ToFloat(reference::FloatToBf16(x[i])));
        }
        if (n == 0) continue;
        x[n - 1] = NAN;
        kernels->store(x.data(), n, elements.data());
        kernels->load(elements.data(), n, back.data());
        EXPECT_TRUE(std::isnan(back[n - 1]));
      }
    }
  }
}

TEST(Gemm, Bf16PacksFloatsAsTheirRoundedValues) {
  const GemmKernels* kernels = GemmKernelsFor(AvailableIsas().back(), GemmType::kBf16);
  if (!kernels) GTEST_SKIP() << "no bf16 dot products here";
  const std::vector<float> x = Random(5 * 20, 9);
  const std::vector<uint32_t> rounded = Elements(GemmType::kBf16, x, 5, 20, 20);
  std::vector<uint32_t> a(2 * 16 * 3), b(2 * 16 * 3);
  kernels->pack_columns({x.data(), GemmType::kF32, 20}, 5, 20, 48, a.data());
  kernels->pack_columns({rounded.data(), GemmType::kBf16, 20}, 5, 20, 48, b.data());
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace sheepop::kernel
