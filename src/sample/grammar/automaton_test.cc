#include "sample/grammar/automaton.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/error_matchers.h"
#include "sample/grammar/grammar.h"
#include "sample/grammar/text_language.h"

namespace sheepop::grammar {
namespace {

// Where `text` leads; kDead where it is no beginning of a word.
Automaton::State Read(Automaton& automaton, std::string_view text) {
  Automaton::State state = automaton.Start();
  for (const char byte : text) state = automaton.Next(state, static_cast<uint8_t>(byte));
  return state;
}

bool Fits(Automaton& automaton, std::string_view text) {
  const Automaton::State state = Read(automaton, text);
  return state != Automaton::kDead && automaton.Accepts(state);
}

// list = "[" [ item { "," item } ] "]", item = "a" | list.
Automaton Lists() {
  auto grammar = std::make_unique<Grammar>();
  const Symbol list = grammar->Declare("list"), rest = grammar->Declare("rest");
  const Symbol item = grammar->AddRule("item", {{grammar->Literal("a")}, {list}});
  const Symbol open = grammar->Literal("["), close = grammar->Literal("]"), comma = grammar->Literal(",");
  grammar->Define(list, {{open, close}, {open, item, rest}});
  grammar->Define(rest, {{close}, {comma, item, rest}});
  return Automaton(std::move(grammar), list);
}

TEST(AutomatonTest, ReadsWhatTheGrammarSays) {
  Automaton lists = Lists();
  for (const auto text : {"[]", "[a]", "[a,a]", "[[],[a,[a]]]"}) EXPECT_TRUE(Fits(lists, text)) << text;
  for (const auto text : {"", "[", "[a", "[a,", "[a,[a]"}) {
    EXPECT_FALSE(Fits(lists, text)) << text;
    EXPECT_NE(Read(lists, text), Automaton::kDead) << text;
  }
  for (const auto text : {"a", "[,", "[a]]", "[a,]", "[aa"}) EXPECT_EQ(Read(lists, text), Automaton::kDead) << text;
}

TEST(AutomatonTest, EqualRestsAreOneState) {
  Automaton lists = Lists();
  EXPECT_EQ(Read(lists, "[a,"), Read(lists, "[[],a,"));
  EXPECT_EQ(Read(lists, "[[a],"), Read(lists, "[a,"));
  EXPECT_NE(Read(lists, "[[a,"), Read(lists, "[a,"));
}

TEST(AutomatonTest, AllowedAreTheBytesThatLeadOn) {
  Automaton lists = Lists();
  for (const auto text : {"", "[", "[a", "[a,", "[[a]"}) {
    const Automaton::State state = Read(lists, text);
    const ByteSet allowed = lists.Allowed(state);
    for (size_t byte = 0; byte < 256; ++byte) {
      const bool leads = lists.Next(state, static_cast<uint8_t>(byte)) != Automaton::kDead;
      EXPECT_EQ(allowed.Has(static_cast<uint8_t>(byte)), leads) << text << " " << byte;
      EXPECT_EQ(lists.Row(state)[byte] != Automaton::kDead, leads);
    }
  }
  EXPECT_TRUE(lists.Allowed(Read(lists, "[]")).empty());
}

TEST(AutomatonTest, ARuleWithoutProductionsHasNoWord) {
  auto grammar = std::make_unique<Grammar>();
  const Symbol never = grammar->AddRule("never", {});
  const Symbol start = grammar->AddRule("start", {{never}});
  Automaton automaton(std::move(grammar), start);
  EXPECT_EQ(automaton.Start(), Automaton::kDead);
}

TEST(AutomatonTest, TheEmptyWordMayEndAtOnce) {
  auto grammar = std::make_unique<Grammar>();
  const Symbol start = grammar->AddRule("start", {{}, {grammar->Literal("x")}});
  Automaton automaton(std::move(grammar), start);
  EXPECT_TRUE(Fits(automaton, ""));
  EXPECT_TRUE(Fits(automaton, "x"));
}

TEST(AutomatonTest, LazyRulesAreExpandedOnce) {
  auto grammar = std::make_unique<Grammar>();
  std::map<int, int> expanded;
  // As many ")" as there were "(": a rule for each depth.
  std::function<Symbol(int)> depth = [&, g = grammar.get()](int n) {
    return g->AddLazyRule("depth", [&, g, n] {
      ++expanded[n];
      std::vector<Production> productions = {{g->Literal("("), depth(n + 1)}};
      if (n > 0) {
        Production close;
        for (int i = 0; i < n; ++i) close.push_back(g->Literal(")"));
        productions.push_back(std::move(close));
      }
      return productions;
    });
  };
  const Symbol start = depth(0);
  Automaton automaton(std::move(grammar), start);
  EXPECT_TRUE(Fits(automaton, "((()))"));
  EXPECT_FALSE(Fits(automaton, "((())"));
  EXPECT_TRUE(Fits(automaton, "()"));
  for (const auto& [n, times] : expanded) EXPECT_EQ(times, 1) << n;
}

TEST(AutomatonTest, ARuleAfterATerminalKnowsItsWord) {
  auto grammar = std::make_unique<Grammar>();
  auto pool = std::make_shared<RegexPool>();
  const RegexId letters = pool->Repeat(pool->Chars(CharSet({{'a', 'z'}})), 1, 3);
  const Symbol word = grammar->AddTerminal(MakeCapturing(MakeTextLanguage(pool, letters)), "word");
  Grammar* const g = grammar.get();
  const Symbol again = grammar->AddAfter("again", [g](std::string_view text) {
    return std::vector<Production>{{g->Literal(std::string(text.rbegin(), text.rend()))}};
  });
  const Symbol start = grammar->AddRule("start", {{word, again}});
  Automaton automaton(std::move(grammar), start);
  for (const auto text : {"aa", "abba", "abccba"}) EXPECT_TRUE(Fits(automaton, text)) << text;
  for (const auto text : {"ab", "abab", "abcdcba", "a"}) EXPECT_FALSE(Fits(automaton, text)) << text;
}

TEST(AutomatonTest, NamesWhatItFollows) {
  Automaton lists = Lists();
  EXPECT_EQ(lists.Following(Read(lists, "[a")), (std::vector<std::string>{"\"]\"", "\",\""}));
}

TEST(AutomatonTest, ForgetsItsStatesWithinItsBound) {
  auto grammar = std::make_unique<Grammar>();
  const Symbol list = grammar->Declare("list");
  grammar->Define(list, {{grammar->Literal("a")}, {grammar->Literal("["), list, grammar->Literal("]")}});
  Automaton automaton(std::move(grammar), list, {.bytes = 100'000});
  const uint64_t first = automaton.epoch();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Fits(automaton, std::string(500, '[') + "a" + std::string(500, ']')));
    automaton.Tidy();
  }
  EXPECT_GT(automaton.epoch(), first);
}

TEST(AutomatonTest, LeftRecursionEndsAtABound) {
  auto grammar = std::make_unique<Grammar>();
  const Symbol sum = grammar->Declare("sum");
  grammar->Define(sum, {{sum, grammar->Literal("+1")}, {grammar->Literal("1")}});
  Automaton automaton(std::move(grammar), sum);
  ExpectError([&] { automaton.Start(); }, ErrorCategory::kLimit, {"sum", "4096", "left-recursive"});
}

// A grammar of a few random rules, each either short or through "(" so that all have words; read by trying everything.
class RandomGrammar {
 public:
  explicit RandomGrammar(uint64_t seed) : random_(seed) {
    for (auto& rule : rules_) {
      const size_t count = 1 + random_() % 3;
      for (size_t i = 0; i < count; ++i) {
        std::string production;
        for (size_t length = random_() % 3; length-- > 0;) production += "abAB"[random_() % 4];
        if (!production.empty() && production[0] < 'a') production.insert(0, "a");
        rule.insert(production);
      }
      rule.insert("b");
    }
  }

  Automaton Make() const {
    auto grammar = std::make_unique<Grammar>();
    const Symbol symbols[] = {grammar->Declare("A"), grammar->Declare("B")};
    for (size_t i = 0; i < 2; ++i) {
      std::vector<Production> productions;
      for (const std::string& text : rules_[i]) {
        Production production;
        for (const char c : text) production.push_back(c < 'a' ? symbols[c - 'A'] : grammar->Literal({&c, 1}));
        productions.push_back(std::move(production));
      }
      grammar->Define(symbols[i], std::move(productions));
    }
    return Automaton(std::move(grammar), symbols[0]);
  }

  bool Derives(std::string_view form, std::string_view text) const {
    if (form.empty()) return text.empty();
    if (form[0] >= 'a') return !text.empty() && text[0] == form[0] && Derives(form.substr(1), text.substr(1));
    for (const std::string& production : rules_[form[0] - 'A']) {
      size_t least = 0;
      const std::string whole = production + std::string(form.substr(1));
      for (const char c : whole) least += c >= 'a';
      if (least <= text.size() && Derives(whole, text)) return true;
    }
    return false;
  }

 private:
  std::mt19937_64 random_;
  std::set<std::string> rules_[2];
};

TEST(AutomatonTest, AgreesWithTryingEverything) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const RandomGrammar random(seed);
    Automaton automaton = random.Make();
    for (size_t length = 0; length <= 5; ++length) {
      for (size_t bits = 0; bits < size_t{1} << length; ++bits) {
        std::string text;
        for (size_t i = 0; i < length; ++i) text += bits >> i & 1 ? 'a' : 'b';
        ASSERT_EQ(Fits(automaton, text), random.Derives("A", text)) << seed << " " << text;
      }
    }
  }
}

// What a bound stops is told again, and never read as a rule without any production.
TEST(Automaton, ALazyRuleThatFailedIsAskedAgain) {
  auto grammar = std::make_unique<Grammar>();
  int asked = 0;
  const Symbol word = grammar->Literal("b");
  const Symbol lazy = grammar->AddLazyRule("lazy", [&]() -> std::vector<Production> {
    if (++asked < 3) throw Error(ErrorCategory::kLimit, "too much");
    return {{word}};
  });
  const Symbol start = grammar->AddRule("start", {{grammar->Literal("a"), lazy}});
  Automaton automaton(std::move(grammar), start);
  for (int i = 0; i < 2; ++i) EXPECT_THROW(automaton.Next(automaton.Start(), 'a'), Error);
  const Automaton::State state = automaton.Next(automaton.Next(automaton.Start(), 'a'), 'b');
  ASSERT_NE(state, Automaton::kDead);
  EXPECT_TRUE(automaton.Accepts(state));
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace sheepop::grammar
