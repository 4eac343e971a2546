#include "evaluate/bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "generate/test_support.h"

namespace sheepop {
namespace {

const std::shared_ptr<const Model>& Tiny() {
  static const auto model = testing::TinyModel("llama");
  return model;
}

std::vector<BenchResult> Measure(const BenchOptions& options, const MachineLimits& limits = {1e9, 1e9},
                                 const std::function<void(std::string_view)>& progress = {}) {
  ThreadPool pool(2);
  return Bench(*Tiny(), options, limits, pool, progress);
}

TEST(Bench, TheMedianIsTheMiddleOrBetweenTheTwoInTheMiddle) {
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({10, 1, 4, 2}), 3);
}

TEST(Bench, EveryDepthHasItsPromptsThenItsBatches) {
  const auto results =
      Measure({.prefill = {3, 40}, .decode = 2, .batch = {1, 3}, .depth = {0, 5}, .repeat = 2, .chunk = 16});
  struct Case {
    const char* test;
    size_t tokens, batch, depth;
  };
  const Case cases[] = {{"prefill", 3, 1, 0}, {"prefill", 40, 1, 0}, {"decode", 2, 1, 0}, {"decode", 2, 3, 0},
                        {"prefill", 3, 1, 5}, {"prefill", 40, 1, 5}, {"decode", 2, 1, 5}, {"decode", 2, 3, 5}};
  ASSERT_EQ(results.size(), std::size(cases));
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].test, cases[i].test);
    EXPECT_EQ(results[i].tokens, cases[i].tokens);
    EXPECT_EQ(results[i].batch, cases[i].batch);
    EXPECT_EQ(results[i].depth, cases[i].depth);
    ASSERT_EQ(results[i].tokens_per_s.size(), 2U);
    for (const double rate : results[i].tokens_per_s) EXPECT_GT(rate, 0);
  }
}

TEST(Bench, RepetitionsGoRoundOverTheTests) {
  std::vector<std::string> told;
  Measure({.prefill = {4}, .decode = 1, .batch = {2}, .repeat = 2}, {1e9, 1e9},
          [&](std::string_view line) { told.emplace_back(line); });
  EXPECT_EQ(told, (std::vector<std::string>{
                      "1 of 2: prefill 4 tokens, batch 1, depth 0", "1 of 2: decode 1 tokens, batch 2, depth 0",
                      "2 of 2: prefill 4 tokens, batch 1, depth 0", "2 of 2: decode 1 tokens, batch 2, depth 0"}));
}

TEST(Bench, NoDecodeWhereNoTokensAreAskedFor) {
  const auto results = Measure({.prefill = {4}, .decode = 0, .repeat = 1});
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].test, "prefill");
}

// Two layers of 32 wide, 4 heads and 2 key heads of 8, 64 in the feed-forward, and the norms.
constexpr double kOperations = 2 * (2 * (32 * 32 + 2 * 16 * 32 + 32 * 32 + 3 * 64 * 32 + 2 * 32) + 32);

TEST(Bench, PromptsAreHeldAgainstTheMultiplications) {
  const auto results = Measure({.prefill = {20}, .decode = 0, .repeat = 3}, {1, 5e12});
  EXPECT_NEAR(results[0].share_of_limit, Median(results[0].tokens_per_s) * kOperations / 5e12, 1e-9);
  EXPECT_EQ(results[0].limited_by, "int8");
}

TEST(Bench, NoShareIsAboveOne) {
  for (const BenchResult& result : Measure({.prefill = {20}, .decode = 2, .repeat = 1}, {1, 1})) {
    EXPECT_EQ(result.share_of_limit, 1) << result.test;
  }
}

TEST(Bench, WhatFitsIntoTheCacheIsHeldAgainstThat) {
  double asked = 0;
  const auto again = [&](double bytes) {
    asked = bytes;
    return 2e13;
  };
  const auto results = Measure({.prefill = {}, .decode = 6, .repeat = 1}, {1e13, 1, again});
  const double bytes = static_cast<double>(Tiny()->weights().bytes()) + 3 * (2 * 2 * 16 * 2);
  EXPECT_NEAR(asked, bytes, 1);
  EXPECT_NEAR(results[0].share_of_limit, Median(results[0].tokens_per_s) * bytes / 2e13, 1e-9);
  EXPECT_EQ(results[0].limited_by, "cache");
}

// Of a pass: the weights once, and for each sequence keys and values of 16 numbers of two bytes in both layers for every
// position, on average those before and half of the written ones.
TEST(Bench, WritingIsHeldAgainstWhatIsRead) {
  const auto results = Measure({.prefill = {}, .decode = 6, .batch = {3}, .depth = {10}, .repeat = 3}, {1e13, 1});
  ASSERT_EQ(results.size(), 1U);
  const double bytes = static_cast<double>(Tiny()->weights().bytes()) + 3 * 13 * (2 * 2 * 16 * 2);
  EXPECT_NEAR(results[0].share_of_limit, Median(results[0].tokens_per_s) / 3 * bytes / 1e13, 1e-9);
  EXPECT_EQ(results[0].limited_by, "memory");
}

TEST(Bench, OptionsOutOfRangeAreRefused) {
  const auto refused = [](const BenchOptions& options, std::string_view words) {
    try {
      Measure(options);
      ADD_FAILURE() << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
      EXPECT_EQ(std::string_view(error.what()), words);
    }
  };
  refused({.prefill = {8, 0}}, "prefill is 0, it must be between 1 and 1048576");
  refused({.prefill = {1048577}}, "prefill is 1048577, it must be between 1 and 1048576");
  refused({.depth = {16777217}}, "depth is 16777217, it must be at most 16777216");
  refused({.decode = 16777217}, "decode is 16777217, it must be at most 16777216");
  refused({.batch = {0}}, "batch is 0, it must be between 1 and 256");
  refused({.batch = {257}}, "batch is 257, it must be between 1 and 256");
  refused({.repeat = 0}, "repeat is 0, it must be between 1 and 1000");
  refused({.chunk = 65537}, "chunk is 65537, it must be between 1 and 65536");
}

TEST(Bench, TheLimitsOfThisMachineAreMeasured) {
  ThreadPool pool(2);
  const MachineLimits limits = MeasureLimits(Isa::kReference, pool);
  EXPECT_GT(limits.read_bytes_per_s, 1e6);
  EXPECT_GT(limits.int8_ops_per_s, 1e6);
}

}  // namespace
}  // namespace sheepop
