#include "sample/grammar/decimal.h"

#include <gtest/gtest.h>

#include <limits>

namespace sheepop::grammar {
namespace {

Decimal Read(std::string_view text) {
  const std::optional<Decimal> value = Decimal::Parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Decimal{});
}

TEST(Decimal, ReadsToNormalForm) {
  EXPECT_EQ(Read("1200.50"), (Decimal{false, "12005", -1}));
  EXPECT_EQ(Read("-0.00700e2"), (Decimal{true, "7", -1}));
  EXPECT_EQ(Read("1E+2"), (Decimal{false, "1", 2}));
  EXPECT_EQ(Read("-0"), Decimal{});
  EXPECT_EQ(Read("0.000e-5"), Decimal{});
  EXPECT_EQ(Read("1e999999999999999999").exponent, 999999999999999999);
}

TEST(Decimal, ReadsNothingThatIsNoNumber) {
  for (const char* text : {"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1 ", " 1", "1e1.5", "0x1", "NaN",
                           "1,5", "--1", "1e1000000000000000000"}) {
    EXPECT_FALSE(Decimal::Parse(text).has_value()) << text;
  }
}

TEST(Decimal, OfNumbers) {
  EXPECT_EQ(Decimal::Of(std::numeric_limits<int64_t>::min()), Read("-9223372036854775808"));
  EXPECT_EQ(Decimal::Of(std::numeric_limits<uint64_t>::max()), Read("18446744073709551615"));
  EXPECT_EQ(Decimal::Of(0.1), Read("0.1"));
  EXPECT_EQ(Decimal::Of(1e-7), Read("1e-7"));
  EXPECT_EQ(Decimal::Of(-0.0), Decimal{});
  EXPECT_EQ(Decimal::Of(1.7976931348623157e308), Read("17976931348623157e292"));
  EXPECT_EQ(Decimal::Of(5e-324), Read("5e-324"));
}

TEST(Decimal, WritesWhatItReads) {
  for (const char* text : {"0", "1", "-1", "100", "0.1", "-12.34", "0.000001", "1e-7", "1.5e-7",
                           "100000000000000000000", "123456789012345678901", "1e+21", "-1.25e+300", "5e-324"}) {
    EXPECT_EQ(Read(text).Text(), text);
  }
}

TEST(Decimal, Compares) {
  const std::vector<std::string> ascending = {"-1e300", "-20",    "-19.99", "-2",    "-0.5", "-1e-300",
                                              "0",      "1e-300", "0.019",  "0.02",  "0.11", "1",
                                              "9",      "10",     "19.9",   "19.99", "20",   "1e300"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(Compare(Read(ascending[i]), Read(ascending[j])), i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Decimal, Multiples) {
  EXPECT_TRUE(IsMultiple(Read("19.99"), Read("0.01")));
  EXPECT_FALSE(IsMultiple(Read("19.995"), Read("0.01")));
  EXPECT_TRUE(IsMultiple(Read("0"), Read("7")));
  EXPECT_TRUE(IsMultiple(Read("-21"), Read("7")));
  EXPECT_FALSE(IsMultiple(Read("22"), Read("7")));
  EXPECT_FALSE(IsMultiple(Read("1e308"), Read("0.123456789e-20")));
  EXPECT_TRUE(IsMultiple(Read("1e308"), Read("0.5")));
  EXPECT_TRUE(IsMultiple(Read("4.5"), Read("1.5")));
  EXPECT_FALSE(IsMultiple(Read("1"), Read("1e308")));
  EXPECT_TRUE(IsMultiple(Read("3e308"), Read("1e308")));
  EXPECT_TRUE(IsMultiple(Read("1e999999999999999999"), Read("256")));
  EXPECT_FALSE(IsMultiple(Read("1e999999999999999999"), Read("3")));
}

TEST(Decimal, LeastCommonMultiples) {
  EXPECT_EQ(LeastCommonMultiple(Read("0.4"), Read("0.6")), Read("1.2"));
  EXPECT_EQ(LeastCommonMultiple(Read("100"), Read("0.01")), Read("100"));
  EXPECT_EQ(LeastCommonMultiple(Read("2.5"), Read("1")), Read("5"));
}

TEST(Decimal, LeastShifts) {
  EXPECT_EQ(LeastShift(Read("1.5"), Read("1")), 1);
  EXPECT_EQ(LeastShift(Read("1500"), Read("1")), -2);
  EXPECT_EQ(LeastShift(Read("1"), Read("8")), 3);
  EXPECT_EQ(LeastShift(Read("4"), Read("8")), 1);
  EXPECT_EQ(LeastShift(Read("1"), Read("3")), std::nullopt);
  EXPECT_EQ(LeastShift(Read("0.03"), Read("3")), 2);
}

TEST(Decimal, StepsOfAGrid) {
  EXPECT_EQ(StepsOf(Read("2.5"), -3, 5), "2500");
  EXPECT_EQ(StepsOf(Read("2.5"), 0, 5), "5");
  EXPECT_EQ(StepsOf(Read("2.5"), 1, 5), "1");
  EXPECT_EQ(StepsOf(Read("24"), 1, 5), "12");
  EXPECT_EQ(StepsOf(Read("24"), 2, 5), "6");
  EXPECT_EQ(StepsOf(Read("24"), 100, 5), "3");
  EXPECT_EQ(StepsOf(Read("1000"), 0, 3), "1000");
  EXPECT_EQ(StepsOf(Read("1001"), 0, 3), std::nullopt);
  EXPECT_EQ(StepsOf(Read("1e308"), 0, 17), std::nullopt);
}

}  // namespace
}  // namespace sheepop::grammar
