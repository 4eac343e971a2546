// What conformance cases of other engines do not cover of single steps.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/real_math.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

SamplingOptions Neutral() {
  SamplingOptions options;
  options.top_k = 0;
  options.top_p = 1;
  return options;
}

std::vector<Token> Kept(const SamplingOptions& options, const SamplingVocabulary& vocabulary, SequenceState& state,
                        std::vector<float> logits = {}) {
  if (logits.empty()) logits.assign(vocabulary.size(), 0.0f);
  const Chain chain = Chain::Build(options, vocabulary);
  std::vector<Token> kept;
  for (const Candidate& c : chain.Filter({logits, {}}, state).First(logits.size())) kept.push_back(c.token);
  return kept;
}

TEST(BadWords, NeverAppearHoweverTheyAreSplit) {
  const ListVocabulary vocabulary({"b", "ad", "a", "d", "bad", "badge", "sba", "good", " "});
  SamplingOptions options = Neutral();
  options.bad_words = {"bad"};
  const Chain chain = Chain::Build(options, vocabulary);
  const std::vector<float> logits(vocabulary.size(), 0.0f);
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SequenceState state(seed, 0, {});
    std::string text;
    for (int i = 0; i < 30; ++i) text += vocabulary.piece(chain.Sample({logits, {}}, state).token);
    ASSERT_EQ(text.find("bad"), std::string::npos) << text;
  }
  const Token sba[] = {6};
  SequenceState state(0, 0, sba);
  EXPECT_EQ(Kept(options, vocabulary, state), (std::vector<Token>{0, 1, 2, 6, 7, 8}));
}

TEST(LogitBias, ByIdAndByText) {
  const ListVocabulary vocabulary({"a", "sheep", "7"});
  SamplingOptions options = Neutral();
  for (const char* bias : {"0=-3", "sheep=2", "\"7\"=1"}) kSamplingTable.Set(options, "logit_bias", bias);
  SequenceState state(0, 0, {});
  const Chain chain = Chain::Build(options, vocabulary);
  const std::vector<float> logits = {0, 0, 0};
  const auto first = chain.Filter({logits, {}}, state).First(3);
  EXPECT_EQ(first[0].token, 1);
  EXPECT_EQ(first[0].logit, 2);
  EXPECT_EQ(first[1].logit, 1);
  EXPECT_EQ(first[2].logit, -3);
  kSamplingTable.Set(options, "banned", "wolf");
  EXPECT_THROW(Chain::Build(options, vocabulary), Error);
}

TEST(AllowedTokens, WithBansMayLeaveNothing) {
  const ListVocabulary vocabulary(200);
  SamplingOptions options = Neutral();
  options.allowed = {Token{3}, Token{130}};
  SequenceState state(0, 0, {});
  EXPECT_EQ(Kept(options, vocabulary, state), (std::vector<Token>{3, 130}));
  options.banned = {Token{3}, Token{130}};
  const std::vector<float> logits(200, 0.0f);
  const Chain chain = Chain::Build(options, vocabulary);
  try {
    chain.Sample({logits, {}}, state);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "allowed leaves no token to draw at position 0, after banned; let at least one through: drop one of "
                 "these settings, or change it");
  }
  EXPECT_EQ(state.position(), 0u);
}

TEST(Dry, StopsAtBreakersAndGrowsWithLength) {
  const ListVocabulary vocabulary({"x", "y", "z", "\n", "w"});
  SamplingOptions options = Neutral();
  options.dry_multiplier = 1;
  options.dry_base = 2;
  options.dry_allowed_length = 2;
  const std::vector<float> logits(5, 0.0f);
  const auto logit_of = [&](std::vector<Token> history, Token token) {
    SequenceState state(0, 0, history);
    return Chain::Build(options, vocabulary).Filter({logits, {}}, state).Find(token)->logit;
  };
  EXPECT_EQ(logit_of({0, 1, 2, 0, 1}, 2), -1);
  EXPECT_EQ(logit_of({4, 0, 1, 2, 4, 0, 1}, 2), -2);
  EXPECT_EQ(logit_of({0, 1, 2, 4, 0, 1, 2, 4, 0, 1}, 2), -16);  // six tokens back repeat
  EXPECT_EQ(logit_of({0, 3, 1, 2, 0, 3, 1}, 2), 0);             // one token since the breaker
  EXPECT_EQ(logit_of({0, 1, 3, 0, 1}, 3), 0);                   // a breaker is never penalised
  options.dry_last_n = 4;
  EXPECT_EQ(logit_of({0, 1, 2, 0, 1}, 2), 0);
}

TEST(DynamicTemperature, FollowsEntropy) {
  const ListVocabulary vocabulary(4);
  SamplingOptions options = Neutral();
  options.dynatemp_range = 0.5;
  SequenceState state(0, 0, {});
  const Chain chain = Chain::Build(options, vocabulary);
  EXPECT_NEAR(chain.Filter({std::vector<float>{1, 1, 1, 1}, {}}, state).temperature(), 1.5, 1e-9);
  EXPECT_NEAR(chain.Filter({std::vector<float>{50, 1, 1, 1}, {}}, state).temperature(), 0.5, 1e-9);
  const std::vector<float> logits = {2, 1, 0, -1};
  double total = 0, entropy = 0;
  for (float l : logits) total += std::exp(l);
  for (float l : logits) entropy -= std::exp(l) / total * std::log(std::exp(l) / total);
  EXPECT_NEAR(chain.Filter({logits, {}}, state).temperature(), 0.5 + entropy / std::log(4), 1e-7);
}

TEST(Mirostat, KeepsSurpriseNearItsTarget) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = -1.1f * std::log(static_cast<float>(i + 1));
  const ListVocabulary vocabulary(logits.size());
  for (int version : {1, 2}) {
    for (double tau : {2.0, 4.0}) {
      SamplingOptions options = Neutral();
      options.mirostat = version;
      options.mirostat_tau = tau;
      const Chain chain = Chain::Build(options, vocabulary);
      SequenceState state(4, 0, {});
      double surprise = 0;
      for (int i = 0; i < 4000; ++i) {
        const double bits = -std::log2(chain.Sample({logits, {}}, state).prob);
        if (i >= 1000) surprise += bits / 3000;
      }
      EXPECT_NEAR(surprise, tau, 0.1) << "version " << version;
    }
  }
}

TEST(Mirostat, AForkLearnsForItself) {
  const ListVocabulary vocabulary(8);
  const std::vector<float> logits = {3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5};
  SamplingOptions options = Neutral();
  options.mirostat = 2;
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState first(1, 0, {});
  EXPECT_EQ(first.Recall<double>("mirostat"), nullptr);
  chain.SampleAt(0.1, {logits, {}}, first);
  ASSERT_NE(first.Recall<double>("mirostat"), nullptr);
  const double before = *first.Recall<double>("mirostat");
  SequenceState fork = first;
  EXPECT_EQ(*fork.Recall<double>("mirostat"), before);
  chain.SampleAt(0.99, {logits, {}}, fork);
  EXPECT_NE(*fork.Recall<double>("mirostat"), before);
  EXPECT_EQ(*first.Recall<double>("mirostat"), before);
}

TEST(Mirostat, ReplacesTheFilters) {
  const ListVocabulary vocabulary(3);
  SamplingOptions options;
  options.mirostat = 2;
  EXPECT_EQ(Chain::Build(options, vocabulary).step_names(), (std::vector<std::string_view>{"temperature", "mirostat"}));
  options.samplers = {"top_k"};
  EXPECT_THROW(Chain::Build(options, vocabulary), Error);
}

TEST(Penalties, ScopesDiffer) {
  const ListVocabulary vocabulary(4);
  const std::vector<float> logits = {1, 1, 1, 1};
  const auto run = [&](PenaltyScope scope) {
    SamplingOptions options = Neutral();
    options.penalty_scope = scope;
    options.repeat_penalty = 2;
    options.presence_penalty = 4;
    options.repeat_last_n = 2;
    const Token prompt[] = {0, 1};
    SequenceState state(0, 0, prompt);
    state.Accept(2);
    std::vector<float> changed(4);
    const Chain chain = Chain::Build(options, vocabulary);
    for (const Candidate& c : chain.Filter({logits, {}}, state).First(4))
      changed[static_cast<size_t>(c.token)] = c.logit;
    return changed;
  };
  EXPECT_EQ(run(PenaltyScope::kSplit), (std::vector<float>{1, 0.5f, -3.5f, 1}));
  EXPECT_EQ(run(PenaltyScope::kShared), (std::vector<float>{1, -3.5f, -3.5f, 1}));
  EXPECT_EQ(run(PenaltyScope::kOutput), (std::vector<float>{1, 1, -3.5f, 1}));
}

TEST(Xtc, DropsTheTopButTheLeastLikelyOfThem) {
  const ListVocabulary vocabulary(4);
  SamplingOptions options = Neutral();
  options.xtc_probability = 1;
  options.xtc_threshold = 0.15;
  std::vector<float> logits;
  for (double p : {0.4, 0.3, 0.2, 0.1}) logits.push_back(static_cast<float>(std::log(p)));
  SequenceState state(0, 0, {});
  EXPECT_EQ(Kept(options, vocabulary, state, logits), (std::vector<Token>{2, 3}));
  options.min_keep = 3;
  EXPECT_EQ(Kept(options, vocabulary, state, logits).size(), 4u);
}

}  // namespace
}  // namespace sheepop
