#include "tensor/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/huge_buffer.h"
#include "kernel/kernels.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

using kernel::KernelsFor;
using kernel::PackedView;
using kernel::QuantisedBlock;
using kernel::TileRange;

constexpr DType kTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ4_0,  DType::kQ4_1,
                            DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ2_K,  DType::kQ3_K,
                            DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kIQ4_NL};

// Where the fp16 numbers of a source block lie; every other byte may hold anything.
std::vector<size_t> HalvesOf(DType type) {
  switch (type) {
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K: return {0, 2};
    case DType::kQ2_K: return {80, 82};
    case DType::kQ3_K: return {108};
    case DType::kQ6_K: return {208};
    default: return {0};
  }
}

// A random matrix as in a file, with finite scales of moderate size.
std::vector<std::byte> RandomSource(DType type, size_t rows, size_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(rows * RowBytes(type, cols));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  const size_t block = Info(type).block_bytes;
  for (size_t at = 0; at < bytes.size(); at += block) {
    if (type == DType::kF32) {
      const float value = static_cast<float>(random() % 2001) / 1000.0F - 1;
      std::memcpy(&bytes[at], &value, 4);
      continue;
    }
    for (size_t offset : HalvesOf(type)) {
      const float value = static_cast<float>(random() % 2001) / 1000.0F - 1;
      const uint16_t half = type == DType::kBF16 ? FloatToBf16(value) : FloatToHalf(value);
      std::memcpy(&bytes[at + offset], &half, 2);
    }
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
  for (DType type : kTypes) {
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
  for (DType type : kTypes) {
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

TEST(Pack, FourBitTypesStayNearTheirFileSize) {
  for (DType type : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0}) {
    EXPECT_EQ(PackedBytes(type, 576, 1536), 576 * RowBytes(type, 1536)) << Info(type).name;
  }
  for (DType type : {DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    EXPECT_LT(static_cast<double>(PackedBytes(type, 576, 1536)), 1.03 * 576 * static_cast<double>(RowBytes(type, 1536)))
        << Info(type).name;
  }
}

// The product of the quantised row with the exact weights, in double: all that may differ is fp32 rounding.
TEST(Pack, ProductsAreThoseOfTheDequantisedMatrix) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (DType type : kTypes) {
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
