#include "tensor/quantise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/half.h"
#include "base/philox.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

constexpr DType kBlockTypes[] = {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                                 DType::kQ5_1, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K};
// Those whose errors are large by their nature.
constexpr DType kCoarseTypes[] = {DType::kMXFP4, DType::kQ1_0, DType::kQ2_0, DType::kTQ2_0};

std::vector<DType> WrittenTypes() {
  std::vector<DType> all(std::begin(kBlockTypes), std::end(kBlockTypes));
  all.insert(all.end(), std::begin(kCoarseTypes), std::end(kCoarseTypes));
  return all;
}

double Unit(uint64_t i) { return RandomUnit(1, 0, i, RandomLane::kDraw); }

std::vector<float> Gaussian(size_t count, float deviation) {
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - Unit(2 * i)));
    out[i] = deviation * static_cast<float>(radius * std::cos(2 * M_PI * Unit(2 * i + 1)));
  }
  return out;
}

std::vector<std::byte> Quantised(DType type, std::span<const float> values) {
  std::vector<std::byte> out(RowBytes(type, values.size()), std::byte{0xaa});
  Quantise(type, values, out);
  return out;
}

std::vector<float> ThereAndBack(DType type, std::span<const float> values) {
  std::vector<float> out(values.size());
  Dequantise(type, Quantised(type, values), out);
  return out;
}

// sqrt(sum of squared errors / sum of squares).
double RelativeError(DType type, std::span<const float> values) {
  const auto back = ThereAndBack(type, values);
  double errors = 0, squares = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    errors += std::pow(static_cast<double>(values[i]) - back[i], 2);
    squares += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(errors / squares);
}

// The bounds are what ggml's quantisers leave on 2^19 values of the same distribution.
TEST(Quantise, GaussianErrorsAreBelowGgmls) {
  const auto values = Gaussian(1 << 16, 0.02f);
  const std::pair<DType, double> bounds[] = {
      {DType::kQ8_0, 0.00535},  {DType::kQ4_0, 0.08581}, {DType::kQ4_1, 0.07809}, {DType::kQ5_0, 0.04265},
      {DType::kQ5_1, 0.03776},  {DType::kQ4_K, 0.07119}, {DType::kQ5_K, 0.03604}, {DType::kQ6_K, 0.01775},
      {DType::kMXFP4, 0.11409}, {DType::kQ1_0, 0.604},   {DType::kQ2_0, 0.71845}, {DType::kTQ2_0, 0.80919}};
  for (const auto& [type, bound] : bounds) {
    const double error = RelativeError(type, values);
    EXPECT_LT(error, bound) << Info(type).name;
    EXPECT_GT(error, bound / 3) << Info(type).name;
  }
}

// What a format can hold exactly comes back exactly, when its extremes are used.
TEST(Quantise, ValuesOnTheGridComeBackExactly) {
  std::vector<float> values(256);
  const auto expect_exact = [&](DType type) {
    const auto back = ThereAndBack(type, values);
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(back[i], values[i]) << Info(type).name << " " << i;
  };
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.25f * (static_cast<float>(i * 7 % 16) - 8);
  expect_exact(DType::kQ4_0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * static_cast<float>(i * 7 % 16) - 1.5f;
  expect_exact(DType::kQ4_1);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.25f * (static_cast<float>(i * 7 % 32) - 16);
  expect_exact(DType::kQ5_0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * static_cast<float>(i * 7 % 32) + 3;
  expect_exact(DType::kQ5_1);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 0.5f * static_cast<float>(i % 32 == 5 ? -127 : static_cast<int>(i * 37 % 255) - 127);
  expect_exact(DType::kQ8_0);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.125f * (63 * static_cast<float>(i * 7 % 16)) - 0.25f * static_cast<float>(i / 32 * 9);
  }
  expect_exact(DType::kQ4_K);
  constexpr float kNumbers[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (size_t i = 0; i < values.size(); ++i) {
    const int block = static_cast<int>(i / 32);
    values[i] = std::ldexp(i % 16 < 8 ? kNumbers[i % 8] : -kNumbers[i % 8], block - 9);
  }
  expect_exact(DType::kMXFP4);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i * 7 % 5 < 2 ? 0.75f : -0.75f;
  expect_exact(DType::kQ1_0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = -0.75f * (static_cast<float>(i * 7 % 4) - 1);
  expect_exact(DType::kQ2_0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.75f * (static_cast<float>(i * 7 % 3) - 1);
  expect_exact(DType::kTQ2_0);
  // Groups of both signs at the end of Q6_K's scales, only one of which has codes that may be mirrored.
  for (const float sign : {1.0f, -1.0f}) {
    for (size_t i = 0; i < values.size(); ++i) {
      const bool first = i < 16;
      const int code = first         ? static_cast<int>(i * 21 % 64) - 32
                       : i % 16 == 3 ? 31
                                     : static_cast<int>(i * 11 % 63) - 31;
      values[i] = (first ? sign : -sign) * 0.125f * 128 * static_cast<float>(code);
    }
    expect_exact(DType::kQ6_K);
  }
}

TEST(Quantise, ZerosStayZeros) {
  const std::vector<float> zeros(256);
  for (DType type : WrittenTypes()) EXPECT_EQ(ThereAndBack(type, zeros), zeros) << Info(type).name;
}

TEST(Quantise, ConstantsAndLoneValuesSurvive) {
  for (DType type : kBlockTypes) {
    for (float value : {1.0f, -0.75f, 0.02f, 1000.0f}) {
      const std::vector<float> constant(256, value);
      EXPECT_LT(RelativeError(type, constant), 0.01) << Info(type).name << " " << value;
      std::vector<float> lone(256);
      lone[77] = value;
      EXPECT_LT(RelativeError(type, lone), 0.01) << Info(type).name << " " << value;
    }
  }
}

TEST(Quantise, TinyAndHugeMagnitudesStayFinite) {
  for (DType type : WrittenTypes()) {
    for (float magnitude : {1e-45f, 1e-38f, 1e-9f, 1e-6f, 65504.0f}) {
      auto values = Gaussian(256, magnitude / 8);
      values[3] = magnitude;
      values[200] = -magnitude;
      for (float value : ThereAndBack(type, values)) {
        ASSERT_TRUE(std::isfinite(value)) << Info(type).name << " " << magnitude;
        ASSERT_LE(std::abs(value), 1.2f * magnitude + 1e-6f) << Info(type).name << " " << magnitude;
      }
    }
  }
}

TEST(Quantise, BlocksDoNotDependOnTheirNeighbours) {
  const auto values = Gaussian(1024, 1.0f);
  for (DType type : WrittenTypes()) {
    const auto whole = Quantised(type, values);
    const auto second = Quantised(type, std::span(values).subspan(512, 256));
    const size_t at = RowBytes(type, 512);
    EXPECT_TRUE(std::equal(second.begin(), second.end(), whole.begin() + static_cast<ptrdiff_t>(at)))
        << Info(type).name;
  }
}

TEST(Quantise, FloatsRoundToNearest) {
  const std::vector<float> values = {1.0f, 1.0f + 0x1p-11f, -0.1f, 0.0f, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(ThereAndBack(DType::kF32, values), values);
  const auto half = ThereAndBack(DType::kF16, values);
  const auto bf16 = ThereAndBack(DType::kBF16, values);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(half[i], HalfToFloat(FloatToHalf(values[i])));
    EXPECT_EQ(bf16[i], Bf16ToFloat(FloatToBf16(values[i])));
  }
}

TEST(Quantise, RefusesWhatDoesNotFit) {
  const auto refused = [](DType type, float value, std::string_view says) {
    std::vector<float> values(256);
    values[9] = value;
    try {
      Quantised(type, values);
      ADD_FAILURE() << Info(type).name << " must refuse " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
      EXPECT_NE(std::string_view(error.what()).find(says), std::string_view::npos) << error.what();
    }
  };
  for (DType type : WrittenTypes()) {
    refused(type, NAN, "nan at index 9");
    refused(type, -INFINITY, "-inf at index 9");
    refused(type, 70000.0f, "70000 at index 9");
  }
  refused(DType::kF16, 70000.0f, "does not fit F16");
}

TEST(Quantise, TypesThatAreOnlyReadAreRefused) {
  for (DType type : {DType::kQ2_K, DType::kQ3_K, DType::kIQ4_NL, DType::kIQ4_XS, DType::kNVFP4, DType::kTQ1_0}) {
    EXPECT_FALSE(CanQuantise(type));
    EXPECT_THROW(Quantised(type, std::vector<float>(256)), Error);
  }
  for (DType type : WrittenTypes()) EXPECT_TRUE(CanQuantise(type));
}

}  // namespace
}  // namespace sheepop
