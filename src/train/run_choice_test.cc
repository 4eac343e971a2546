#include "train/run_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr double kRate = 160e9;
const IsGiven kNothing = [](std::string_view) { return false; };

TEST(RunChoice, MoreTextAndTimeTakeLargerModels) {
  const std::vector<SizeChoice> small = SizeChoices(EstimatedSize(1'000'000), kRate);
  const std::vector<SizeChoice> large = SizeChoices(EstimatedSize(100'000'000), kRate);
  ASSERT_EQ(small.size(), std::size(kSizeNames));
  for (size_t i = 0; i < large.size(); ++i) {
    EXPECT_LE(small[i].seconds, large[i].seconds);
    EXPECT_GE(small[i].passes, large[i].passes);
    EXPECT_LE(small[i].passes, kMostPasses);
    if (i == 0) continue;
    EXPECT_GT(large[i].seconds, large[i - 1].seconds);
    EXPECT_GT(large[i].disk_bytes, large[i - 1].disk_bytes);
  }
  EXPECT_EQ(ChoiceForTime(large, 60).name, "nano");
  EXPECT_EQ(ChoiceForTime(large, 3600).name, "tiny");
  EXPECT_EQ(ChoiceForTime(large, 30.0 * 86400).name, "medium");
}

TEST(RunChoice, ALittleTextFeedsNoLargeModelHoweverLongTheTime) {
  for (const uint64_t bytes : {0, 20'000, 500'000}) {
    const std::vector<SizeChoice> choices = SizeChoices(EstimatedSize(bytes), kRate);
    EXPECT_EQ(ChoiceForTime(choices, 86400).name, "nano") << bytes;
    EXPECT_FALSE(choices.back().fed);
  }
  const std::vector<SizeChoice> choices = SizeChoices(EstimatedSize(15'000'000), kRate);
  EXPECT_EQ(ChoiceForTime(choices, 30.0 * 86400).name, "medium") << "one more than it feeds";
}

TEST(RunChoice, ATextThatWouldBeReadTooOftenTrainsTheNextSize) {
  const std::vector<SizeChoice> choices = SizeChoices(EstimatedSize(1'000'000), kRate);
  const SizeChoice& nano = choices.front();
  ASSERT_TRUE(nano.fed);
  const double worn = nano.seconds * kWornPasses / nano.passes;
  EXPECT_EQ(ChoiceForTime(choices, 0.9 * worn).name, "nano");
  EXPECT_EQ(ChoiceForTime(choices, 1.1 * worn).name, "tiny");
  EXPECT_EQ(ChoiceForTime(choices, 100 * worn).name, "tiny");
}

TEST(RunChoice, NothingToReadIsNoTrouble) {
  for (const SizeChoice& choice : SizeChoices(EstimatedSize(0), kRate)) EXPECT_TRUE(std::isfinite(choice.seconds));
}

TEST(RunChoice, TheDefaultTimeGrowsWithTheText) {
  EXPECT_EQ(DefaultSeconds(0), 300);
  EXPECT_EQ(DefaultSeconds(1'000'000), 300);
  EXPECT_EQ(DefaultSeconds(5'000'000), 11 * 60);
  EXPECT_EQ(DefaultSeconds(15'000'000), 19 * 60);
  EXPECT_EQ(DefaultSeconds(uint64_t{1} << 40), 30 * 60);
}

TEST(RunChoice, StepsFillTheTimeWithTheirMeasurements) {
  TrainOptions options;
  ChooseSteps({0.1, 0.001}, 300, false, kNothing, options);
  EXPECT_NEAR(static_cast<double>(options.steps), 2900, 100);
  EXPECT_EQ(options.eval_every, options.steps / 10);
  EXPECT_EQ(options.warmup, 100);
  EXPECT_LE(options.checkpoint_every, 601);
  const double measured = 10 * static_cast<double>(options.eval_batches) * 0.1 / 3;
  EXPECT_NEAR(static_cast<double>(options.steps) * 0.1 + measured, 300, 2);
}

TEST(RunChoice, ATextIsNotReadWithoutEnd) {
  TrainOptions options;
  ChooseSteps({0.1, 0.5}, 3600, false, kNothing, options);
  EXPECT_EQ(options.steps, 60);
  EXPECT_EQ(options.warmup, 6);
  ChooseSteps({0.1, 0.01}, 3600, true, kNothing, options);
  EXPECT_EQ(options.steps, 300);
}

TEST(RunChoice, WhatIsGivenStays) {
  const IsGiven all = [](std::string_view) { return true; };
  TrainOptions options;
  ChooseMethod({1000, 500, 300}, false, all, options);
  EXPECT_EQ(options, TrainOptions());
  ChooseSteps({0.1, 0.001}, 300, false, all, options);
  options.steps = TrainOptions().steps;
  EXPECT_EQ(options, TrainOptions());
}

TEST(RunChoice, AShortTextGivesSeveralSequences) {
  TrainOptions options;
  ChooseMethod({1000, 500, 300}, false, kNothing, options);
  EXPECT_EQ(options.context, 64);
  ChooseMethod({10, 5, 300}, false, kNothing, options);
  EXPECT_EQ(options.context, 32);
}

TEST(RunChoice, TheTableNamesEverySizeAndTheNextCommand) {
  const CorpusSize corpus = EstimatedSize(15'000'000);
  EXPECT_NE(SizeTable(EstimatedSize(20'000), SizeChoices(EstimatedSize(20'000), kRate), "nano", "x")
                .find("could use more text"),
            std::string::npos);
  const std::string table = SizeTable(corpus, SizeChoices(corpus, kRate), "tiny", "sheepop train corpus -o mine.gguf");
  for (const std::string_view name : kSizeNames) EXPECT_NE(table.find(name), std::string::npos) << name;
  EXPECT_NE(table.find("\n  * tiny "), std::string::npos) << table;
  EXPECT_TRUE(table.ends_with("next: sheepop train corpus -o mine.gguf\n"));
}

TEST(RunChoice, TextsOfTimesAndBytes) {
  EXPECT_EQ(DurationText(89), "89 s");
  EXPECT_EQ(DurationText(600), "10 min");
  EXPECT_EQ(DurationText(7200), "2.0 h");
  EXPECT_EQ(DurationText(10.0 * 86400), "10 days");
  EXPECT_EQ(RoughBytesText(1), "1 KB");
  EXPECT_EQ(RoughBytesText(1'250'000), "1.2 MB");
  EXPECT_EQ(RoughBytesText(25'000'000), "25 MB");
  EXPECT_EQ(RoughBytesText(2'140'000'000), "2.1 GB");
}

TEST(RunChoice, DiskHoldsTheCheckpointsThatAreKeptAndOneMore) {
  TrainOptions options;  // 1000 steps, a checkpoint every 250, 3 kept
  const DiskPlan plan = DiskPlanFor(1'000'000, options);
  EXPECT_EQ(plan.checkpoint, 12'000'000u);
  EXPECT_EQ(plan.checkpoints, 4u);
  EXPECT_EQ(plan.total(), 4u * 12'000'000 + 3 * 4'000'000);
  options.keep = 1;
  EXPECT_EQ(DiskPlanFor(1'000'000, options).checkpoints, 2u);
  options.checkpoint_every = 0;
  EXPECT_EQ(DiskPlanFor(1'000'000, options).checkpoints, 1u);
  EXPECT_NO_THROW(RequireDisk(plan, plan.total(), plan.total(), "mine.run"));
  try {
    RequireDisk(plan, plan.total(), plan.total() - 1, "mine.run");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kIo);
    EXPECT_EQ(
        std::string(error.what()),
        "the run writes up to 60 MB (4 checkpoints of 12 MB, models of 4.0 MB), 60 MB are free in mine.run: --keep 1 "
        "keeps but one checkpoint, --run names another folder, a smaller --size is another way");
  }
}

}  // namespace
}  // namespace sheepop
