#include "tokenize/merge_loop.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sheepop {
namespace {

using Rules = std::map<std::pair<Token, Token>, PairMerge>;

std::vector<Token> Naive(const Rules& rules, std::vector<Token> tokens) {
  while (true) {
    size_t best = tokens.size();
    PairMerge merge;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = rules.find({tokens[i], tokens[i + 1]});
      if (found == rules.end() || found->second.rank >= merge.rank) continue;
      merge = found->second;
      best = i;
    }
    if (best == tokens.size()) return tokens;
    tokens[best] = merge.token;
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

TEST(MergeLoop, BothFormsDoWhatTheDefinitionSays) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    Rules rules;
    const auto kinds = static_cast<Token>(2 + random() % 4);
    const auto count = static_cast<Token>(random() % 12);
    for (Token t = 0; t < count; ++t) {
      const auto side = [&] { return static_cast<Token>(random() % static_cast<unsigned>(kinds + t)); };
      // Equal ranks happen with scores.
      rules.try_emplace({side(), side()}, PairMerge{static_cast<uint32_t>(random() % 10), kinds + t});
    }
    std::vector<Token> tokens(1 + random() % 32);
    std::vector<Symbol> start;
    for (uint32_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = static_cast<Token>(random() % static_cast<unsigned>(kinds));
      start.push_back({tokens[i], i, i + 1, 0, 0});
    }
    const auto pairs = [&](const Symbol& left, const Symbol& right) {
      const auto found = rules.find({left.token, right.token});
      return found == rules.end() ? PairMerge{} : found->second;
    };
    const auto run = [&](auto merge) {
      std::vector<Symbol> symbols = start;
      merge(symbols);
      std::vector<Token> result;
      uint32_t at = 0;
      for (const Symbol& s : symbols) {
        EXPECT_EQ(s.begin, at);
        at = s.end;
        result.push_back(s.token);
      }
      EXPECT_EQ(at, tokens.size());
      return result;
    };
    const std::vector<Token> expected = Naive(rules, tokens);
    std::vector<MergeCandidate> heap;
    ASSERT_EQ(run([&](auto& symbols) { MergeShort(pairs, symbols); }), expected);
    ASSERT_EQ(run([&](auto& symbols) { MergeLong(pairs, symbols, heap); }), expected);
  }
}

}  // namespace
}  // namespace sheepop
