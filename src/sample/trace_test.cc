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

// What is proposed has six digits, rounded towards keeping the token, and less would not do.
TEST(Remedies, AreShortAndTheLeastThatDo) {
  const std::vector<float> logits = Logs({0.4, 0.3, 0.2, 0.05, 0.03, 0.02});
  const auto kept = [&](const SamplingOptions& options, Token token) {
    const ListVocabulary vocabulary(logits.size());
    SequenceState state(1, 0, {});
    return Chain::Build(options, vocabulary).Filter({logits, {}}, state).Find(token).has_value();
  };
  SamplingOptions neutral;
  neutral.top_k = 0;
  neutral.top_p = 1;
  struct Case {
    std::string_view field;
    double SamplingOptions::* setting;
    double removing;
    Token token;
  };
  for (const Case& c : {Case{"top_p", &SamplingOptions::top_p, 0.3, 1}, Case{"top_p", &SamplingOptions::top_p, 0.5, 4},
                        Case{"min_p", &SamplingOptions::min_p, 0.9, 2}, Case{"min_p", &SamplingOptions::min_p, 0.3, 5},
                        Case{"typical_p", &SamplingOptions::typical_p, 0.5, 3},
                        Case{"top_n_sigma", &SamplingOptions::top_n_sigma, 0.25, 3},
                        Case{"epsilon_cutoff", &SamplingOptions::epsilon_cutoff, 0.25, 2},
                        Case{"eta_cutoff", &SamplingOptions::eta_cutoff, 0.8, 4}}) {
    SamplingOptions options = neutral;
    options.*c.setting = c.removing;
    ASSERT_FALSE(kept(options, c.token)) << c.field;
    const Remedy remedy = FirstRemedy(options, logits, c.token);
    EXPECT_EQ(remedy.field, c.field);
    const double to = std::stod(remedy.to);
    EXPECT_LE(remedy.to.size() - (to < 1 ? 2 : 1), 9U) << remedy.to;
    options.*c.setting = to;
    EXPECT_TRUE(kept(options, c.token)) << c.field << " " << remedy.to;
    options.*c.setting = to + (c.removing < to ? -1 : 1) * 2e-5 * to;
    EXPECT_FALSE(kept(options, c.token)) << c.field << " " << remedy.to;
  }
  for (const int64_t k : {1, 2, 3, 4, 5}) {
    SamplingOptions options = neutral;
    options.top_k = k;
    for (Token token = static_cast<Token>(k); token < 6; ++token) {
      EXPECT_EQ(FirstRemedy(options, logits, token).to, std::to_string(token + 1)) << k;
    }
  }
}

// A sequence that would not be drawn from at random is, where that is what kept the token out.
TEST(Remedies, SamplingAtAll) {
  SamplingOptions options;
  options.do_sample = false;
  options.top_k = 0;
  options.top_p = 1;
  const Remedy remedy = FirstRemedy(options, Logs({0.5, 0.3, 0.2}), 1);
  EXPECT_EQ(remedy.field, "do_sample");
  EXPECT_EQ(remedy.from, "false");
  EXPECT_EQ(remedy.to, "true");
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
