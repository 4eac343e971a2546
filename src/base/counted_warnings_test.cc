#include "base/counted_warnings.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

TEST(CountedWarnings, EqualOnesAreOne) {
  CountedWarnings told;
  EXPECT_TRUE(told.Add({"a", "x", "1", "x is 1"}));
  EXPECT_TRUE(told.Add({"b", "x", "1", "x is 1"}));
  EXPECT_TRUE(told.Add({"a", "y", "1", "y is 1"}));
  EXPECT_FALSE(told.Add({"a", "x", "1", "x is 1"}));
  EXPECT_FALSE(told.Add({"a", "x", "1", "x is 1"}));
  ASSERT_EQ(told.all().size(), 3u);
  EXPECT_EQ(told.all()[0].warning.thing, "x");
  EXPECT_EQ(told.all()[0].count, 3u);
  EXPECT_EQ(told.all()[1].count, 1u);
  told.Clear();
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(told.Add({"a", "x", "1", "x is 1"}));
}

}  // namespace
}  // namespace sheepop
