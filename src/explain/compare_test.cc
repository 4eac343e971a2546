#include "explain/compare.h"

#include <gtest/gtest.h>

#include "explain/run.h"
#include "explain/test_vocabulary.h"

namespace sheepop {
namespace {

// Runs `first` over `rows` and compares `second` on the same numbers.
std::optional<Divergence> Diverge(const SamplingOptions& first, const SamplingOptions& second,
                                  const std::vector<std::vector<float>>& rows, double u) {
  const TestVocabulary vocabulary({"red", "green", "blue"});
  const std::vector<Token> prompt = {0};
  const Isa isa = AvailableIsas().back();
  SettingsComparison comparison(first, second, vocabulary, isa, 1, prompt, 3);
  const Chain chain = Chain::Build(first, vocabulary, isa);
  SequenceState state(1, 0, prompt);
  for (const std::vector<float>& row : rows) comparison.OnStep(row, chain.SampleAt(u, {row, {}}, state));
  return comparison.divergence();
}

SamplingOptions With(int64_t top_k, double temperature = 1) {
  SamplingOptions options;
  options.top_k = top_k;
  options.top_p = 1;
  options.temperature = temperature;
  return options;
}

TEST(Compare, TheSameSettingsNeverDiverge) {
  EXPECT_FALSE(Diverge(With(2), With(2), {{2, 1, 0}, {0, 1, 2}, {1, 1, 1}}, 0.7));
}

TEST(Compare, NamesTheStepThatRemovedAToken) {
  const auto found = Diverge(With(0), With(1), {{9, 0, 0}, {2, 1.9f, 1}}, 0.6);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1u);
  EXPECT_EQ(found->first.chosen.token, 1);
  EXPECT_EQ(found->second.chosen.token, 0);
  EXPECT_EQ(found->stage, "top_k");
  EXPECT_EQ(found->cause, "top_k removes \"green\" under the second settings; u = 0.600000 then draws \"red\"");
}

TEST(Compare, SaysWhenOnlyProbabilitiesDiffer) {
  const auto found = Diverge(With(0, 1), With(0, 4), {{2, 1, 0}}, 0.6);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 0u);
  EXPECT_EQ(found->stage, "temperature");
  EXPECT_NE(found->cause.find("both keep both tokens"), std::string::npos) << found->cause;
}

TEST(Compare, NothingChangesAfterTheDivergence) {
  const auto once = Diverge(With(0), With(1), {{2, 1.9f, 1}}, 0.6);
  const auto twice = Diverge(With(0), With(1), {{2, 1.9f, 1}, {1, 2, 1.9f}}, 0.6);
  ASSERT_TRUE(once && twice);
  EXPECT_EQ(once->step, twice->step);
  EXPECT_EQ(once->cause, twice->cause);
}

TEST(Compare, ChangedSettingsAreThoseThatDiffer) {
  SamplingOptions other;
  other.top_k = 7;
  const std::vector<ChangedSetting> changed = ChangedSettings(SamplingOptions(), other);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].field, "top_k");
  EXPECT_EQ(changed[0].first, "50");
  EXPECT_EQ(changed[0].second, "7");
  EXPECT_TRUE(ChangedSettings(other, other).empty());
}

}  // namespace
}  // namespace sheepop
