#include "kernel/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/half.h"
#include "kernel/kernels.h"

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
enum class Left { kRows, kPanels };

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
        reinterpret_cast<uint16_t*>(out.data())[r * stride + c] = FloatToBf16(value);
      } else {
        reinterpret_cast<float*>(out.data())[r * stride + c] = value;
      }
    }
  }
  return out;
}

// x [depth, columns] in panels, with space between them that nothing may depend on.
struct Panels {
  Panels(const GemmKernels& kernels, const std::vector<float>& x, size_t depth, size_t columns)
      : panel((Units(kernels.type, depth) + 1) * kPanelColumns),
        units(RoundUp(columns, kPanelColumns) / kPanelColumns * panel, 0xffffffff) {
    kernels.convert({x.data(), columns, depth, columns, nullptr, 0, units.data(), panel});
  }
  size_t panel;
  std::vector<uint32_t> units;
};

std::vector<float> Run(const GemmKernels& kernels, const Case& c, const std::vector<float>& left /* [rows, depth] */,
                       const std::vector<float>& right /* [columns, depth] */, const std::vector<float>& start,
                       const std::vector<float>& bias) {
  const auto [rows, columns, depth] = c.shape;
  const size_t units = Units(kernels.type, depth), per_unit = UnitDepth(kernels.type);
  std::vector<float> out = c.start ? start : std::vector<float>(rows * (columns + 3), 7.0F);
  Gemm g{};
  g.columns = columns;
  g.depth = units;
  g.out_stride = g.start_stride = columns + 3;
  g.bias = c.bias ? bias.data() : nullptr;

  std::vector<uint32_t> transposed(RoundUp(columns, kPanelColumns) * units, 0xffffffff);
  const Panels right_panels(kernels, Transpose(right, columns, depth), depth, columns);
  if (c.right == Right::kTransposed) {
    kernels.pack_transposed(right.data(), depth, depth, columns, kPanelColumns * units, transposed.data());
    g.right = transposed.data();
    g.right_panel = kPanelColumns * units;
  } else {
    g.right = right_panels.units.data();
    g.right_panel = right_panels.panel;
  }

  if (c.left == Left::kRows) {
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
  const Panels left_panels(kernels, Transpose(left, rows, depth), depth, rows);
  g.left_row = 1;
  g.left_step = kPanelColumns;
  for (size_t row = 0; row < rows; row += kPanelColumns) {
    g.left = left_panels.units.data() + row / kPanelColumns * left_panels.panel;
    g.rows = std::min(kPanelColumns, rows - row);
    g.out = out.data() + row * (columns + 3);
    g.start = c.start ? g.out : nullptr;
    kernels.multiply(g);
  }
  return out;
}

void Check(Isa isa, GemmType type, const Case& c) {
  const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
  if (!kernels) return;
  const auto [rows, columns, depth] = c.shape;
  SCOPED_TRACE(::testing::Message() << Name(isa) << " bf16 " << (type == GemmType::kBf16) << " rows " << rows
                                    << " columns " << columns << " depth " << depth);
  const std::vector<float> left = Random(rows * depth, 1), right = Random(columns * depth, 2);
  const std::vector<float> start = Random(rows * (columns + 3), 3), bias = Random(columns, 4);
  const std::vector<float> out = Run(*kernels, c, left, right, start, bias);
  const auto element = [&](float x) { return type == GemmType::kBf16 ? Bf16ToFloat(FloatToBf16(x)) : x; };
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
              for (Left left : {Left::kRows, Left::kPanels}) {
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

TEST(Gemm, BringsWhatComesNextAndComputesTheSame) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
      if (!kernels) continue;
      constexpr size_t kRows = 24, kColumns = 48, kDepth = 64;
      const size_t units = Units(type, kDepth);
      const std::vector<float> left = Random(kRows * kDepth, 1), right = Random(kColumns * kDepth, 2);
      const std::vector<uint32_t> rows = Elements(type, left, kRows, kDepth, kDepth);
      std::vector<uint32_t> panels(kColumns * units);
      kernels->pack_transposed(right.data(), kDepth, kDepth, kColumns, kPanelColumns * units, panels.data());
      std::vector<float> plain(kRows * kColumns), out(kRows * kColumns);
      Gemm g{rows.data(), units,    1,       panels.data(), kPanelColumns * units,
             kRows,       kColumns, units,   nullptr,       kColumns,
             nullptr,     0,        nullptr, nullptr};
      g.out = plain.data();
      kernels->multiply(g);
      // One that is empty, pieces that are no whole lines, more of all than one product has steps.
      const std::vector<std::byte> memory(100'000);
      const GemmRegion regions[] = {{memory.data(), 0}, {memory.data() + 3, 65, 4, 1000}, {memory.data(), 100'000}};
      GemmAhead ahead{regions, regions + std::size(regions)};
      g.ahead = &ahead;
      g.out = out.data();
      kernels->multiply(g);
      EXPECT_EQ(out, plain) << Name(isa);
      if (isa == Isa::kReference) continue;  // which needs no hints
      EXPECT_GT(ahead.at, memory.data());
      EXPECT_EQ(ahead.next, ahead.last) << Name(isa) << ": the last region is begun";
      EXPECT_LT(ahead.at, ahead.end) << Name(isa) << ": and not ended";
      for (int round = 0; round < 100; ++round) kernels->multiply(g);
      EXPECT_GE(ahead.at, ahead.end) << Name(isa);
      EXPECT_EQ(out, plain) << Name(isa);
    }
  }
}

// What cannot be rounded as the others are, among what can.
std::vector<float> WithRareValues(size_t n) {
  std::vector<float> x = Random(n, 5);
  const float rare[] = {INFINITY, -INFINITY, 3.4e38F, -3.4e38F, 1.00390625F, 1.01171875F, -0.0F, 1.2e-38F};
  for (size_t i = 0; i < n; i += 3) x[i] = rare[i / 3 % std::size(rare)];
  return x;
}

// The panels of x [rows, columns] in a buffer of 0xab, from their elements.
std::vector<uint32_t> PanelsOf(GemmType type, const std::vector<float>& x, size_t rows, size_t columns, size_t panel) {
  const size_t depth = UnitDepth(type), bytes = ElementBytes(type);
  const std::vector<uint32_t> elements = Elements(type, x, rows, columns, columns);
  std::vector<uint32_t> out(RoundUp(columns, kPanelColumns) / kPanelColumns * panel, 0xabababab);
  for (size_t r = 0; r < Units(type, rows) * depth; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      const size_t unit = c / kPanelColumns * panel + r / depth * kPanelColumns + c % kPanelColumns;
      auto* to = reinterpret_cast<uint8_t*>(&out[unit]) + r % depth * bytes;
      const auto* from = reinterpret_cast<const uint8_t*>(elements.data()) + (r * columns + c) * bytes;
      if (r < rows) {
        std::memcpy(to, from, bytes);
      } else {
        std::memset(to, 0, bytes);
      }
    }
  }
  return out;
}

void CheckConversion(Isa isa, GemmType type, size_t rows, size_t columns) {
  const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
  if (!kernels) return;
  SCOPED_TRACE(::testing::Message() << Name(isa) << " bf16 " << (type == GemmType::kBf16) << " rows " << rows
                                    << " columns " << columns);
  const std::vector<float> x = WithRareValues(rows * columns);
  const size_t stride = columns + 3, bytes = ElementBytes(type), panel = (Units(type, rows) + 1) * kPanelColumns;
  std::vector<float> wide(rows * stride, NAN);
  for (size_t r = 0; r < rows; ++r) std::copy_n(x.data() + r * columns, columns, wide.data() + r * stride);

  std::vector<uint8_t> expected_rows(rows * stride * bytes, 0xab);
  const std::vector<uint32_t> elements = Elements(type, x, rows, columns, columns);
  for (size_t r = 0; r < rows && columns > 0; ++r) {
    std::memcpy(expected_rows.data() + r * stride * bytes,
                reinterpret_cast<const uint8_t*>(elements.data()) + r * columns * bytes, columns * bytes);
  }
  const std::vector<uint32_t> expected_panels = PanelsOf(type, x, rows, columns, panel);
  for (bool want_rows : {false, true}) {
    for (bool want_panels : {false, true}) {
      std::vector<uint8_t> to_rows(expected_rows.size(), 0xab);
      std::vector<uint32_t> to_panels(expected_panels.size(), 0xabababab);
      kernels->convert({wide.data(), stride, rows, columns, want_rows ? to_rows.data() : nullptr, stride,
                        want_panels ? to_panels.data() : nullptr, panel});
      ASSERT_EQ(to_rows, want_rows ? expected_rows : std::vector<uint8_t>(to_rows.size(), 0xab));
      ASSERT_EQ(to_panels, want_panels ? expected_panels : std::vector<uint32_t>(to_panels.size(), 0xabababab));
    }
  }
}

TEST(Gemm, ConvertsToRowsAndToPanels) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      for (size_t rows = 1; rows <= 5; ++rows) {
        for (size_t columns = 0; columns <= 100; ++columns) CheckConversion(isa, type, rows, columns);
      }
    }
  }
}

TEST(Gemm, LoadsElements) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
      for (size_t n = 0; kernels && n <= 100; ++n) {
        std::vector<float> x = WithRareValues(n), back(n + 1, 7.0F);
        const std::vector<uint32_t> elements = Elements(type, x, 1, n, n);
        kernels->load(elements.data(), n, back.data());
        EXPECT_EQ(back[n], 7.0F);
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(back[i], type == GemmType::kF32 ? x[i] : Bf16ToFloat(FloatToBf16(x[i])));
        }
      }
    }
  }
}

TEST(Gemm, NotANumberStaysOne) {
  for (Isa isa : AvailableIsas()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
      for (size_t n = 1; kernels && n <= 40; ++n) {
        std::vector<float> x(n, 1.0F);
        x[n - 1] = NAN;
        std::vector<uint32_t> elements(n);
        kernels->convert({x.data(), n, 1, n, elements.data(), n, nullptr, 0});
        kernels->load(elements.data(), n, x.data());
        EXPECT_TRUE(std::isnan(x[n - 1]));
      }
    }
  }
}

}  // namespace
}  // namespace sheepop::kernel
