#include "sample/trace.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sample/chain.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

struct Recorder : TraceSink {
  std::vector<Token> watch;
  Trace trace;
  std::span<const Token> watched() const override { return watch; }
  void OnTrace(Trace t) override { trace = std::move(t); }
};

std::vector<float> Logs(std::initializer_list<double> probabilities) {
  std::vector<float> logits;
  for (double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

Trace Watch(const SamplingOptions& options, const std::vector<float>& logits, std::vector<Token> watch) {
  const ListVocabulary vocabulary(logits.size());
  Recorder recorder;
  recorder.watch = std::move(watch);
  SequenceState state(0, 0, {});
  Chain::Build(options, vocabulary).Sample({logits, {}}, state, &recorder);
  return recorder.trace;
}

TEST(Trace, MassEntropyAndTemperatureOfEachStage) {
  SamplingOptions options;
  options.top_k = 4;
  options.top_p = 0.7;
  const Trace trace = Watch(options, Logs({0.25, 0.25, 0.25, 0.125, 0.0625, 0.0625}), {5});
  EXPECT_EQ(trace.entry.name, "logits");
  EXPECT_EQ(trace.entry.kept, 6u);
  EXPECT_NEAR(trace.entry.entropy_bits, 3 * 0.5 + 3 / 8.0 + 2 * 4 / 16.0, 1e-6);
  ASSERT_EQ(trace.stages.size(), 3u);
  EXPECT_EQ(trace.stages[0].removed_mass, 0);
  EXPECT_NEAR(trace.stages[1].removed_mass, 0.125, 1e-6);
  EXPECT_EQ(trace.stages[2].kept, 3u);
  EXPECT_NEAR(trace.stages[2].removed_mass, 1 / 7.0, 1e-6);
  EXPECT_NEAR(trace.stages[2].entropy_bits, std::log2(3), 1e-6);
  EXPECT_NEAR(trace.entry.watched[0].probability, 0.0625, 1e-6);
  EXPECT_EQ(trace.watched[0].removed_by, "top_k");
  EXPECT_EQ(trace.watched[0].rank, 5u);
}

TEST(Trace, MassIsRightWhenTheBestIsRemoved) {
  SamplingOptions options;
  options.top_k = 0;
  options.top_p = 1;
  options.xtc_probability = 1;
  options.xtc_threshold = 0.15;
  const Trace trace = Watch(options, Logs({0.4, 0.3, 0.2, 0.1}), {0});
  EXPECT_NEAR(trace.stages.back().removed_mass, 0.7, 1e-6);
  EXPECT_EQ(trace.watched[0].removed_by, "xtc");
  ASSERT_FALSE(trace.watched[0].remedies.empty());
  EXPECT_EQ(trace.watched[0].remedies[0].field, "xtc_threshold");
}

Remedy FirstRemedy(const SamplingOptions& options, const std::vector<float>& logits, Token token) {
  const Trace trace = Watch(options, logits, {token});
  return trace.watched[0].remedies.empty() ? Remedy{} : trace.watched[0].remedies[0];
}

TEST(Remedies, SmallestChangeOfTheSettingThatRemoved) {
  const std::vector<float> logits = Logs({0.4, 0.3, 0.2, 0.05, 0.03, 0.02});
  SamplingOptions options;
  options.top_p = 1;
  options.top_k = 3;
  Remedy remedy = FirstRemedy(options, logits, 4);
  EXPECT_EQ(remedy.field, "top_k");
  EXPECT_EQ(remedy.from, "3");
  EXPECT_EQ(remedy.to, "5");

  options.top_k = 0;
  options.top_p = 0.8;
  remedy = FirstRemedy(options, logits, 3);
  EXPECT_EQ(remedy.field, "top_p");
  EXPECT_NEAR(std::stod(remedy.to), 0.9, 2e-5);

  options.top_p = 1;
  options.min_p = 0.3;
  remedy = FirstRemedy(options, logits, 4);
  EXPECT_EQ(remedy.field, "min_p");
  EXPECT_NEAR(std::stod(remedy.to), 0.03 / 0.4, 2e-5);
}

TEST(Remedies, NoneWhenTwoSettingsStandInTheWay) {
  const std::vector<float> logits = Logs({0.4, 0.3, 0.2, 0.05, 0.03, 0.02});
  SamplingOptions options;
  options.top_k = 3;
  options.top_p = 0.5;
  EXPECT_EQ(FirstRemedy(options, logits, 5).field, "");
  options.top_k = 0;
  options.top_p = 1;
  options.banned = {Token{5}};
  EXPECT_EQ(FirstRemedy(options, logits, 5).field, "");
}

}  // namespace
}  // namespace sheepop
