// Random settings on random rows: never a crash, always a candidate or a clear error, and the same draw from every
// instruction set. SHEEPOP_RANDOM_CHAINS sets how many (20,000 by default).
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/profile.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  size_t Below(size_t n) { return static_cast<size_t>(random_() % n); }
  bool Chance(size_t one_in) { return Below(one_in) == 0; }

  std::vector<float> Row(size_t size) {
    static constexpr float kSpecial[] = {NAN,    INFINITY, -INFINITY,     0.0f,          -0.0f,
                                         1e-42f, -1e-42f,  3.4028235e38f, -3.4028235e38f};
    std::normal_distribution<float> bell(0, 1);
    const float spread = std::array{0.0f, 0.01f, 1.0f, 5.0f, 1e30f}[Below(5)];
    std::vector<float> row(size);
    const size_t kind = Below(6);
    for (float& logit : row) {
      logit = bell(random_) * spread;
      if (kind == 1) logit = std::round(logit);
      if (kind == 2 || (kind == 3 && Chance(10))) logit = kSpecial[Below(std::size(kSpecial))];
      if (kind == 4) logit = -INFINITY;
      if (kind == 5) logit = NAN;
    }
    if (kind >= 4 && !Chance(4)) row[Below(size)] = bell(random_) * spread;
    return row;
  }

  SamplingOptions Options(size_t vocabulary) {
    SamplingOptions options = Profiles()[Below(Profiles().size())].defaults;
    for (const OptionRow& row : kSamplingRows) {
      if (Chance(3)) Change(options, row, vocabulary);
    }
    return options;
  }

  std::vector<Token> History(size_t vocabulary) {
    std::vector<Token> history(Below(30));
    for (Token& token : history) token = static_cast<Token>(Below(std::min<size_t>(vocabulary, 1 + Below(8))));
    return history;
  }

 private:
  double Real(const Bounds& bounds) {
    const double values[] = {bounds.low, bounds.high, 0, 1, 0.5, 1e-30, 1e-3, 0.99999, NAN, -1, 1e300};
    const double value =
        Chance(2) ? values[Below(std::size(values))] : std::ldexp(static_cast<double>(Below(1000)), -10);
    return Chance(50) ? value : std::min(std::max(value, bounds.low), bounds.high);
  }

  void Change(SamplingOptions& options, const OptionRow& row, size_t vocabulary) {
    const Bounds& bounds = row.allowed.bounds;
    if (auto* real = kSamplingTable.As<double>(options, row)) {
      *real = Real(bounds);
    } else if (auto* count = kSamplingTable.As<int64_t>(options, row)) {
      const auto value = static_cast<int64_t>(Chance(4) ? Below(vocabulary + 5) : Below(4));
      *count = Chance(50) ? value - 2 : std::min(value, static_cast<int64_t>(bounds.high));
    } else if (auto* flag = kSamplingTable.As<bool>(options, row)) {
      *flag = Chance(2);
    }
    const auto token = static_cast<Token>(Below(vocabulary + (Chance(50) ? 3 : 0)));
    if (row.name == "banned") options.banned.emplace_back(token);
    if (row.name == "allowed" && Chance(3)) options.allowed.emplace_back(token);
    if (row.name == "logit_bias") options.logit_bias.push_back({token, Real(bounds)});
    if (row.name == "bad_words" && Chance(4)) options.bad_words.push_back(fmt::format("t{}", Below(20)));
    if (row.name == "bad_sequences") options.bad_sequences.push_back({token, 0});
    if (row.name == "penalty_scope") options.penalty_scope = static_cast<PenaltyScope>(Below(3));
    if (row.name == "samplers" && Chance(3)) {
      static const char* kNames[] = {"penalties", "dry",       "temperature", "top_k",   "top_p",
                                     "min_p",     "typical_p", "top_n_sigma", "epsilon", "eta",
                                     "xtc",       "mirostat",  "temperature", "top_p"};
      for (size_t i = 1 + Below(8); i > 0; --i) options.samplers.emplace_back(kNames[Below(std::size(kNames))]);
    }
  }

  std::mt19937_64 random_;
};

struct CountingSink : TraceSink {
  std::vector<Token> watch = {0, 3};
  size_t traces = 0;
  std::span<const Token> watched() const override { return watch; }
  void OnTrace(Trace trace) override { traces += !trace.stages.empty() || trace.entry.kept > 0; }
};

// What one chain drew in three steps, or the error it gave.
std::string Outcome(const SamplingOptions& options, const SamplingVocabulary& vocabulary, const std::vector<float>& row,
                    const std::vector<Token>& history, Isa isa, TraceSink* sink) {
  try {
    const Chain chain = Chain::Build(options, vocabulary, isa);
    SequenceState state(1, 0, history);
    std::string outcome;
    for (int i = 0; i < 3; ++i) {
      const Choice choice = chain.Sample({row, {}}, state, sink);
      EXPECT_GT(row[static_cast<size_t>(choice.token)], -INFINITY);
      EXPECT_GT(choice.prob, 0);
      EXPECT_LE(choice.prob, 1);
      outcome += fmt::format("{} {:a} {};", choice.token, choice.prob, choice.rank);
    }
    return outcome;
  } catch (const Error& error) {
    EXPECT_TRUE(error.category() == ErrorCategory::kInvalidArgument || error.category() == ErrorCategory::kCorrupt);
    return error.what();
  }
}

TEST(RandomChains, ACandidateOrAClearErrorAndOneResult) {
  const char* wanted = std::getenv("SHEEPOP_RANDOM_CHAINS");
  const uint64_t chains = wanted ? std::strtoull(wanted, nullptr, 10) : 20000;
  std::map<size_t, ListVocabulary> vocabularies;
  for (size_t size : {1, 2, 20, 64, 65, 130, 3000}) {
    vocabularies.emplace(size, ListVocabulary(size, {static_cast<Token>(size - 1)}));
  }
  size_t drawn = 0;
  CountingSink sink;
  for (uint64_t seed = 0; seed < chains; ++seed) {
    Generator generator(seed);
    const size_t size =
        std::array<size_t, 9>{1, 2, 20, 20, 64, 65, 65, 130, seed % 20 == 0 ? 3000u : 20u}[generator.Below(9)];
    const ListVocabulary& vocabulary = vocabularies.at(size);
    const std::vector<float> row = generator.Row(size);
    const SamplingOptions options = generator.Options(size);
    const std::vector<Token> history = generator.History(size);
    SCOPED_TRACE(seed);
    const std::string outcome = Outcome(options, vocabulary, row, history, Isa::kReference, nullptr);
    drawn += outcome.ends_with(';');
    for (Isa isa : AvailableIsas()) {
      const bool traced = isa == Isa::kReference && seed % 16 == 0;
      if (isa == Isa::kReference && !traced) continue;
      ASSERT_EQ(Outcome(options, vocabulary, row, history, isa, traced ? &sink : nullptr), outcome) << Name(isa);
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(drawn, chains / 4);
  EXPECT_GT(sink.traces, chains / 64);
  std::printf("  %zu of %zu chains drew a token, the others gave an error\n", drawn, static_cast<size_t>(chains));
}

}  // namespace
}  // namespace sheepop
