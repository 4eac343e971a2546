#include "sample/notation/left_recursion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "base/error.h"

namespace sheepop::notation {
namespace {

// Capitals are rules, "A" the first; other letters are leaves of one byte: {"A", "Aa|b"}. "_" is the empty word.
PlainRules Read(const std::vector<std::pair<std::string, std::string>>& lines) {
  PlainRules grammar;
  for (const auto& [name, text] : lines) {
    PlainRule& rule = grammar.rules.emplace_back();
    rule.name = name;
    rule.productions.emplace_back();
    for (const char c : text) {
      if (c == '|') {
        rule.productions.emplace_back();
      } else if (c >= 'A' && c <= 'Z') {
        rule.productions.back().push_back({true, static_cast<uint32_t>(c - 'A')});
      } else if (c != '_') {
        rule.productions.back().push_back({false, static_cast<uint32_t>(c)});
      }
    }
  }
  return grammar;
}

using Words = std::set<std::string>;

void AppendAll(const Words& fronts, const Words& tails, size_t longest, Words& out) {
  for (const std::string& front : fronts) {
    for (const std::string& tail : tails) {
      if (front.size() + tail.size() <= longest) out.insert(front + tail);
    }
  }
}

// The words of at most `longest` leaves, by the definition: what follows from what is known, until nothing more does.
Words WordsOf(const PlainRules& grammar, size_t longest) {
  std::vector<Words> known(grammar.rules.size());
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t rule = 0; rule < known.size(); ++rule) {
      for (const PlainProduction& production : grammar.rules[rule].productions) {
        Words words{""};
        for (const PlainItem item : production) {
          Words next;
          const Words leaf{std::string(1, static_cast<char>(item.index))};
          AppendAll(words, item.is_rule ? known[item.index] : leaf, longest, next);
          words = std::move(next);
        }
        const size_t before = known[rule].size();
        known[rule].merge(words);
        grew = grew || known[rule].size() > before;
      }
    }
  }
  return known[grammar.start];
}

bool IsNullable(const PlainRules& grammar, uint32_t rule, std::vector<bool>& asked) {
  if (asked[rule]) return false;
  asked[rule] = true;
  const bool found = std::ranges::any_of(grammar.rules[rule].productions, [&](const PlainProduction& production) {
    return std::ranges::all_of(production,
                               [&](PlainItem item) { return item.is_rule && IsNullable(grammar, item.index, asked); });
  });
  asked[rule] = false;
  return found;
}

// Whether some rule leads to itself before any leaf.
bool Loops(const PlainRules& grammar) {
  const size_t size = grammar.rules.size();
  std::vector<std::vector<bool>> leads(size, std::vector<bool>(size));
  for (uint32_t rule = 0; rule < size; ++rule) {
    for (const PlainProduction& production : grammar.rules[rule].productions) {
      for (const PlainItem item : production) {
        if (!item.is_rule) break;
        leads[rule][item.index] = true;
        std::vector<bool> asked(size);
        if (!IsNullable(grammar, item.index, asked)) break;
      }
    }
  }
  for (size_t by = 0; by < size; ++by) {
    for (size_t from = 0; from < size; ++from) {
      for (size_t to = 0; to < size; ++to) {
        if (leads[from][by] && leads[by][to]) leads[from][to] = true;
      }
    }
  }
  for (size_t rule = 0; rule < size; ++rule) {
    if (leads[rule][rule]) return true;
  }
  return false;
}

void ExpectSame(const PlainRules& grammar, size_t longest) {
  const PlainRules result = WithoutLeftRecursion(grammar);
  EXPECT_FALSE(Loops(result));
  EXPECT_EQ(WordsOf(result, longest), WordsOf(grammar, longest));
  for (const PlainRule& rule : result.rules) {
    for (const PlainProduction& production : rule.productions) {
      for (const PlainItem item : production) {
        if (item.is_rule) {
          EXPECT_FALSE(result.rules[item.index].productions.empty()) << "a rule without words is used";
        }
      }
    }
  }
}

TEST(LeftRecursion, DirectIndirectAndHidden) {
  ExpectSame(Read({{"A", "Aa|b"}}), 6);
  ExpectSame(Read({{"A", "Ba|b"}, {"B", "Cb|Aa"}, {"C", "A|c"}}), 6);
  ExpectSame(Read({{"A", "BAa|b"}, {"B", "_|c"}}), 6);
  ExpectSame(Read({{"A", "AA|a|_"}}), 6);
  ExpectSame(Read({{"A", "A+B|B"}, {"B", "B*C|C"}, {"C", "(A)|x"}}), 7);
  ExpectSame(Read({{"A", "B|Aa|b"}, {"B", "A|Bc|C"}, {"C", "BB|_"}}), 6);
}

TEST(LeftRecursion, LeavesOthersAsTheyAre) {
  const PlainRules grammar = Read({{"A", "aAb|B"}, {"B", "_|cB"}});
  const PlainRules result = WithoutLeftRecursion(grammar);
  ASSERT_EQ(result.rules.size(), 2u);
  EXPECT_EQ(result.rules[0].productions.size(), 2u);
  EXPECT_EQ(WordsOf(result, 6), WordsOf(grammar, 6));
}

TEST(LeftRecursion, ARuleWithoutWordsHasNoProductions) {
  const PlainRules none = WithoutLeftRecursion(Read({{"A", "Aa"}}));
  EXPECT_TRUE(none.rules[none.start].productions.empty());
  const PlainRules some = WithoutLeftRecursion(Read({{"A", "Bx|y"}, {"B", "aB|Bb"}}));
  EXPECT_TRUE(some.rules[1].productions.empty());
  EXPECT_EQ(WordsOf(some, 3), (Words{"y"}));
}

TEST(LeftRecursion, TheEmptyWordAlone) {
  ExpectSame(Read({{"A", "AA|_"}}), 3);
  ExpectSame(Read({{"A", "B|AB"}, {"B", "_|C"}, {"C", "Ca"}}), 3);
}

TEST(LeftRecursion, RandomGrammarsKeepTheirWords) {
  std::mt19937 random(11);
  const std::string letters = "ABCDab_";
  size_t recursive = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (size_t rule = 0; rule < 4; ++rule) {
      std::string text;
      const size_t length = 1 + random() % 9;
      for (size_t i = 0; i < length; ++i) text += random() % 4 == 0 ? '|' : letters[random() % letters.size()];
      lines.emplace_back(std::string(1, static_cast<char>('A' + rule)), text);
    }
    const PlainRules grammar = Read(lines);
    recursive += Loops(grammar);
    ExpectSame(grammar, 5);
    ASSERT_FALSE(HasFailure()) << lines[0].second << " / " << lines[1].second << " / " << lines[2].second << " / "
                               << lines[3].second;
  }
  EXPECT_GT(recursive, 500u);
}

TEST(LeftRecursion, LongChainsAndLargeCircles) {
  PlainRules chain;
  for (uint32_t i = 0; i < 100'000; ++i) chain.rules.push_back({"r", {{{true, i + 1}}, {{false, 'a'}}}});
  chain.rules.push_back({"r", {{{false, 'b'}}}});
  EXPECT_EQ(WithoutLeftRecursion(chain).rules.size(), chain.rules.size());

  PlainRules circle;
  constexpr uint32_t kRules = 3000;
  for (uint32_t i = 0; i < kRules; ++i) {
    circle.rules.push_back({"r", {{{true, (i + 1) % kRules}, {false, 'a'}}, {{false, 'b'}}}});
  }
  try {
    WithoutLeftRecursion(circle);
    FAIL() << "nine million rules";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
    EXPECT_NE(std::string(error.what()).find("1000000"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sheepop::notation
