#include "model/router.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sheepop {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<ExpertChoice> Chosen(ExpertConfig config, const std::vector<float>& logits,
                                 const std::vector<float>& bias = {}) {
  config.count = logits.size();
  std::vector<ExpertChoice> out(config.used);
  ChooseExperts(config, logits, bias.empty() ? nullptr : bias.data(), out);
  return out;
}

std::vector<uint32_t> Numbers(const std::vector<ExpertChoice>& chosen) {
  std::vector<uint32_t> out;
  for (const ExpertChoice& choice : chosen) out.push_back(choice.expert);
  return out;
}

using Experts = std::vector<uint32_t>;

TEST(Router, SoftmaxOfTheChosenIsSoftmaxOfAllNormalised) {
  const auto chosen = Chosen({.used = 2}, {1, 3, -2, 2});
  EXPECT_EQ(Numbers(chosen), (Experts{1, 3}));
  EXPECT_FLOAT_EQ(chosen[0].weight, 1 / (1 + std::exp(-1.0F)));
  EXPECT_FLOAT_EQ(chosen[1].weight, 1 / (1 + std::exp(1.0F)));
}

TEST(Router, WeightsThatAreNotNormalisedAreSharesOfAll) {
  const auto chosen = Chosen({.used = 1, .normalised = false, .scale = 2.5F}, {0, 0, 0, 0});
  EXPECT_FLOAT_EQ(chosen[0].weight, 2.5F / 4);
}

TEST(Router, OfEqualScoresTheFirstIsChosen) {
  EXPECT_EQ(Numbers(Chosen({.used = 3}, {5, 7, 5, 7, 5})), (Experts{1, 3, 0}));
}

TEST(Router, TheChoiceBiasChoosesButDoesNotWeigh) {
  const ExpertConfig config{.used = 2, .score = RouterScore::kSigmoid, .choice_bias = true, .sum_floor = 0.5F};
  const auto chosen = Chosen(config, {0, 4, -4}, {10, 0, 20});
  EXPECT_EQ(Numbers(chosen), (Experts{2, 0}));
  const float low = 1 / (1 + std::exp(4.0F));
  EXPECT_FLOAT_EQ(chosen[0].weight, low / (low + 0.5F + 0.5F));
  EXPECT_FLOAT_EQ(chosen[1].weight, 0.5F / (low + 0.5F + 0.5F));
}

// Groups {0.9, 0.1}, {0.6, 0.5}, {0.8, 0}: by the sum of two the second is the best, by the largest alone the first would be.
TEST(Router, GroupsAreRankedByTheirTwoBest) {
  const auto logit = [](float p) { return std::log(p / (1 - p)); };
  const std::vector<float> logits{logit(0.9F), logit(0.1F), logit(0.6F), logit(0.5F), logit(0.8F), logit(0.001F)};
  ExpertConfig config{.used = 2, .score = RouterScore::kSigmoid, .groups = 3, .groups_used = 1};
  EXPECT_EQ(Numbers(Chosen(config, logits)), (Experts{2, 3}));
  config.groups_used = 2;
  EXPECT_EQ(Numbers(Chosen(config, logits)), (Experts{0, 2}));
  config.groups_used = 3;
  EXPECT_EQ(Numbers(Chosen(config, logits)), (Experts{0, 4}));
}

TEST(Router, GroupsMayBeRankedByTheirBest) {
  const ExpertConfig config{.used = 2, .groups = 3, .groups_used = 1, .group_maximum = true, .normalised = false};
  EXPECT_EQ(Numbers(Chosen(config, {1, 1, 2, -2, 1.9F, 1.8F})), (Experts{2, 3}));
}

TEST(Router, ALogitThatIsNotANumberReachesTheWeights) {
  const auto chosen = Chosen({.used = 2}, {1, kNan, 3});
  for (const ExpertChoice& choice : chosen) {
    EXPECT_LT(choice.expert, 3U);
    EXPECT_TRUE(std::isnan(choice.weight));
  }
  EXPECT_EQ(Numbers(Chosen({.used = 2, .score = RouterScore::kSigmoid}, {1, kNan, 3})), (Experts{2, 0}));
}

TEST(Router, ExtremeLogitsGiveWholeWeights) {
  const auto chosen = Chosen({.used = 2}, {1e30F, -1e30F, -std::numeric_limits<float>::infinity()});
  EXPECT_EQ(Numbers(chosen), (Experts{0, 1}));
  EXPECT_EQ(chosen[0].weight, 1);
  EXPECT_EQ(chosen[1].weight, 0);
}

}  // namespace
}  // namespace sheepop
