#include "tensor/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/half.h"
#include "base/huge_buffer.h"
#include "kernel/kernels.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

using kernel::KernelsFor;
using kernel::PackedView;
using kernel::QuantisedBlock;
using kernel::TileRange;

// A random matrix as in a file. Any bytes may stand anywhere, but for what makes values that are no numbers or far too
// large: such blocks are drawn again.
std::vector<std::byte> RandomSource(DType type, size_t rows, size_t cols, unsigned seed) {
  std::mt19937 random(seed);
  const DTypeInfo& info = Info(type);
  std::vector<std::byte> bytes(rows * RowBytes(type, cols));
  std::vector<float> values(info.block_size);
  for (size_t at = 0; at < bytes.size(); at += info.block_bytes) {
    const std::span<std::byte> block(&bytes[at], info.block_bytes);
    do {
      for (std::byte& byte : block) byte = static_cast<std::byte>(random());
      Dequantise(type, block, values);
    } while (!std::ranges::all_of(values, [](float value) { return std::fabs(value) < 1000; }));
  }
  return bytes;
}

struct Packed {
  HugeBuffer buffer;
  PackedView view;
};

Packed Pack(DType type, const std::vector<std::byte>& source, size_t rows, size_t cols) {
  Packed packed = {HugeBuffer(PackedBytes(type, rows, cols)), {PackedTypeOf(type), rows, cols, nullptr}};
  packed.view.data = packed.buffer.data();
  std::memset(packed.buffer.data(), 0xee, packed.buffer.size());
  const size_t tiles = packed.view.tiles(), middle = tiles / 2;
  PackTiles(type, source.data(), rows, cols, {middle, tiles}, packed.buffer.data());
  PackTiles(type, source.data(), rows, cols, {0, middle}, packed.buffer.data());
  return packed;
}

size_t SomeCols(DType type, size_t factor) { return factor * Info(type).block_size; }

TEST(Pack, UnpacksToWhatDequantiseGives) {
  for (DType type : DTypes()) {
    for (size_t factor : {1, 2, 3, 7, 18, 33}) {
      for (size_t rows : {1, 16, 17, 40}) {
        const size_t cols = SomeCols(type, factor);
        const auto source = RandomSource(type, rows, cols, static_cast<unsigned>(rows + factor));
        const Packed packed = Pack(type, source, rows, cols);
        std::vector<float> expected(cols), actual(cols);
        for (size_t row = 0; row < rows; ++row) {
          const size_t row_bytes = RowBytes(type, cols);
          Dequantise(type, {&source[row * row_bytes], row_bytes}, expected);
          UnpackRow(packed.view, row, actual.data());
          ASSERT_EQ(std::memcmp(expected.data(), actual.data(), cols * sizeof(float)), 0)
              << Info(type).name << " row " << row << " of " << rows << ", cols " << cols;
        }
      }
    }
  }
}

TEST(Pack, PaddingWeighsNothing) {
  for (DType type : DTypes()) {
    const size_t rows = 17, cols = SomeCols(type, 3), padded = (cols + 31) / 32 * 32;
    Packed packed = Pack(type, RandomSource(type, rows, cols, 3), rows, cols);
    packed.view.rows = 32;
    packed.view.cols = padded;
    std::vector<float> values(padded);
    for (size_t row = 0; row < 32; ++row) {
      UnpackRow(packed.view, row, values.data());
      for (size_t i = row < rows ? cols : 0; i < padded; ++i)
        ASSERT_EQ(values[i], 0) << Info(type).name << row << " " << i;
    }
  }
}

TEST(Pack, TypesStayNearTheirFileSize) {
  for (DType type : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kIQ4_NL,
                     DType::kMXFP4, DType::kNVFP4, DType::kQ1_0, DType::kQ2_0}) {
    EXPECT_EQ(PackedBytes(type, 576, 1536), 576 * RowBytes(type, 1536)) << Info(type).name;
  }
  for (DType type : {DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kIQ4_XS, DType::kTQ2_0}) {
    EXPECT_LT(static_cast<double>(PackedBytes(type, 576, 1536)),
              1.031 * 576 * static_cast<double>(RowBytes(type, 1536)))
        << Info(type).name;
  }
}

// The product of the quantised row with the exact weights, in double: all that may differ is fp32 rounding.
TEST(Pack, ProductsAreThoseOfTheDequantisedMatrix) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (DType type : DTypes()) {
    const size_t rows = 33, cols = Info(type).block_size == 1 ? 515 : 768, blocks = (cols + 31) / 32;
    const auto source = RandomSource(type, rows, cols, 5);
    const Packed packed = Pack(type, source, rows, cols);
    std::vector<float> x(blocks * 32), weights(cols), out(rows);
    for (size_t i = 0; i < cols; ++i) x[i] = normal(random);
    std::vector<QuantisedBlock> quantised(blocks);
    const auto& kernels = KernelsFor(Isa::kReference).matmul;
    kernels.quantise(x.data(), blocks, quantised.data());
    kernels.multiply(packed.view, {x.data(), x.size(), quantised.data(), blocks, 1}, {0, packed.view.tiles()},
                     {out.data(), rows, false}, {});
    for (size_t row = 0; row < rows; ++row) {
      Dequantise(type, {&source[row * RowBytes(type, cols)], RowBytes(type, cols)}, weights);
      double sum = 0, size = 0, largest = 0;
      for (size_t i = 0; i < cols; ++i) {
        const QuantisedBlock& block = quantised[i / 32];
        const double input = Info(type).quantised ? static_cast<double>(block.scale) * block.values[i % 32] : x[i];
        sum += weights[i] * input;
        size += std::fabs(weights[i] * input);
        largest = std::max(largest, static_cast<double>(std::fabs(weights[i])));
      }
      EXPECT_NEAR(out[row], sum, 1e-6 * size + 1e-4 * largest) << Info(type).name << " row " << row;
    }
  }
}

}  // namespace
}  // namespace sheepop
