// Whether draws follow the distribution they should: chi-square tests over 10^6 draws for each filter, with fixed
// seeds.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sample/chain.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

constexpr size_t kDraws = 1000000;

std::vector<float> Logits(size_t size) {
  std::mt19937 random(11);
  std::normal_distribution<float> bell(0, 1.5f);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = bell(random);
  return logits;
}

// The value that a chi-square variable of so many degrees passes once in 10,000 times (Wilson and Hilferty, 1931).
double Critical(size_t degrees) {
  const double n = static_cast<double>(degrees);
  return n * std::pow(1 - 2 / (9 * n) + 3.719 * std::sqrt(2 / (9 * n)), 3);
}

// `expected` need not be normalised; a token with 0 must not be drawn.
void ExpectFits(const std::vector<uint64_t>& counts, const std::vector<double>& expected) {
  double total = 0, draws = 0, statistic = 0;
  for (double e : expected) total += e;
  for (uint64_t c : counts) draws += static_cast<double>(c);
  size_t cells = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double e = expected[i] / total * draws;
    if (e == 0) {
      EXPECT_EQ(counts[i], 0u) << i;
      continue;
    }
    if (e < 5) continue;
    statistic += (static_cast<double>(counts[i]) - e) * (static_cast<double>(counts[i]) - e) / e;
    ++cells;
  }
  ASSERT_GE(cells, 2u);
  EXPECT_LT(statistic, Critical(cells - 1)) << cells << " cells";
}

void Check(const std::string& what, const std::function<void(SamplingOptions&)>& change) {
  SCOPED_TRACE(what);
  const std::vector<float> logits = Logits(200);
  SamplingOptions options;
  options.top_k = 0;
  options.top_p = 1;
  change(options);
  const ListVocabulary vocabulary(logits.size());
  SequenceState state(5, 0, {});
  const Chain chain = Chain::Build(options, vocabulary);
  const Candidates& candidates = chain.Filter({logits, {}}, state);
  std::vector<double> expected(logits.size());
  for (const Candidate& c : candidates.First(logits.size())) {
    expected[static_cast<size_t>(c.token)] = std::exp(static_cast<double>(c.logit) / candidates.temperature());
  }
  std::vector<uint64_t> counts(logits.size());
  for (size_t i = 0; i < kDraws; ++i) {
    ++counts[static_cast<size_t>(candidates.Draw(RandomUnit(17, 0, i, RandomLane::kDraw)).token)];
  }
  ExpectFits(counts, expected);
}

TEST(Statistics, NoFilter) {
  Check("none", [](auto&) {});
}
TEST(Statistics, Temperature) {
  Check("0.7", [](auto& o) { o.temperature = 0.7; });
  Check("2", [](auto& o) { o.temperature = 2; });
}
TEST(Statistics, DynamicTemperature) {
  Check("dynatemp", [](auto& o) { o.dynatemp_range = 0.5; });
}
TEST(Statistics, TopK) {
  Check("top_k", [](auto& o) { o.top_k = 20; });
}
TEST(Statistics, TopP) {
  Check("top_p", [](auto& o) { o.top_p = 0.8; });
}
TEST(Statistics, MinP) {
  Check("min_p", [](auto& o) { o.min_p = 0.05; });
}
TEST(Statistics, TypicalP) {
  Check("typical_p", [](auto& o) { o.typical_p = 0.7; });
}
TEST(Statistics, TopNSigma) {
  Check("top_n_sigma", [](auto& o) { o.top_n_sigma = 1.5; });
}
TEST(Statistics, Cutoffs) {
  Check("epsilon", [](auto& o) { o.epsilon_cutoff = 0.01; });
  Check("eta", [](auto& o) { o.eta_cutoff = 0.02; });
}
TEST(Statistics, Mirostat) {
  Check("v1", [](auto& o) { o.mirostat = 1; });
  Check("v2", [](auto& o) { o.mirostat = 2; });
}

// XTC acts by a random number of its own: the draws are a mixture of the two distributions, and the share is its
// probability.
TEST(Statistics, Xtc) {
  const std::vector<float> logits = {3, 2.5f, 2, 1, 0};
  SamplingOptions options;
  options.top_k = 0;
  options.top_p = 1;
  options.xtc_probability = 0.3;
  options.xtc_threshold = 0.1;
  const ListVocabulary vocabulary(logits.size());
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState state(6, 0, {});
  std::vector<uint64_t> counts(logits.size());
  for (size_t i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(chain.Sample({logits, {}}, state).token)];
  double all = 0;
  for (float l : logits) all += std::exp(l);
  const double rest = std::exp(2.0) + std::exp(1.0) + 1;  // 0 and 1 are dropped, 2 is the least likely above 0.1
  std::vector<double> expected;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double e = std::exp(static_cast<double>(logits[i]));
    expected.push_back(0.7 * e / all + (i < 2 ? 0 : 0.3 * e / rest));
  }
  ExpectFits(counts, expected);
}

// Neighbouring sequences and positions of one seed are independent: pairs of draws fall evenly on a grid.
TEST(Statistics, SequencesAndPositionsAreIndependent) {
  std::vector<uint64_t> across(100), along(100);
  const auto cell = [](double u) { return static_cast<size_t>(u * 10); };
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double here = RandomUnit(1, 0, i, RandomLane::kDraw);
    ++across[cell(here) * 10 + cell(RandomUnit(1, 1, i, RandomLane::kDraw))];
    ++along[cell(here) * 10 + cell(RandomUnit(1, 0, i + 1, RandomLane::kDraw))];
  }
  ExpectFits(across, std::vector<double>(100, 1));
  ExpectFits(along, std::vector<double>(100, 1));
}

// The number of one position does not depend on what else was drawn.
TEST(Statistics, DrawsDependOnSeedSequenceAndPositionAlone) {
  const std::vector<float> logits(50, 0.0f);
  SamplingOptions options;
  options.top_k = 0;
  const ListVocabulary vocabulary(logits.size());
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState alone(9, 3, {}), beside(9, 3, {}), other(9, 4, {});
  for (int i = 0; i < 50; ++i) {
    const Token expected = chain.Sample({logits, {}}, alone).token;
    chain.Sample({logits, {}}, other);
    EXPECT_EQ(chain.Sample({logits, {}}, beside).token, expected);
  }
}

}  // namespace
}  // namespace sheepop
