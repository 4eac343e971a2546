#include "base/philox.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

// Known answers published with the generator (Random123, kat_vectors).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EveryPartOfTheKeyMatters) {
  const uint64_t base = RandomBits(1, 2, 3, RandomLane::kDraw);
  EXPECT_NE(base, RandomBits(2, 2, 3, RandomLane::kDraw));
  EXPECT_NE(base, RandomBits(1 + (uint64_t{1} << 32), 2, 3, RandomLane::kDraw));
  EXPECT_NE(base, RandomBits(1, 3, 3, RandomLane::kDraw));
  EXPECT_NE(base, RandomBits(1, 2, 4, RandomLane::kDraw));
  EXPECT_NE(base, RandomBits(1, 2, 3 + (uint64_t{1} << 32), RandomLane::kDraw));
  EXPECT_NE(base, RandomBits(1, 2, 3, RandomLane::kXtc));
}

TEST(Philox, UnitIntervalIsHalfOpenAndFlat) {
  double sum = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    const double u = RandomUnit(7, 0, i, RandomLane::kDraw);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

}  // namespace
}  // namespace sheepop
