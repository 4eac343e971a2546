#include "sample/beam_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

constexpr size_t kVocabulary = 5;
constexpr Token kEnd = 4;

// Models of five tokens whose next token depends on the last two and the length, in no simple way.
std::vector<float> ToyRow(std::span<const Token> tokens, uint32_t model = 0) {
  uint32_t hash = (static_cast<uint32_t>(tokens.size()) + 77 * model) * 2654435761u;
  for (size_t i = tokens.size() - std::min<size_t>(2, tokens.size()); i < tokens.size(); ++i) {
    hash = (hash ^ static_cast<uint32_t>(tokens[i] + 1)) * 2246822519u;
  }
  std::vector<float> logits(kVocabulary);
  for (float& logit : logits) {
    hash = hash * 1664525u + 1013904223u;
    logit = static_cast<float>(hash >> 20) / 1024.0f;
  }
  return logits;
}

std::vector<double> LogProbabilities(const std::vector<float>& logits) {
  double total = 0;
  for (float l : logits) total += std::exp(l);
  std::vector<double> result;
  for (float l : logits) result.push_back(l - std::log(total));
  return result;
}

// Runs a search for at most `length` tokens, keeping each beam's row by its own history as a cache would.
std::vector<Hypothesis> Search(const BeamOptions& options, size_t length, uint32_t model = 0) {
  const ListVocabulary vocabulary(kVocabulary, {kEnd});
  BeamSearch search(options, vocabulary);
  std::vector<std::vector<Token>> texts(1);
  for (size_t step = 0; step < length; ++step) {
    std::vector<std::vector<float>> logits;
    for (const auto& text : texts) logits.push_back(ToyRow(text, model));
    std::vector<LogitRow> rows;
    for (const auto& l : logits) rows.push_back({l, {}});
    const std::vector<Fork> forks = search.Advance(rows);
    if (forks.empty()) break;
    std::vector<std::vector<Token>> next;
    for (const Fork& fork : forks) {
      next.push_back(texts[fork.parent]);
      next.back().push_back(fork.token);
    }
    texts = next;
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_TRUE(std::equal(texts[i].begin(), texts[i].end(), search.tokens(i).begin(), search.tokens(i).end()));
    }
  }
  return search.Best();
}

// Every text of at most `length` tokens, the best first.
std::vector<Hypothesis> Exhaustive(size_t length, double penalty) {
  std::vector<Hypothesis> all;
  const std::function<void(std::vector<Token>, double)> visit = [&](std::vector<Token> text, double sum) {
    const std::vector<double> next = LogProbabilities(ToyRow(text));
    for (Token token = 0; token < static_cast<Token>(kVocabulary); ++token) {
      const double total = sum + next[static_cast<size_t>(token)];
      std::vector<Token> longer = text;
      if (token != kEnd) longer.push_back(token);
      const double score = total / std::pow(text.size() + 1, penalty);
      if (token == kEnd || longer.size() == length) {
        all.push_back({longer, total, score, token == kEnd});
      } else {
        visit(longer, total);
      }
    }
  };
  visit({}, 0);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  return all;
}

TEST(BeamSearch, WideEnoughFindsTheBestOfAll) {
  // The search may stop once no live beam scores better at its present length, which is exact when length costs.
  const std::vector<Hypothesis> best = Exhaustive(4, 0);
  const std::vector<Hypothesis> found = Search({256, 3, 0}, 4);
  ASSERT_EQ(found.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found[i].tokens, best[i].tokens);
    EXPECT_EQ(found[i].ended, best[i].ended);
    EXPECT_NEAR(found[i].log_probability, best[i].log_probability, 1e-6);
    EXPECT_NEAR(found[i].score, best[i].score, 1e-6);
  }
}

TEST(BeamSearch, WidthOneIsGreedy) {
  std::vector<Token> greedy;
  while (greedy.size() < 6) {
    const std::vector<float> row = ToyRow(greedy);
    const auto token = static_cast<Token>(std::max_element(row.begin(), row.end()) - row.begin());
    if (token == kEnd) break;
    greedy.push_back(token);
  }
  EXPECT_EQ(Search({1, 1, 1}, 6)[0].tokens, greedy);
}

TEST(BeamSearch, WiderIsNeverWorseHereAndPenaltyFavoursLength) {
  double last = -1e9;
  for (size_t width : {1, 2, 4, 16, 64}) {
    const double score = Search({width, 1, 0}, 5)[0].score;
    EXPECT_GE(score, last - 1e-9) << width;
    last = score;
  }
  EXPECT_GE(Search({64, 1, 2}, 6)[0].tokens.size(), Search({64, 1, 0}, 6)[0].tokens.size());
}

// How many texts are wanted does not change which are found.
TEST(BeamSearch, TheBestTextsAreTheSameHoweverManyAreWanted) {
  for (uint32_t model = 0; model < 50; ++model) {
    for (size_t width : {2, 3, 6}) {
      for (double penalty : {0.0, 1.0, 2.0}) {
        const std::vector<Hypothesis> all = Search({width, width, penalty}, 9, model);
        for (size_t n = 1; n < width; ++n) {
          const std::vector<Hypothesis> found = Search({width, n, penalty}, 9, model);
          ASSERT_EQ(found.size(), n);
          for (size_t i = 0; i < n; ++i) {
            EXPECT_EQ(found[i].tokens, all[i].tokens) << width << " beams, penalty " << penalty << ", best " << n;
            EXPECT_EQ(found[i].score, all[i].score);
          }
        }
      }
    }
  }
}

TEST(BeamSearch, FourBeamsAndTheBestTextWhereNothingIsSaid) {
  const BeamOptions options;
  EXPECT_EQ(options.width, 4U);
  EXPECT_EQ(options.n_best, 1U);
  EXPECT_EQ(options.length_penalty, 1);
}

TEST(BeamSearch, RefusesWhatMakesNoSense) {
  const ListVocabulary vocabulary(kVocabulary, {kEnd});
  EXPECT_THROW(BeamSearch({0, 1, 1}, vocabulary), Error);
  EXPECT_THROW(BeamSearch({2, 3, 1}, vocabulary), Error);
  EXPECT_THROW(BeamSearch({2, 1, NAN}, vocabulary), Error);
}

}  // namespace
}  // namespace sheepop
