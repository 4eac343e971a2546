#include "base/numbers.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/did_you_mean.h"
#include "base/error.h"

namespace sheepop {
namespace {

template <class Read>
std::string Refusal(Read read) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

std::string IntegerRefusal(std::string_view text, const Bounds& bounds) {
  return Refusal([&] { ReadInteger("-n", text, bounds); });
}

TEST(Numbers, WholeNumbersAreDecimalAndAllOfTheText) {
  EXPECT_EQ(ReadInteger("-n", "0", AtLeast(0)), 0);
  EXPECT_EQ(ReadInteger("-n", "-1", {-1, 5}), -1);
  EXPECT_EQ(ReadInteger("-n", "2147483647", AtLeast(0)), 2147483647);
  for (std::string_view text : {"", " 1", "1 ", "+1", "0x10", "1e3", "1.0", "1,2", "1_000", "warm", "-", "--1"}) {
    EXPECT_EQ(IntegerRefusal(text, {1, 256}), fmt::format("-n is \"{}\", must be a whole number, 1 to 256", text));
  }
}

TEST(Numbers, WhatIsTooLargeIsToldTheBoundThatHelpLeavesOut) {
  EXPECT_EQ(IntegerRefusal("-1", AtLeast(0)), "-n is -1, must be at least 0");
  EXPECT_EQ(IntegerRefusal("2147483648", AtLeast(0)), "-n is 2147483648, must be 0 to 2147483647");
  EXPECT_EQ(IntegerRefusal("100000000000000000000", AtLeast(0)),
            "-n is \"100000000000000000000\", must be a whole number, 0 to 2147483647");
  EXPECT_EQ(IntegerRefusal("-100000000000000000000", AtLeast(0)),
            "-n is \"-100000000000000000000\", must be a whole number, at least 0");
}

TEST(Numbers, RealNumbers) {
  EXPECT_EQ(ReadNumber("--top-p", "0.5", {0, 1}), 0.5);
  EXPECT_EQ(ReadNumber("--top-p", "1e-3", {0, 1}), 1e-3);
  EXPECT_EQ(ReadNumber("--bias", "-inf", {-std::numeric_limits<double>::infinity(), 0}),
            -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(ReadNumber("--logits", "nan", kReal)));
  EXPECT_EQ(Refusal([] { ReadNumber("--logits", "x", kReal); }), "--logits is \"x\", must be a number, of any size");
  const auto refusal = [](std::string_view text) { return Refusal([&] { ReadNumber("--top-p", text, {0, 1}); }); };
  EXPECT_EQ(refusal("x"), "--top-p is \"x\", must be a number, 0 to 1");
  EXPECT_EQ(refusal(""), "--top-p is \"\", must be a number, 0 to 1");
  EXPECT_EQ(refusal("0x1"), "--top-p is \"0x1\", must be a number, 0 to 1");
  EXPECT_EQ(refusal("nan"), "--top-p is nan, must be 0 to 1");
  EXPECT_EQ(refusal("inf"), "--top-p is inf, must be 0 to 1");
  EXPECT_EQ(refusal("1e999"), "--top-p is \"1e999\", must be a number, 0 to 1");
}

TEST(Numbers, Unsigned) {
  EXPECT_EQ(ReadUnsigned("seed", "18446744073709551615"), ~uint64_t{0});
  for (std::string_view text : {"-1", "18446744073709551616", "", "1.5"}) {
    EXPECT_EQ(Refusal([&] { ReadUnsigned("seed", text); }),
              fmt::format("seed is \"{}\", must be a whole number, 0 to 18446744073709551615", text));
  }
}

TEST(Numbers, ListsHaveNoEmptyElement) {
  EXPECT_EQ(ReadList("--ids", "1", ','), (std::vector<std::string_view>{"1"}));
  EXPECT_EQ(ReadList("--ids", "1,,2;3", ';'), (std::vector<std::string_view>{"1,,2", "3"}));
  for (std::string_view text : {"", ",", "1,", ",1", "1,,2"}) {
    EXPECT_EQ(Refusal([&] { ReadList("--ids", text, ','); }),
              fmt::format("--ids is \"{}\", must be a list separated by ',', with no empty element", text));
  }
}

TEST(Numbers, ChoicesSuggestTheNearest) {
  EXPECT_EQ(ReadChoice("--kv-type", "bf16", "f16|bf16|f32"), "bf16");
  EXPECT_EQ(Refusal([] { ReadChoice("--schedule", "cosin", "cosine|linear"); }),
            "--schedule is \"cosin\", must be cosine or linear, did you mean cosine?");
  EXPECT_EQ(Refusal([] { ReadChoice("--schedule", "", "cosine|linear"); }),
            "--schedule is \"\", must be cosine or linear");
  EXPECT_EQ(Refusal([] { ReadBool("--ocr", "yes"); }), "--ocr is \"yes\", must be true or false");
}

TEST(Numbers, TextReadsBack) {
  for (double value : {0.1, -0.0, 1e6, 1e20, 4294967296.0, 2.5e-7, -1e300}) {
    EXPECT_EQ(ReadNumber("x", NumberText(value), {-1e301, 1e301}), value);
  }
  EXPECT_EQ(NumberText(1e6), "1000000");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(AtLeast(1).Text(), "at least 1");
  EXPECT_EQ((Bounds{0, 0.5}.Text()), "0 to 0.5");
}

TEST(Numbers, Digits) {
  EXPECT_TRUE(IsDigits("12345678901"));
  EXPECT_TRUE(IsDigits("-5"));
  EXPECT_FALSE(IsDigits(""));
  EXPECT_FALSE(IsDigits("-"));
  EXPECT_FALSE(IsDigits("1a"));
}

TEST(DidYouMean, NamesWhatIsNear) {
  constexpr std::array<std::string_view, 3> kKnown = {"temperature", "top_k", "top_p"};
  EXPECT_EQ(DidYouMean("temprature", kKnown), ", did you mean temperature?");
  EXPECT_EQ(DidYouMean("Top-K", kKnown), ", did you mean top_k?");
  EXPECT_EQ(DidYouMean("wool", kKnown), "");
  EXPECT_EQ(DidYouMean(std::string(1000, 't'), kKnown), "");
  EXPECT_EQ(DidYouMean("x", {}), "");
}

}  // namespace
}  // namespace sheepop
