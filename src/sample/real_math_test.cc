#include "sample/real_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace sheepop {
namespace {

TEST(RealMath, AgreesWithTheLibrary) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-700, 700);
  for (int i = 0; i < 20000; ++i) {
    const double x = exponent(random);
    EXPECT_NEAR(Exp(x) / std::exp(x), 1, 1e-14) << x;
    const double y = std::exp(x);
    EXPECT_NEAR(Ln(y), x, 1e-14 * std::max(1.0, std::abs(x))) << y;
    const double near_one = 1 + x * 1e-5;
    EXPECT_NEAR(Ln(near_one), std::log(near_one), 1e-15 + 1e-14 * std::abs(std::log(near_one)));
  }
  EXPECT_NEAR(Power(1.1, 37), std::pow(1.1, 37), 1e-11);
}

TEST(RealMath, Edges) {
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-1000), 0);
  EXPECT_TRUE(std::isinf(Exp(1000)));
  EXPECT_EQ(Ln(1), 0);
  EXPECT_TRUE(std::isinf(Ln(0)));
  EXPECT_TRUE(std::isnan(Ln(-1)));
  EXPECT_TRUE(std::isnan(Exp(NAN)));
  EXPECT_EQ(Power(0, 0), 1);
  EXPECT_EQ(Power(0, 2), 0);
  EXPECT_TRUE(std::isinf(Power(0, -1)));
  EXPECT_EQ(Power(1, 1000), 1);
  EXPECT_NEAR(Power(2, 10), 1024, 1e-10);
  EXPECT_TRUE(std::isinf(Ln(INFINITY)));
  EXPECT_EQ(Exp(-745), std::exp(-745)) << "the smallest number there is";
  EXPECT_EQ(Exp(-746), 0);
  EXPECT_NEAR(Exp(709.7) / std::exp(709.7), 1, 1e-13);
}

}  // namespace
}  // namespace sheepop
