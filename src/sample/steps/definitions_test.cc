// Steps against their definitions, in plain doubles over a sorted list.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

#include "sample/chain.h"
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

struct Entry {
  Token token;
  double logit, probability;
};

// Sorted by probability.
std::vector<Entry> Entries(const std::vector<float>& row) {
  std::vector<Entry> entries;
  double total = 0;
  for (size_t id = 0; id < row.size(); ++id) {
    entries.push_back({static_cast<Token>(id), row[id], std::exp(static_cast<double>(row[id]))});
    total += entries.back().probability;
  }
  for (Entry& entry : entries) entry.probability /= total;
  std::ranges::sort(entries, std::greater<>(), &Entry::logit);
  return entries;
}

double Entropy(const std::vector<Entry>& entries) {
  double entropy = 0;
  for (const Entry& entry : entries) entropy -= entry.probability * std::log(entry.probability);
  return entropy;
}

using Tokens = std::vector<Token>;

template <typename Wanted>
Tokens Where(const std::vector<Entry>& entries, const Wanted& wanted) {
  Tokens tokens;
  for (const Entry& entry : entries) {
    if (wanted(entry)) tokens.push_back(entry.token);
  }
  return tokens;
}

Tokens First(const std::vector<Entry>& entries, size_t count) {
  Tokens tokens;
  for (size_t i = 0; i < std::min(count, entries.size()); ++i) tokens.push_back(entries[i].token);
  return tokens;
}

Tokens Kept(const SamplingOptions& options, const std::vector<float>& row, const Tokens& history = {}) {
  const ListVocabulary vocabulary(row.size());
  SequenceState state(1, 0, history);
  const Chain chain = Chain::Build(options, vocabulary);
  Tokens kept;
  for (const Candidate& c : chain.Filter({row, {}}, state).First(row.size())) kept.push_back(c.token);
  return kept;
}

// Calls `check` with rows of different sizes and widths.
void ForRows(const std::function<void(const std::vector<float>&, const std::vector<Entry>&)>& check) {
  std::mt19937 random(17);
  std::normal_distribution<float> bell(0, 1);
  for (int round = 0; round < 40; ++round) {
    std::vector<float> row(std::array<size_t, 5>{1, 2, 3, 50, 300}[random() % 5]);
    const float width = std::array{0.3f, 1.0f, 3.0f}[random() % 3];
    for (float& logit : row) logit = bell(random) * width;
    SCOPED_TRACE(::testing::Message() << "round " << round << ", " << row.size() << " tokens");
    check(row, Entries(row));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Definitions, TopNSigma) {
  for (const double n : {0.25, 1.0, 2.0}) {
    ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
      double mean = 0, variance = 0;
      for (const Entry& entry : entries) mean += entry.logit / static_cast<double>(entries.size());
      for (const Entry& entry : entries) {
        variance += (entry.logit - mean) * (entry.logit - mean) / static_cast<double>(entries.size());
      }
      const double least = entries[0].logit - n * std::sqrt(variance);
      SamplingOptions options = Neutral();
      options.top_n_sigma = n;
      EXPECT_EQ(Kept(options, row), Where(entries, [&](const Entry& e) { return e.logit >= least - 1e-6; }));
    });
  }
}

TEST(Definitions, EpsilonAndEta) {
  for (const double cutoff : {0.001, 0.02, 0.3, 0.9}) {
    ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
      const auto at_least = [&](double least) {
        const Tokens tokens = Where(entries, [&](const Entry& e) { return e.probability >= least * (1 - 1e-6); });
        return tokens.empty() ? First(entries, 1) : tokens;
      };
      SamplingOptions options = Neutral();
      options.epsilon_cutoff = cutoff;
      EXPECT_EQ(Kept(options, row), at_least(cutoff)) << "epsilon";
      options = Neutral();
      options.eta_cutoff = cutoff;
      EXPECT_EQ(Kept(options, row), at_least(std::min(cutoff, std::sqrt(cutoff) * std::exp(-Entropy(entries)))))
          << "eta";
    });
  }
}

TEST(Definitions, TypicalP) {
  for (const double p : {0.0, 0.2, 0.7, 0.95}) {
    for (const size_t min_keep : {size_t{1}, size_t{4}}) {
      ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
        std::vector<Entry> nearest = entries;
        const double entropy = Entropy(entries);
        std::ranges::stable_sort(nearest, {},
                                 [&](const Entry& e) { return std::abs(-std::log(e.probability) - entropy); });
        Tokens kept;
        double mass = 0;
        for (const Entry& entry : nearest) {
          if (mass >= p * (1 - 1e-6) && kept.size() >= min_keep && !kept.empty()) break;
          kept.push_back(entry.token);
          mass += entry.probability;
        }
        SamplingOptions options = Neutral();
        options.typical_p = p;
        options.min_keep = static_cast<int64_t>(min_keep);
        Tokens got = Kept(options, row);
        std::ranges::sort(got);
        std::ranges::sort(kept);
        EXPECT_EQ(got, kept) << p << " " << min_keep;
      });
    }
  }
}

TEST(Definitions, Xtc) {
  for (const double threshold : {0.0, 0.01, 0.1, 0.4, 1.0}) {
    for (const size_t min_keep : {size_t{1}, size_t{3}, size_t{40}}) {
      ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
        const auto likely = static_cast<size_t>(
            std::ranges::count_if(entries, [&](const Entry& e) { return e.probability >= threshold * (1 - 1e-6); }));
        const size_t dropped = likely < 2 || entries.size() < likely - 1 + min_keep ? 0 : likely - 1;
        SamplingOptions options = Neutral();
        options.xtc_probability = 1;
        options.xtc_threshold = threshold;
        options.min_keep = static_cast<int64_t>(min_keep);
        Tokens kept = First(entries, entries.size());
        kept.erase(kept.begin(), kept.begin() + static_cast<long>(dropped));
        EXPECT_EQ(Kept(options, row), kept) << threshold << " " << min_keep;
      });
    }
  }
}

// Equation 2 of the paper, over all tokens, with Zipf's exponent estimated from the best hundred.
TEST(Definitions, MirostatV1) {
  for (const double tau : {0.3, 2.0, 4.0}) {
    ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
      const auto tokens = static_cast<double>(row.size());
      double products = 0, squares = 0;
      for (size_t i = 0; i + 1 < std::min<size_t>(entries.size(), 100); ++i) {
        const double t = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
        products += t * std::log(entries[i].probability / entries[i + 1].probability);
        squares += t * t;
      }
      const double s = products / squares, epsilon = s - 1;
      const double k = std::pow(epsilon * std::pow(2, 2 * tau) / (1 - std::pow(tokens, -epsilon)), 1 / s);
      if (row.size() > 1 && std::abs(k - std::round(k)) < 1e-4) return;  // either is right
      SamplingOptions options = Neutral();
      options.mirostat = 1;
      options.mirostat_tau = tau;
      const size_t kept = row.size() == 1 ? 1 : static_cast<size_t>(std::clamp(k, 1.0, tokens));
      EXPECT_EQ(Kept(options, row).size(), kept) << tau << " " << k;
    });
  }
}

TEST(Definitions, MirostatV2) {
  for (const double tau : {0.3, 2.0, 4.0}) {
    ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
      Tokens kept = Where(entries, [&](const Entry& e) { return -std::log2(e.probability) <= 2 * tau + 1e-6; });
      SamplingOptions options = Neutral();
      options.mirostat = 2;
      options.mirostat_tau = tau;
      EXPECT_EQ(Kept(options, row), kept.empty() ? First(entries, 1) : kept) << tau;
    });
  }
}

// What the level becomes after a draw: mu - eta (surprise - tau), in bits.
TEST(Definitions, MirostatLearns) {
  const ListVocabulary vocabulary(4);
  const std::vector<float> row = {0, 0, 0, 0};
  for (const int version : {1, 2}) {
    SamplingOptions options = Neutral();
    options.mirostat = version;
    options.mirostat_tau = 1.75;
    options.mirostat_eta = 0.5;
    const Chain chain = Chain::Build(options, vocabulary);
    SequenceState state(1, 0, {});
    chain.Sample({row, {}}, state);
    ASSERT_NE(state.Recall<double>("mirostat"), nullptr);
    EXPECT_NEAR(*state.Recall<double>("mirostat"), 2 * 1.75 - 0.5 * (2 - 1.75), 1e-9) << version;
  }
}

TEST(Definitions, DynamicTemperature) {
  const ListVocabulary vocabulary(300);
  for (const double exponent : {0.5, 1.0, 2.0}) {
    ForRows([&](const std::vector<float>& row, const std::vector<Entry>& entries) {
      SamplingOptions options = Neutral();
      options.temperature = 0.8;
      options.dynatemp_range = 1.1;
      options.dynatemp_exponent = exponent;
      const ListVocabulary tokens(row.size());
      SequenceState state(1, 0, {});
      const double share = Entropy(entries) / std::log(static_cast<double>(row.size()));
      const double expected = row.size() == 1 ? 1 : 1.9 * std::pow(share, exponent);
      EXPECT_NEAR(Chain::Build(options, tokens).Filter({row, {}}, state).temperature(), expected, 1e-5);
    });
  }
}

// Histories of few tokens, in which much repeats.
Tokens History(std::mt19937& random, size_t longest) {
  Tokens history(random() % longest);
  for (Token& token : history) token = static_cast<Token>(random() % 3);
  return history;
}

TEST(Definitions, NoRepeatNgram) {
  std::mt19937 random(3);
  const std::vector<float> row(4, 0.0f);
  for (int round = 0; round < 300; ++round) {
    const Tokens history = History(random, 20);
    const size_t n = 1 + random() % 4;
    Tokens kept;
    for (Token token = 0; token < 4; ++token) {
      Tokens after = history;
      after.push_back(token);
      const bool long_enough = after.size() >= n;
      const Tokens last(after.end() - static_cast<long>(long_enough ? n : 0), after.end());
      const bool repeats = long_enough && !std::ranges::search(history, last).empty();
      if (!repeats) kept.push_back(token);
    }
    SamplingOptions options = Neutral();
    options.no_repeat_ngram = static_cast<int64_t>(n);
    if (kept.empty()) continue;
    ASSERT_EQ(Kept(options, row, history), kept) << round;
  }
}

TEST(Definitions, Dry) {
  std::mt19937 random(4);
  const ListVocabulary vocabulary({"x", "y", "z", "\n"});
  const std::vector<float> row(4, 0.0f);
  for (int round = 0; round < 500; ++round) {
    Tokens history = History(random, 25);
    for (Token& token : history) token = random() % 12 == 0 ? 3 : token;
    SamplingOptions options = Neutral();
    options.dry_multiplier = 0.5;
    options.dry_base = 1.5;
    options.dry_allowed_length = 1 + static_cast<int64_t>(random() % 3);
    options.dry_last_n = random() % 2 ? -1 : static_cast<int64_t>(random() % 12);
    const auto last = static_cast<size_t>(options.dry_last_n);
    const Tokens window = options.dry_last_n < 0 || last >= history.size()
                              ? history
                              : Tokens(history.end() - static_cast<long>(last), history.end());
    // For each place in the window: how many tokens before it equal those at the end, none of them a breaker.
    std::map<Token, size_t> longest;
    for (size_t place = 1; place < window.size(); ++place) {
      size_t length = 0;
      while (length < place && window[place - 1 - length] == window[window.size() - 1 - length] &&
             window[window.size() - 1 - length] != 3) {
        ++length;
      }
      longest[window[place]] = std::max(longest[window[place]], length);
    }
    SequenceState state(1, 0, history);
    const Chain chain = Chain::Build(options, vocabulary);
    const Candidates& candidates = chain.Filter({row, {}}, state);
    for (Token token = 0; token < 4; ++token) {
      const auto length = static_cast<double>(longest[token]),
                 allowed = static_cast<double>(options.dry_allowed_length);
      const double expected = token == 3 || length < allowed ? 0 : -0.5 * std::pow(1.5, length - allowed);
      ASSERT_NEAR(candidates.Find(token)->logit, expected, 1e-6 * std::max(1.0, -expected)) << round << " " << token;
    }
  }
}

// Whatever the tokens: no text that is still possible contains a bad word, and nothing else is lost.
TEST(Definitions, BadWords) {
  std::mt19937 random(6);
  const ListVocabulary vocabulary({"a", "b", "ab", "ba", "aba", "bb", "c", ""});
  const std::vector<float> row(vocabulary.size(), 0.0f);
  for (int round = 0; round < 400; ++round) {
    SamplingOptions options = Neutral();
    options.bad_words = random() % 2 ? std::vector<std::string>{"abab"} : std::vector<std::string>{"bba", "cc"};
    std::string text;
    Tokens history;
    while (history.size() < round % 6U) {
      const auto token = static_cast<Token>(random() % vocabulary.size());
      history.push_back(token);
      text += vocabulary.piece(token);
    }
    const auto count = [&](const std::string& whole) {
      size_t found = 0;
      for (const std::string& word : options.bad_words) {
        for (size_t at = whole.find(word); at != std::string::npos; at = whole.find(word, at + 1)) ++found;
      }
      return found;
    };
    Tokens kept;
    for (size_t id = 0; id < vocabulary.size(); ++id) {
      const auto token = static_cast<Token>(id);
      if (count(text + std::string(vocabulary.piece(token))) == count(text)) kept.push_back(token);
    }
    SequenceState state(1, 0, history);
    const Chain chain = Chain::Build(options, vocabulary);
    Tokens got;
    for (const Candidate& c : chain.Filter({row, {}}, state).First(row.size())) got.push_back(c.token);
    ASSERT_EQ(got, kept) << text;
  }
}

// A setting that lets everything pass makes no step; the least other one does.
TEST(Definitions, NeutralSettingsAreNoSteps) {
  const ListVocabulary vocabulary(4, {3});
  const auto names = [&](const std::function<void(SamplingOptions&)>& change) {
    SamplingOptions options = Neutral();
    change(options);
    std::string joined;
    for (const std::string_view name : Chain::Build(options, vocabulary).step_names())
      joined += std::string(name) + " ";
    return joined;
  };
  EXPECT_EQ(names([](auto&) {}), "temperature ");
  EXPECT_EQ(names([](auto& o) { o.repeat_penalty = 1.01; }), "repetition temperature ");
  EXPECT_EQ(names([](auto& o) { o.presence_penalty = 1; }), "presence temperature ");
  EXPECT_EQ(names([](auto& o) { o.frequency_penalty = 1; }), "frequency temperature ");
  EXPECT_EQ(names([](auto& o) { o.dry_multiplier = 1; }), "dry temperature ");
  EXPECT_EQ(names([](auto& o) { o.top_k = 1; }), "temperature top_k ");
  EXPECT_EQ(names([](auto& o) { o.top_p = 0; }), "temperature top_p ");
  EXPECT_EQ(names([](auto& o) { o.min_p = 1; }), "temperature min_p ");
  EXPECT_EQ(names([](auto& o) { o.typical_p = 0; }), "temperature typical_p ");
  EXPECT_EQ(names([](auto& o) { o.top_n_sigma = 1; }), "temperature top_n_sigma ");
  EXPECT_EQ(names([](auto& o) { o.epsilon_cutoff = 1; }), "temperature epsilon ");
  EXPECT_EQ(names([](auto& o) { o.eta_cutoff = 1; }), "temperature eta ");
  EXPECT_EQ(names([](auto& o) { o.xtc_probability = 1; }), "temperature xtc ");
  EXPECT_EQ(names([](auto& o) { o.mirostat = 1; }), "temperature mirostat ");
  EXPECT_EQ(names([](auto& o) { o.no_repeat_ngram = 1; }), "no_repeat_ngram temperature ");
  EXPECT_EQ(names([](auto& o) { o.min_tokens = 1; }), "min_tokens temperature ");
  EXPECT_EQ(names([](auto& o) { o.do_sample = false; }), "temperature greedy ");
}

TEST(Definitions, MinTokens) {
  const ListVocabulary vocabulary(4, {1, 3});
  SamplingOptions options = Neutral();
  options.min_tokens = 2;
  const Chain chain = Chain::Build(options, vocabulary);
  const std::vector<float> row = {0, 5, 0, 5};
  const Tokens prompt = {1, 2, 3};
  SequenceState state(1, 0, prompt);
  for (const size_t left : {2, 2, 4}) {
    EXPECT_EQ(chain.Filter({row, {}}, state).Count(), left) << state.output().size();
    state.Accept(0);
  }
}

}  // namespace
}  // namespace sheepop
