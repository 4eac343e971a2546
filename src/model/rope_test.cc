#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace sheepop {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

RopeConfig Plain(size_t dims, double theta = 10000) {
  RopeConfig rope;
  rope.dims = dims;
  rope.theta = theta;
  return rope;
}

void ExpectNear(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12 * std::abs(expected[i])) << i;
}

TEST(Rope, PairsTurnBySmallerAndSmallerSteps) {
  ExpectNear(Frequencies(Plain(8)), {1, 0.1, 0.01, 0.001});
  ExpectNear(Frequencies(Plain(4, 100)), {1, 0.1});
  EXPECT_TRUE(Frequencies(Plain(0)).empty());
}

TEST(Rope, LinearScalingAndDivisors) {
  RopeConfig rope = Plain(8);
  rope.linear = 4;
  ExpectNear(Frequencies(rope), {0.25, 0.025, 0.0025, 0.00025});
  rope.divisors = {1, 2, 5, 10};
  ExpectNear(Frequencies(rope), {0.25, 0.0125, 0.0005, 0.000025});
}

// Pairs that turn 8, 3, 2 and half a time within the original context: kept, blended twice, divided.
TEST(Rope, Llama3) {
  const Llama3Scaling scaling{8, 1, 4, 100};
  const auto scaled = [&](double turns) {
    RopeConfig rope = Plain(2);
    rope.linear = 100 / (turns * kTurn);  // the one frequency is then turns * 2 pi / 100
    rope.llama3 = scaling;
    return Frequencies(rope)[0] / (turns * kTurn / 100);
  };
  EXPECT_NEAR(scaled(8), 1, 1e-12);
  EXPECT_NEAR(scaled(4), 1, 1e-12);
  EXPECT_NEAR(scaled(3), (1 - 2.0 / 3) / 8 + 2.0 / 3, 1e-12);
  EXPECT_NEAR(scaled(2), (1 - 1.0 / 3) / 8 + 1.0 / 3, 1e-12);
  EXPECT_NEAR(scaled(1), 1.0 / 8, 1e-12);
  EXPECT_NEAR(scaled(0.5), 1.0 / 8, 1e-12);
}

TEST(Rope, DivisorsOfLlama3AreWhatItDividesBy) {
  RopeConfig rope = Plain(12, 500);
  rope.llama3 = Llama3Scaling{8, 1, 4, 64};
  const std::vector<double> divisors = Llama3Divisors(rope), scaled = Frequencies(rope),
                            plain = Frequencies(Plain(12, 500));
  ASSERT_EQ(divisors.size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(plain[i] / divisors[i], scaled[i], 1e-12);
  ExpectNear(Llama3Divisors(Plain(4)), {1, 1});
}

// The bounds are the pairs that turn 32 times and once within 1000 positions: 0.93 and 4.4, whole ones 0 and 5.
TEST(Rope, Yarn) {
  RopeConfig rope = Plain(16, 10000);
  rope.yarn = YarnScaling{.factor = 4, .original_context = 1000};
  const auto pair = [](double turns) { return 16 * std::log(1000 / (turns * kTurn)) / (2 * std::log(10000.0)); };
  const auto expected = [](double low, double high) {
    std::vector<double> out;
    for (size_t i = 0; i < 8; ++i) {
      const double share = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
      out.push_back(std::pow(10, -0.5 * static_cast<double>(i)) * (share / 4 + 1 - share));
    }
    return out;
  };
  ExpectNear(Frequencies(rope), expected(std::floor(pair(32)), std::ceil(pair(1))));
  rope.yarn->truncate = false;
  ExpectNear(Frequencies(rope), expected(pair(32), pair(1)));
  rope.yarn->fast = 100;
  rope.yarn->slow = 2;
  ExpectNear(Frequencies(rope), expected(pair(100), pair(2)));
}

// A context of less than one turn: the bounds meet at pair 0, which alone is kept.
TEST(Rope, YarnWhoseBoundsMeet) {
  RopeConfig rope = Plain(8);
  rope.yarn = YarnScaling{.factor = 4, .original_context = 6};
  ExpectNear(Frequencies(rope), {1, 0.1 / 4, 0.01 / 4, 0.001 / 4});
}

TEST(Rope, LongRope) {
  RopeConfig rope = Plain(4, 100);
  rope.long_rope = LongRopeScaling{{1, 2}, {4, 5}, 64, false};
  ExpectNear(Frequencies(rope), {1, 0.05});
  rope.long_rope->longer = true;
  ExpectNear(Frequencies(rope), {0.25, 0.02});
}

// The last pairs of a head stand still, the others turn as if all did.
TEST(Rope, PairsThatDoNotTurn) {
  RopeConfig rope = Plain(8);
  rope.still = 2;
  EXPECT_EQ(rope.turned(), 2U);
  ExpectNear(Frequencies(rope), {1, 0.1, 0, 0});
  rope.linear = 2;
  ExpectNear(Frequencies(rope), {0.5, 0.05, 0, 0});
}

TEST(Rope, NearlyEqualIsWhat32BitsCannotTell) {
  EXPECT_TRUE(NearlyEqual({1, 100}, {1.000009, 100.0009}));
  EXPECT_FALSE(NearlyEqual({1, 100}, {1.00002, 100}));
  EXPECT_FALSE(NearlyEqual({1}, {1, 1}));
  EXPECT_TRUE(NearlyEqual({}, {}));
}

}  // namespace
}  // namespace sheepop
