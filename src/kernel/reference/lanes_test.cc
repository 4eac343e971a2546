#include "kernel/reference/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sheepop::kernel {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double RelativeError(double got, double want) { return std::abs(got - want) / std::abs(want); }

// Every 997th float of either sign.
template <typename Body>
void ForManyFloats(const Body& body) {
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 997) {
    const auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (x == x) body(x);
  }
}

TEST(Lanes, ExpIsAccurateAndSaturates) {
  double worst = 0;
  ForManyFloats([&](float x) {
    const double want = std::exp(static_cast<double>(x));
    const float got = reference::Exp(x);
    if (want > std::numeric_limits<float>::max()) {
      ASSERT_EQ(got, kInf) << x;
    } else if (x < kExpMin) {
      ASSERT_EQ(got, 0) << x;
    } else {
      worst = std::max(worst, RelativeError(got, want));
    }
  });
  EXPECT_LT(worst, 1.2e-7);
  EXPECT_EQ(reference::Exp(0), 1);
  EXPECT_EQ(reference::Exp(-kInf), 0);
  EXPECT_EQ(reference::Exp(kInf), kInf);
  EXPECT_LT(reference::Exp(kExpMax), kInf);
  EXPECT_GE(reference::Exp(kExpMin), std::numeric_limits<float>::min());
  EXPECT_TRUE(std::isnan(reference::Exp(kNan)));
}

TEST(Lanes, TanhIsAccurate) {
  double worst = 0;
  ForManyFloats([&](float x) {
    if (x == 0) return;
    worst = std::max(worst, RelativeError(reference::Tanh(x), std::tanh(static_cast<double>(x))));
  });
  EXPECT_LT(worst, 2e-7);
  EXPECT_EQ(reference::Tanh(kInf), 1);
  EXPECT_EQ(reference::Tanh(-kInf), -1);
  EXPECT_TRUE(std::isnan(reference::Tanh(kNan)));
}

TEST(Lanes, ActivationsFollowTheirFormulas) {
  for (int i = -900; i <= 900; ++i) {
    const auto f = static_cast<float>(i * 0.0137);
    const double y = f;
    EXPECT_NEAR(reference::Silu(f), y / (1 + std::exp(-y)), 4e-7 * std::abs(y)) << f;
    const double u = std::sqrt(2 / M_PI) * (y + 0.044715 * y * y * y);
    EXPECT_NEAR(reference::Gelu(f), 0.5 * y * (1 + std::tanh(u)), 4e-7 * std::abs(y)) << f;
    EXPECT_NEAR(reference::Softcap(f, 5), 5 * std::tanh(y / 5), 2e-6) << f;
  }
  EXPECT_EQ(reference::Silu(-200), 0);
  EXPECT_EQ(reference::Gelu(-200), 0);
  EXPECT_EQ(reference::Gelu(3e38F), 3e38F);
}

}  // namespace
}  // namespace sheepop::kernel
