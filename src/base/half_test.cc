#include "base/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace sheepop {
namespace {

TEST(Half, EveryValueSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = HalfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), bits);
    }
  }
}

TEST(Half, MatchesTheFormat) {
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
}

// Halfway between two neighbours goes to the even one; a hair more or less goes to the nearer.
TEST(Half, RoundsToNearestEven) {
  for (uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = HalfToFloat(bits), high = HalfToFloat(static_cast<uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(FloatToHalf(middle), bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 0.0f)), bits) << bits;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 1e9f)), bits + 1) << bits;
    ASSERT_EQ(FloatToHalf(-middle), FloatToHalf(middle) | 0x8000);
  }
  EXPECT_EQ(FloatToHalf(65519.99f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
}

TEST(Half, SaturatesWhereToldTo) {
  EXPECT_EQ(FloatToHalfSaturating(65519.9f), 0x7bff);
  EXPECT_EQ(FloatToHalfSaturating(65520.0f), 0x7bff);
  EXPECT_EQ(FloatToHalfSaturating(-1e30f), 0xfbff);
  EXPECT_EQ(FloatToHalfSaturating(-std::numeric_limits<float>::infinity()), 0xfbff);
  EXPECT_EQ(FloatToHalfSaturating(1.0f), 0x3c00);
  EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalfSaturating(std::numeric_limits<float>::quiet_NaN()))));
}

// As the conversions of processors do it.
TEST(Half, NansKeepTheirPayloadAndAreQuiet) {
  EXPECT_EQ(std::bit_cast<uint32_t>(HalfToFloat(0x7c01)), 0x7fc02000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(HalfToFloat(0xfe00)), 0xffc00000u);
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0x7fc02000u)), 0x7e01);
}

TEST(Bf16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(Bf16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(FloatToBf16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(FloatToBf16(1.0f + 0x1p-7f + 0x1p-8f), 0x3f82);
  EXPECT_EQ(FloatToBf16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);
  EXPECT_EQ(FloatToBf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(Bf16ToFloat(FloatToBf16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(Bf16ToFloat(FloatToBf16(std::bit_cast<float>(0xffffffffu)))));
}

}  // namespace
}  // namespace sheepop
