#include "kernel/matmul.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "kernel/kernels.h"
#include "kernel/matmul_wide.h"
#include "kernel/packed.h"
#include "testing/sanitized.h"

namespace sheepop::kernel {
namespace {

constexpr auto kTypes = [] {
  std::array<PackedType, kPackedTypes> types{};
  for (size_t i = 0; i < kPackedTypes; ++i) types[i] = static_cast<PackedType>(i);
  return types;
}();

// 64-byte aligned bytes.
class Bytes {
 public:
  explicit Bytes(size_t size) : storage_(size + 64) {}
  uint8_t* data() { return storage_.data() + (64 - reinterpret_cast<uintptr_t>(storage_.data()) % 64) % 64; }
  std::byte* bytes() { return reinterpret_cast<std::byte*>(data()); }

 private:
  std::vector<uint8_t> storage_;
};

struct Fill {
  int value = -1;  // every value byte, or random
  int scale = -1;  // every fp16 scale, or random
  float x = 0;     // activations +-x, or random
};

// Random bytes are a valid matrix, but for scales that should not be infinite.
void FillScales(PackedType type, uint8_t* group, const Fill& fill, std::mt19937& random) {
  const ScaleForm form = FormatOf(type).scales;
  if (form == ScaleForm::kPower || form == ScaleForm::kE4m3Sixteenths) {
    const size_t low = form == ScaleForm::kPower ? 120 : 0, count = form == ScaleForm::kPower ? 16 : 127;
    for (size_t i = 0; i < 64; ++i) {
      group[i] = static_cast<uint8_t>(fill.scale >= 0 ? fill.scale >> 7 : low + random() % count);
    }
    return;
  }
  size_t halves = 32;
  if (form == ScaleForm::kHalfMin) halves = 64;
  for (size_t i = 0; i < halves; ++i) {
    const auto half =
        static_cast<uint16_t>(fill.scale >= 0 ? fill.scale : (random() & 0x83ff) | 0x2000 | (random() & 0x0c00));
    std::memcpy(group + 2 * i, &half, 2);
  }
}

void FillFloats(PackedType type, uint8_t* tile, size_t bytes, std::mt19937& random) {
  std::normal_distribution<float> normal;
  for (size_t i = 0; i < bytes; i += type == PackedType::kF32 ? 4 : 2) {
    const uint32_t bits = std::bit_cast<uint32_t>(normal(random));
    const uint16_t half = type == PackedType::kBf16
                              ? static_cast<uint16_t>(bits >> 16)
                              : static_cast<uint16_t>((bits >> 16 & 0x8000) | 0x2c00 | (bits & 0x7ff));
    if (type == PackedType::kF32)
      std::memcpy(tile + i, &bits, 4);
    else
      std::memcpy(tile + i, &half, 2);
  }
}

struct Case {
  PackedType type;
  size_t rows, cols, tokens;
  Fill fill = {};
  bool add = false;
  TileRange tiles = {0, 0};  // all when empty
};

// Products by one kernel set, with guards around all that is written.
class Problem {
 public:
  explicit Problem(const Case& c) : case_(c), weights_(TileBytes(c.type, c.cols) * Tiles()), scratch_(kMatMulScratch) {
    std::mt19937 random(static_cast<unsigned>(c.rows * 131 + c.cols * 7 + c.tokens));
    FillWeights(random);
    blocks_ = (c.cols + 31) / 32;
    stride_ = blocks_ * 32;
    x_.resize(c.tokens * stride_);
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < x_.size(); ++i) {
      const bool padding = i % stride_ >= c.cols;
      const float sign = random() % 2 ? 1.0F : -1.0F;
      x_[i] = padding ? 0 : c.fill.x != 0 ? sign * c.fill.x : normal(random);
    }
    initial_.resize(c.tokens * OutputStride() + 2 * kGuard);
    for (float& value : initial_) value = normal(random);
    quantised_.resize(c.tokens * (blocks_ + 1));
    for (size_t t = 0; t < c.tokens; ++t) {
      KernelsFor(Isa::kReference).matmul.quantise(&x_[t * stride_], blocks_, &quantised_[t * (blocks_ + 1)]);
      std::memset(&quantised_[t * (blocks_ + 1) + blocks_], 0x7f, sizeof(QuantisedBlock));
    }
    wide_.resize(c.tokens * (blocks_ + 1));
    for (size_t t = 0; t < c.tokens; ++t) {
      KernelsFor(Isa::kReference).wide_matmul.quantise(&x_[t * stride_], blocks_, &wide_[t * (blocks_ + 1)]);
      std::memset(&wide_[t * (blocks_ + 1) + blocks_], 0x7f, sizeof(WideBlock));
    }
  }

  std::vector<float> Multiply(Isa isa) {
    std::vector<float> out = initial_;
    const TileRange tiles = case_.tiles.end ? case_.tiles : TileRange{0, Tiles()};
    KernelsFor(isa).matmul.multiply({case_.type, case_.rows, case_.cols, weights_.bytes()},
                                    {x_.data(), stride_, quantised_.data(), blocks_ + 1, case_.tokens}, tiles,
                                    {out.data() + kGuard, OutputStride(), case_.add},
                                    {scratch_.bytes(), kMatMulScratch});
    return out;
  }

  std::vector<float> MultiplyWide(Isa isa) {
    std::vector<float> out = initial_;
    const TileRange tiles = case_.tiles.end ? case_.tiles : TileRange{0, Tiles()};
    KernelsFor(isa).wide_matmul.multiply({case_.type, case_.rows, case_.cols, weights_.bytes()},
                                         {wide_.data(), blocks_ + 1, case_.tokens}, tiles, out.data() + kGuard,
                                         OutputStride());
    return out;
  }

  // A product in double, of the activations before they were rounded, and by how much rounding them to the nearest
  // 65,534th of the largest may move it, with a little for the sums in fp32.
  struct ExactProduct {
    double value, bound;
  };
  ExactProduct Exact(size_t token, size_t output) {
    const PackedFormat format = FormatOf(case_.type);
    const uint8_t* tile = weights_.data() + output / kTileRows * TileBytes(case_.type, case_.cols);
    double value = 0, weights = 0, largest = 0;
    for (size_t k = 0; k < case_.cols; ++k) {
      const double x = x_[token * stride_ + k], w = Weight(format, tile, output % kTileRows, k);
      value += x * w;
      weights += std::abs(w);
      largest = std::max(largest, std::abs(x));
    }
    return {value, weights * largest / 60000};
  }

  const std::vector<float>& initial() const { return initial_; }
  size_t OutputStride() const { return case_.rows + 5; }
  static constexpr size_t kGuard = 64;

 private:
  size_t Tiles() const { return (case_.rows + 15) / 16; }

  void FillWeights(std::mt19937& random) {
    const size_t bytes = TileBytes(case_.type, case_.cols) * Tiles();
    if (!IsQuantised(case_.type)) return FillFloats(case_.type, weights_.data(), bytes, random);
    for (size_t i = 0; i < bytes; ++i) {
      weights_.data()[i] = static_cast<uint8_t>(case_.fill.value >= 0 ? case_.fill.value : random());
    }
    for (size_t at = 0; at < bytes; at += FormatOf(case_.type).group_bytes()) {
      FillScales(case_.type, weights_.data() + at, case_.fill, random);
    }
  }

  static double Half(const uint8_t* halves, size_t index) {
    uint16_t bits;
    std::memcpy(&bits, halves + 2 * index, 2);
    const double size = std::ldexp((bits & 0x3ff) + (bits & 0x7c00 ? 0x400 : 0), std::max(bits >> 10 & 31, 1) - 25);
    return bits & 0x8000 ? -size : size;
  }

  static double Weight(const PackedFormat& format, const uint8_t* tile, size_t row, size_t input) {
    const size_t block = input / kBlockSize, index = block % format.blocks, span = input % kBlockSize / 16;
    const uint8_t* header = tile + block / format.blocks * format.group_bytes();
    const double value =
        StoredValue(format, header + format.header_bytes + index * format.block_bytes, row, input % kBlockSize) -
        format.offset;
    const uint8_t* scales = header + 64;
    const double d = Half(header, row), dmin = Half(header, 16 + row);
    switch (format.scales) {
      case ScaleForm::kHalf: return value * Half(header, 16 * (index / format.span) + row);
      case ScaleForm::kPower: return std::ldexp(value, header[16 * index + row] - 128);
      case ScaleForm::kE4m3Sixteenths: {
        const int scale = header[32 * index + 16 * span + row], exponent = std::max(scale >> 3, 1);
        return value / 2 * std::ldexp((scale & 7) + (scale >= 8 ? 8 : 0), exponent - 10);
      }
      case ScaleForm::kEighths: return value * d * static_cast<int8_t>(scales[16 * index + row]);
      case ScaleForm::kHalfMin: return value * Half(header, 32 * index + row) + Half(header, 32 * index + 16 + row);
      case ScaleForm::kSuper: return value * d * scales[32 * index + row] - dmin * scales[32 * index + 16 + row];
      case ScaleForm::kSixteenths: return value * d * static_cast<int8_t>(scales[32 * index + 16 * span + row]);
      case ScaleForm::kSixteenthsMin:
        return value * d * static_cast<int8_t>(scales[64 * index + 16 * span + row]) -
               dmin * scales[64 * index + 32 + 16 * span + row];
      case ScaleForm::kNone: break;
    }
    return 0;
  }

  Case case_;
  Bytes weights_, scratch_;
  size_t blocks_ = 0, stride_ = 0;
  std::vector<float> x_, initial_;
  std::vector<QuantisedBlock> quantised_;
  std::vector<WideBlock> wide_;
};

// Bit for bit, but any NaN equals any other.
bool Same(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

TEST(MatMulKernels, AreTheirOwnForEveryIsa) {
  for (Isa isa : AvailableIsas()) {
    const bool own = KernelsFor(isa).matmul.multiply != KernelsFor(Isa::kReference).matmul.multiply;
    EXPECT_EQ(own, isa != Isa::kReference);
  }
}

class MatMul : public ::testing::TestWithParam<Isa> {
 protected:
  // With a sanitizer, whose build takes twenty times as long, every fifth case.
  void Check(const Case& c) {
    if (testing::kSanitized && ++cases_ % 5 != 0) return;
    Problem problem(c);
    Compare(c, problem, problem.Multiply(Isa::kReference), problem.Multiply(GetParam()));
    if (!IsQuantised(c.type) || c.add) return;
    SCOPED_TRACE("wide");
    Compare(c, problem, problem.MultiplyWide(Isa::kReference), problem.MultiplyWide(GetParam()));
  }

  static void Compare(const Case& c, const Problem& problem, const std::vector<float>& expected,
                      const std::vector<float>& actual) {
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_TRUE(Same(expected[i], actual[i]))
          << NameOf(c.type) << " rows " << c.rows << " cols " << c.cols << " tokens " << c.tokens << " add " << c.add
          << " at token " << (i - Problem::kGuard) / problem.OutputStride() << " output "
          << (i - Problem::kGuard) % problem.OutputStride() << ": " << actual[i] << ", not " << expected[i];
    }
  }

  FlushDenormals flush_;
  size_t cases_ = 0;
};

TEST_P(MatMul, EqualsTheReferenceAtAwkwardSizes) {
  for (PackedType type : kTypes) {
    for (size_t rows : {1, 15, 16, 17, 31, 33, 49, 65, 97}) {
      for (size_t cols : {1, 31, 32, 33, 64, 96, 130, 257}) {
        for (size_t tokens : {0, 1, 2, 3, 5, 8, 13}) Check({type, rows, cols, tokens, {}, rows % 2 == 0});
      }
    }
  }
}

TEST_P(MatMul, EqualsTheReferenceForEveryNumberOfTokens) {
  for (PackedType type : kTypes) {
    for (size_t tokens = 1; tokens <= 33; ++tokens) Check({type, 49, 96, tokens, {}, tokens % 3 == 0});
    for (size_t tokens : {95, 96, 97, 191, 193, 257}) Check({type, 33, 64, tokens});
  }
}

TEST_P(MatMul, EqualsTheReferenceForWideMatrices) {
  for (PackedType type : kTypes) {
    for (size_t cols : {576, 640, 1536, 2048, 4160}) {
      for (size_t tokens : {1, 4, 19}) Check({type, 48, cols, tokens});
    }
  }
}

// Enough input rows for panels, and more blocks than a panel holds at a time.
TEST_P(MatMul, EqualsTheReferenceWhenPanelsAreSplit) {
  for (PackedType type : kTypes) {
    for (size_t rows : {16, 33, 48}) Check({type, rows, 2080, 67, {}, rows == 48});
    Check({type, 17, 4160, 66});
  }
}

TEST_P(MatMul, EqualsTheReferenceAtExtremes) {
  for (PackedType type : kTypes) {
    if (!IsQuantised(type)) continue;
    for (int value : {0x00, 0x80, 0x7f, 0xff}) {
      for (int scale : {-1, 0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0x7e00}) {
        for (float x : {1.0F, 1e-30F, 1e30F, 1e-37F, std::numeric_limits<float>::infinity()}) {
          for (size_t tokens : {1, 3, 66}) Check({type, 17, 96, tokens, {value, scale, x}});
        }
      }
    }
  }
}

TEST_P(MatMul, ComputesOnlyTheTilesAsked) {
  for (PackedType type : kTypes) {
    for (size_t tokens : {1, 20, 70}) {
      for (bool add : {false, true}) {
        for (TileRange tiles : {TileRange{1, 2}, TileRange{2, 6}, TileRange{5, 6}, TileRange{0, 3}}) {
          const Case whole = {type, 93, 96, tokens, {}, add};
          Case part = whole;
          part.tiles = tiles;
          Check(part);
          Problem problem(part);
          const std::vector<float> expected = Problem(whole).Multiply(GetParam()),
                                   actual = problem.Multiply(GetParam());
          for (size_t i = Problem::kGuard; i < expected.size() - Problem::kGuard; ++i) {
            const size_t output = (i - Problem::kGuard) % problem.OutputStride();
            const bool inside = output < 93 && output / 16 >= tiles.begin && output / 16 < tiles.end;
            ASSERT_TRUE(Same(actual[i], inside ? expected[i] : problem.initial()[i])) << output;
          }
        }
      }
    }
  }
}

TEST(WideMatMul, IsCloseToTheExactProduct) {
  for (PackedType type : kTypes) {
    if (!IsQuantised(type)) continue;
    for (size_t cols : {32, 130, 576}) {
      Problem problem({type, 33, cols, 3});
      const std::vector<float> actual = problem.MultiplyWide(Isa::kReference);
      for (size_t t = 0; t < 3; ++t) {
        for (size_t i = 0; i < 33; ++i) {
          const auto [value, bound] = problem.Exact(t, i);
          EXPECT_NEAR(actual[Problem::kGuard + t * problem.OutputStride() + i], value, bound) << NameOf(type);
        }
      }
    }
  }
}

class Quantise : public ::testing::TestWithParam<Isa> {
 protected:
  void Check(const std::vector<float>& x) {
    CheckWide(x);
    const size_t blocks = x.size() / kBlockSize;
    std::vector<QuantisedBlock> expected(blocks), actual(blocks + 1);
    std::memset(actual.data(), 0x55, (blocks + 1) * sizeof(QuantisedBlock));
    const QuantisedBlock guard = actual[blocks];
    KernelsFor(Isa::kReference).matmul.quantise(x.data(), blocks, expected.data());
    KernelsFor(GetParam()).matmul.quantise(x.data(), blocks, actual.data());
    for (size_t b = 0; b < blocks; ++b) {
      ASSERT_EQ(std::memcmp(&expected[b], &actual[b], sizeof(QuantisedBlock)), 0)
          << "block " << b << ": scale " << actual[b].scale << ", not " << expected[b].scale;
    }
    ASSERT_EQ(std::memcmp(&guard, &actual[blocks], sizeof(QuantisedBlock)), 0);
  }

  void CheckWide(const std::vector<float>& x) {
    const size_t blocks = x.size() / kBlockSize;
    std::vector<WideBlock> expected(blocks + 1), actual(blocks + 1);
    std::memset(expected.data(), 0x55, (blocks + 1) * sizeof(WideBlock));
    std::memset(actual.data(), 0x55, (blocks + 1) * sizeof(WideBlock));
    KernelsFor(Isa::kReference).wide_matmul.quantise(x.data(), blocks, expected.data());
    KernelsFor(GetParam()).wide_matmul.quantise(x.data(), blocks, actual.data());
    for (size_t b = 0; b <= blocks; ++b) {
      const WideBlock &want = expected[b], &have = actual[b];
      ASSERT_TRUE(Same(want.scale, have.scale)) << "block " << b << ": scale " << have.scale << ", not " << want.scale;
      for (size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(Same(want.scaled_sums[i], have.scaled_sums[i])) << "block " << b;
        ASSERT_EQ(want.minus_sums[i], have.minus_sums[i]) << "block " << b;
      }
      ASSERT_EQ(std::memcmp(want.values, have.values, sizeof(want.values)), 0) << "block " << b;
    }
  }
};

TEST_P(Quantise, EqualsTheReference) {
  std::mt19937 random(5);
  for (bool flush : {false, true}) {
    std::optional<FlushDenormals> mode;
    if (flush) mode.emplace();
    for (int magnitude = -149; magnitude <= 127; magnitude += 3) {
      std::vector<float> x(5 * kBlockSize);
      std::uniform_real_distribution<float> uniform(-1, 1);
      for (float& value : x) value = std::ldexp(uniform(random), magnitude);
      Check(x);
    }
    std::vector<float> ties(32);  // 127 and odd multiples of a half: the inverse is exactly 1
    for (size_t i = 0; i < 32; ++i) ties[i] = static_cast<float>(i) - 15.5F;
    ties[7] = 127;
    Check(ties);
    Check(std::vector<float>(64, 0.0F));
    Check(std::vector<float>(32, -0.0F));
    Check(std::vector<float>(32, std::numeric_limits<float>::max()));
    Check(std::vector<float>(32, 0x1p-111F));
    Check(std::vector<float>(32, std::nextafter(0x1p-111F, 0.0F)));
    Check(std::vector<float>(32, 0x1p-119F));
    Check(std::vector<float>(32, std::nextafter(0x1p-119F, 0.0F)));
  }
}

TEST_P(Quantise, MarksBlocksThatAreNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (size_t place : {0, 9, 31, 40}) {
      std::vector<float> x(96, 1.0F);
      x[place] = bad;
      Check(x);
      std::vector<QuantisedBlock> blocks(3);
      KernelsFor(GetParam()).matmul.quantise(x.data(), 3, blocks.data());
      EXPECT_TRUE(std::isnan(blocks[place / 32].scale));
      EXPECT_EQ(blocks[place / 32].values[place % 32], 0);
      EXPECT_FLOAT_EQ(blocks[2].scale, 1 / 127.0F);
      std::vector<WideBlock> wide(3);
      KernelsFor(GetParam()).wide_matmul.quantise(x.data(), 3, wide.data());
      EXPECT_TRUE(std::isnan(wide[place / 32].scale));
      EXPECT_EQ(wide[place / 32].values[WidePlace(place % 32)], 0);
      EXPECT_FLOAT_EQ(wide[2].scale, 1 / 32767.0F);
    }
  }
}

TEST_P(Quantise, RoundsToTheNearestWideValueAndSums) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> x(320);
  for (float& value : x) value = normal(random);
  std::vector<WideBlock> blocks(10);
  KernelsFor(GetParam()).wide_matmul.quantise(x.data(), 10, blocks.data());
  for (size_t b = 0; b < 10; ++b) {
    int sums[3] = {};
    for (size_t k = 0; k < 32; ++k) {
      const int value = blocks[b].values[WidePlace(k)];
      EXPECT_NEAR(static_cast<float>(value) * blocks[b].scale, x[32 * b + k], 0.51F * blocks[b].scale);
      sums[0] += value;
      sums[k < 16 ? 1 : 2] += value;
    }
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(blocks[b].minus_sums[i], -sums[i]);
      EXPECT_EQ(blocks[b].scaled_sums[i], blocks[b].scale * static_cast<float>(sums[i]));
    }
  }
}

TEST_P(Quantise, RoundsToTheNearestValueAndSums) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  std::vector<float> x(320);
  for (float& value : x) value = normal(random);
  std::vector<QuantisedBlock> blocks(10);
  KernelsFor(GetParam()).matmul.quantise(x.data(), 10, blocks.data());
  for (size_t b = 0; b < 10; ++b) {
    int sums[4] = {};
    for (size_t k = 0; k < 32; ++k) {
      const int value = blocks[b].values[k];
      EXPECT_NEAR(static_cast<float>(value) * blocks[b].scale, x[32 * b + k], 0.5001F * blocks[b].scale);
      sums[k % 4 / 2] += value;
      if (k >= 16) sums[2 + k % 4 / 2] += value;
    }
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(blocks[b].sums[i], sums[i]);
    EXPECT_EQ(blocks[b].scaled_sum, blocks[b].scale * static_cast<float>(sums[0] + sums[1]));
    const int sum = sums[0] + sums[1], high = sums[2] + sums[3];
    const int starts[] = {-8 * sum, -128 * sum, -32 * (sum - high), -32 * high};
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(blocks[b].starts[i], starts[i]);
  }
}

std::string IsaName(const ::testing::TestParamInfo<Isa>& info) { return std::string(Name(info.param)); }

INSTANTIATE_TEST_SUITE_P(Isas, MatMul, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()), IsaName);
INSTANTIATE_TEST_SUITE_P(Isas, Quantise, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()), IsaName);

}  // namespace
}  // namespace sheepop::kernel
