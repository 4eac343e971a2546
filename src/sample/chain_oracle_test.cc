// Chain against a slow and clear oracle: every candidate in one list, sorted after each change. Both see the same
// weights; what is compared is every shortcut: group maxima, windows, histograms, lazily edited rows.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"
#include "kernel/kernels.h"
#include "sample/chain.h"
#include "sample/profile.h"
#include "sample/real_math.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

class Oracle {
 public:
  explicit Oracle(const std::vector<float>& logits) {
    for (size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] > -kInfinity) list_.push_back({static_cast<Token>(i), logits[i]});
    }
    Sort();
  }

  const std::vector<Candidate>& list() const { return list_; }
  uint64_t Weight(const Candidate& c) const {
    uint32_t weight = 0;
    const kernel::WeightScale scale = {std::min(list_[0].logit, kLargest),
                                       static_cast<float>(std::clamp(1 / temperature_, 1e-30, 1e30))};
    kernel::KernelsFor(Isa::kReference).select.weights(&c.logit, 1, scale, &weight);
    return weight;
  }
  uint64_t Mass() const {
    uint64_t mass = 0;
    for (const Candidate& c : list_) mass += Weight(c);
    return mass;
  }

  void Temperature(double t) {
    if (t == 0) return TopK(1);
    temperature_ *= t;
  }
  void TopK(size_t k) { list_.resize(std::min(k, list_.size())); }
  void TopP(double p) {
    if (p >= 1) return;
    const double target = std::max(1.0, std::ceil(p * (1 - 0x1p-20) * static_cast<double>(Mass())));
    uint64_t sum = 0;
    for (size_t i = 0; i < list_.size(); ++i) {
      sum += Weight(list_[i]);
      if (static_cast<double>(sum) >= target) return TopK(i + 1);
    }
  }
  void MinP(double p) {
    const double best = std::min(list_[0].logit, kLargest);
    const double lowest = best - (-Ln(p) + 0x1p-20) * temperature_;
    std::erase_if(list_, [&](const Candidate& c) { return c.logit < lowest; });
  }
  void Penalties(const SamplingOptions& options, std::span<const Token> history) {
    for (Candidate& c : list_) {
      const auto count = std::count(history.begin(), history.end(), c.token);
      if (count == 0) continue;
      double logit = c.logit;
      if (options.repeat_penalty != 1) {
        logit = Clamped(logit * (logit > 0 ? 1 / options.repeat_penalty : options.repeat_penalty));
      }
      if (options.presence_penalty != 0) logit = Clamped(logit - options.presence_penalty * temperature_);
      if (options.frequency_penalty != 0) {
        logit = Clamped(logit - options.frequency_penalty * static_cast<double>(count) * temperature_);
      }
      c.logit = static_cast<float>(logit);
    }
    Sort();
  }
  void Ban(Token token) {
    std::erase_if(list_, [&](const Candidate& c) { return c.token == token; });
  }
  Token Draw(double u) const {
    const uint64_t mass = Mass();
    const uint64_t below = std::min(static_cast<uint64_t>(u * static_cast<double>(mass)), mass - 1);
    uint64_t sum = 0;
    for (const Candidate& c : list_) {
      sum += Weight(c);
      if (sum > below) return c.token;
    }
    return list_.back().token;
  }

 private:
  static float Clamped(double x) {
    return static_cast<float>(std::clamp(x, -static_cast<double>(kLargest), static_cast<double>(kLargest)));
  }
  void Sort() {
    std::sort(list_.begin(), list_.end(), [](const Candidate& a, const Candidate& b) {
      return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
    });
  }

  std::vector<Candidate> list_;
  double temperature_ = 1;
};

std::vector<float> RandomRow(std::mt19937& random, size_t size) {
  std::normal_distribution<float> bell(0, 1);
  const float special[] = {NAN, kInfinity, -kInfinity, 0.0f, -0.0f, 1e-42f, -1e-42f, 3e38f, -3e38f};
  const float spread = std::array{0.0f, 0.1f, 1.0f, 3.0f, 30.0f}[random() % 5];
  const auto kind = random() % 5;
  std::vector<float> row(size);
  for (float& logit : row) {
    logit = bell(random) * spread + 1;
    if (kind == 1) logit = std::round(logit);
    if (kind == 2 && random() % 16 == 0) logit = special[random() % std::size(special)];
    if (kind == 3) logit = -kInfinity;
    if (kind == 4 && random() % 64 == 0) logit += 10;
  }
  if (kind == 3) row[random() % size] = 3;
  return row;
}

SamplingOptions RandomOptions(std::mt19937& random, size_t size) {
  const auto one_of = [&](auto... values) {
    const double list[] = {static_cast<double>(values)...};
    return list[random() % std::size(list)];
  };
  SamplingOptions options;
  options.temperature = one_of(0, 0.01, 0.5, 0.8, 1, 1, 1.5, 10, 1e5);
  options.top_k = static_cast<int64_t>(one_of(0, 0, 1, 5, 40, 50, 700, 3000, static_cast<double>(size)));
  options.top_p = one_of(0, 0.1, 0.5, 0.9, 0.95, 0.95, 0.999, 1, 1);
  options.min_p = one_of(0, 0, 0.01, 0.05, 0.5, 1);
  options.repeat_penalty = one_of(1, 1, 1.1, 2);
  options.presence_penalty = one_of(0, 0, 1.5);
  options.frequency_penalty = one_of(0, 0, 0.7);
  options.repeat_last_n = static_cast<int64_t>(one_of(-1, 0, 3, 64));
  options.penalty_scope = PenaltyScope::kShared;
  options.samplers = {"penalties", "temperature", "top_k", "top_p", "min_p"};
  std::shuffle(options.samplers.begin(), options.samplers.end(), random);
  return options;
}

class ChainOracle : public ::testing::TestWithParam<Isa> {};

TEST_P(ChainOracle, EveryShortcutGivesTheSortedAnswer) {
  std::mt19937 random(7);
  for (int round = 0; round < 1500; ++round) {
    const size_t size = std::array<size_t, 6>{1, 5, 64, 700, 4096, 5000}[random() % 6];
    const std::vector<float> row = RandomRow(random, size);
    SamplingOptions options = RandomOptions(random, size);
    std::vector<Token> history(random() % 40);
    for (Token& token : history) token = static_cast<Token>(random() % size);
    Oracle oracle(row);
    if (oracle.list().empty()) continue;
    if (random() % 3 == 0 && oracle.list().size() > 1) {
      options.banned.assign(1, oracle.list()[0].token);
      oracle.Ban(oracle.list()[0].token);
    }
    SequenceState state(1, 0, history);
    for (const std::string& name : options.samplers) {
      if (name == "penalties") oracle.Penalties(options, state.Last(options.repeat_last_n));
      if (name == "temperature") oracle.Temperature(options.temperature);
      if (name == "top_k" && options.top_k) oracle.TopK(static_cast<size_t>(options.top_k));
      if (name == "top_p") oracle.TopP(options.top_p);
      if (name == "min_p" && options.min_p > 0) oracle.MinP(options.min_p);
    }
    const ListVocabulary vocabulary(size);
    const Chain chain = Chain::Build(options, vocabulary, GetParam());
    const Candidates& candidates = chain.Filter({row, {}}, state);
    SCOPED_TRACE(fmt::format("round {} size {} T {} top_k {} top_p {} min_p {} order {} kept {}", round, size,
                             options.temperature, options.top_k, options.top_p, options.min_p,
                             fmt::join(options.samplers, ";"), oracle.list().size()));
    ASSERT_EQ(candidates.Count(), oracle.list().size());
    ASSERT_EQ(candidates.Mass(), oracle.Mass());
    const std::vector<Candidate> first = candidates.First(size);
    for (size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(first[i].token, oracle.list()[i].token) << i;
      ASSERT_EQ(first[i].logit, oracle.list()[i].logit) << i;
    }
    for (double u : {0.0, 0.3, 0.77, 0.999999, std::nextafter(1.0, 0.0)}) {
      const Drawn drawn = candidates.Draw(u);
      ASSERT_EQ(drawn.token, oracle.Draw(u));
      ASSERT_EQ(oracle.list()[drawn.rank].token, drawn.token);
      ASSERT_LE(drawn.low, u);
      ASSERT_GE(drawn.high * (1 + 1e-15), u);
      ASSERT_EQ(candidates.Rank(*candidates.Find(drawn.token)), drawn.rank);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, ChainOracle, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()),
                         [](const auto& isa) { return std::string(Name(isa.param)); });

// A trace looks at every stage; looking must not change what is drawn.
TEST(Chain, TracingChangesNothing) {
  struct Sink : TraceSink {
    std::vector<Token> watch = {0, 1, 2};
    std::span<const Token> watched() const override { return watch; }
    void OnTrace(Trace trace) override { last = std::move(trace); }
    Trace last;
  } sink;
  std::mt19937 random(8);
  for (int round = 0; round < 300; ++round) {
    const size_t size = std::array<size_t, 3>{64, 700, 5000}[random() % 3];
    const std::vector<float> row = RandomRow(random, size);
    const SamplingOptions options = RandomOptions(random, size);
    const ListVocabulary vocabulary(size);
    const Chain chain = Chain::Build(options, vocabulary);
    SequenceState plain(random(), 0, {}), traced(plain.seed(), 0, {});
    for (int i = 0; i < 3; ++i) {
      const Choice a = chain.Sample({row, {}}, plain);
      const Choice b = chain.Sample({row, {}}, traced, &sink);
      ASSERT_EQ(a.token, b.token) << round;
      ASSERT_EQ(a.prob, b.prob);
      ASSERT_EQ(a.rank, b.rank);
      ASSERT_EQ(sink.last.chosen.token, a.token);
    }
  }
}

TEST(Chain, GroupMaximaFromTheModelChangeNothing) {
  std::mt19937 random(9);
  for (int round = 0; round < 300; ++round) {
    const size_t size = std::array<size_t, 3>{64, 700, 5000}[random() % 3];
    const std::vector<float> row = RandomRow(random, size);
    std::vector<float> maxima;
    for (size_t g = 0; g < size; g += 64) {
      float maximum = -kInfinity;
      for (size_t i = g; i < std::min(size, g + 64); ++i) maximum = row[i] > maximum ? row[i] : maximum;
      maxima.push_back(maximum);
    }
    const ListVocabulary vocabulary(size);
    const Chain chain = Chain::Build(RandomOptions(random, size), vocabulary);
    SequenceState without(random(), 0, {}), with(without.seed(), 0, {});
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(chain.Sample({row, {}}, without).token, chain.Sample({row, maxima}, with).token);
    }
  }
}

}  // namespace
}  // namespace sheepop
