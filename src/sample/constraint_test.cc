#include "sample/constraint.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <thread>

#include "sample/constraint_cache.h"
#include "sample/forced_run.h"
#include "sample/grammar/text_language.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using grammar::Grammar;
using grammar::RegexId;
using grammar::RegexPool;
using grammar::Symbol;
using testing::ListVocabulary;

bool Has(const TokenMask& mask, size_t token) { return mask[token / 64] >> (token % 64) & 1; }

// {"k": string} with some strings and lists of strings as values.
std::unique_ptr<Constraint> Members(const SamplingVocabulary& vocabulary) {
  auto grammar = std::make_unique<Grammar>();
  auto pool = std::make_shared<RegexPool>();
  const RegexId any = pool->Any(), few = pool->Repeat(pool->Chars(grammar::CharSet::All()), 0, 4);
  const Symbol text = grammar->AddTerminal(grammar::MakeJsonStringLanguage(pool, any), "text");
  const Symbol name =
      grammar->AddTerminal(grammar::MakeJsonStringLanguage(pool, few), "a name of at most 4 characters");
  const Symbol value = grammar->Declare("value"), rest = grammar->Declare("rest");
  const auto literal = [&](std::string_view bytes) { return grammar->Literal(bytes); };
  grammar->Define(rest, {{literal("]")}, {literal(","), value, rest}});
  grammar->Define(value, {{text}, {literal("["), value, rest}});
  const Symbol start = grammar->AddRule("start", {{literal("{\"key\":"), name, literal(","), value, literal("}")}});
  return std::make_unique<Constraint>(std::move(grammar), start, std::make_shared<const TokenTable>(vocabulary));
}

ListVocabulary RandomPieces(uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::string_view letters[] = {"a", "k", "e", "y",  "\"", "\"", ":",    ",",    "{",
                                      "}", "[", "]", "\\", "u",  "0",  "\xC3", "\xA9", " "};
  std::vector<std::string> pieces = {"</s>", ""};
  for (size_t i = 0; i < 600; ++i) {
    std::string piece;
    for (size_t length = 1 + random() % 5; length-- > 0;) piece += letters[random() % std::size(letters)];
    pieces.push_back(std::move(piece));
  }
  for (const std::string_view letter : letters) pieces.emplace_back(letter);
  return ListVocabulary(std::move(pieces), {0});
}

// Every token of every mask on random walks, against its bytes one by one.
TEST(ConstraintTest, MasksHoldTheTokensWhoseBytesFit) {
  const ListVocabulary vocabulary = RandomPieces(1);
  const auto constraint = Members(vocabulary);
  std::mt19937_64 random(2);
  for (int walk = 0; walk < 20; ++walk) {
    Constraint::Position place;
    for (int step = 0; step < 30; ++step) {
      const auto mask = constraint->Mask(place);
      std::vector<size_t> allowed;
      for (size_t token = 0; token < vocabulary.size(); ++token) {
        const std::string_view bytes = constraint->table().bytes(static_cast<Token>(token));
        Constraint::Position next = place;
        const bool fits = token == 0 ? constraint->Accepts(place)
                                     : !bytes.empty() && constraint->Advance(next, bytes) == bytes.size();
        ASSERT_EQ(Has(*mask, token), fits) << place.bytes << " + " << bytes;
        if (fits && token != 0) allowed.push_back(token);
      }
      if (allowed.empty()) {
        EXPECT_TRUE(constraint->Accepts(place));
        break;
      }
      const Token token = static_cast<Token>(allowed[random() % allowed.size()]);
      constraint->Advance(place, constraint->table().bytes(token));
    }
  }
}

TEST(ConstraintTest, AdvanceStopsAtTheFirstByteThatDoesNotFit) {
  const ListVocabulary vocabulary({"x"});
  const auto constraint = Members(vocabulary);
  Constraint::Position place;
  EXPECT_EQ(constraint->Advance(place, "{\"key\":\"abcde\""), 12);
  EXPECT_EQ(place.bytes, "{\"key\":\"abcd");
  EXPECT_EQ(constraint->Following(place), std::vector<std::string>{"a name of at most 4 characters"});
}

TEST(ConstraintTest, ForcedAreTheBytesWithoutAChoice) {
  const ListVocabulary vocabulary({"x"});
  const auto constraint = Members(vocabulary);
  Constraint::Position place;
  EXPECT_EQ(constraint->Forced(place, 100), "{\"key\":\"");
  EXPECT_EQ(constraint->Forced(place, 3), "{\"k");
  constraint->Advance(place, "{\"key\":\"abcd");
  EXPECT_EQ(constraint->Forced(place, 100), "\",");
  constraint->Advance(place, "\"");
  constraint->Advance(place, ",\"\"}");
  EXPECT_TRUE(constraint->Accepts(place));
  EXPECT_EQ(constraint->Forced(place, 100), "");
}

TEST(ConstraintTest, EqualMasksAreMadeOnce) {
  const ListVocabulary vocabulary = RandomPieces(3);
  const auto constraint = Members(vocabulary);
  Constraint::Position one, other;
  constraint->Advance(one, "{\"key\":\"a\",[\"x\",");
  constraint->Advance(other, "{\"key\":\"b\",[[\"long\"],");
  EXPECT_EQ(constraint->Mask(one), constraint->Mask(other));
  EXPECT_EQ(constraint->counts().masks_made, 1);
  EXPECT_EQ(constraint->counts().masks_found, 1);
}

TEST(ConstraintTest, SeveralThreadsMaySayTheSame) {
  const ListVocabulary vocabulary = RandomPieces(4);
  const auto shared = Members(vocabulary), alone = Members(vocabulary);
  std::vector<std::thread> threads;
  std::vector<TokenMask> masks(4);
  for (TokenMask& mask : masks) {
    threads.emplace_back([&] {
      Constraint::Position place;
      for (const char c : std::string_view("{\"key\":\"a\",[\"x\",[\"")) shared->Advance(place, {&c, 1});
      mask = *shared->Mask(place);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Constraint::Position place;
  alone->Advance(place, "{\"key\":\"a\",[\"x\",[\"");
  for (const TokenMask& mask : masks) EXPECT_EQ(mask, *alone->Mask(place));
}

// Writes the longest piece first.
class GreedyVocabulary : public ListVocabulary {
 public:
  using ListVocabulary::ListVocabulary;
  std::vector<Token> Encode(std::string_view text) const override {
    std::vector<Token> tokens;
    while (!text.empty()) {
      Token best = 0;
      for (Token token = 1; static_cast<size_t>(token) < size(); ++token) {
        if (text.starts_with(piece(token)) && piece(token).size() > piece(best).size()) best = token;
      }
      if (best == 0) throw std::runtime_error("no token is this byte");
      tokens.push_back(best);
      text.remove_prefix(piece(best).size());
    }
    return tokens;
  }
};

TEST(ForcedRunTest, ATokenThatMayStillGrowIsLeftOpen) {
  //                                   0   1      2        3     4    5    6
  const GreedyVocabulary vocabulary({"", "{\"", "key\":", "\"", "\"a", ",", "}"});
  const auto constraint = Members(vocabulary);
  EXPECT_EQ(ForcedRun(*constraint, {}, {}, vocabulary), (std::vector<Token>{1, 2}))
      << "the quotation mark that opens the name may be the token \"a";
  Constraint::Position place;
  constraint->Advance(place, "{\"key\":\"a\"");
  EXPECT_EQ(ForcedRun(*constraint, place, std::vector<Token>{1, 2, 4, 3}, vocabulary), std::vector<Token>{5});
}

class MarkedVocabulary final : public GreedyVocabulary {
 public:
  using GreedyVocabulary::GreedyVocabulary;
  TokenUse use(Token token) const override { return piece(token) == "<m>" ? TokenUse::kControl : TokenUse::kText; }
};

TEST(ForcedRunTest, AControlTokenIsNoText) {
  //                                 0   1    2    3
  const MarkedVocabulary vocabulary({"", "a", "b", "<m>"});
  auto grammar = std::make_unique<Grammar>();
  const Symbol start = grammar->AddRule("start", {{grammar->Literal("ab\xFF<m>a")}});
  const Constraint constraint(std::move(grammar), start, std::make_shared<const TokenTable>(vocabulary));
  EXPECT_EQ(ForcedRun(constraint, {}, {}, vocabulary), (std::vector<Token>{1, 2}));
  Constraint::Position place;
  constraint.Advance(place, "ab");
  EXPECT_TRUE(ForcedRun(constraint, place, {}, vocabulary).empty());
  constraint.Advance(place, constraint.table().bytes(3));
  EXPECT_EQ(ForcedRun(constraint, place, {}, vocabulary), std::vector<Token>{1});
}

TEST(ForcedRunTest, ATokenizerThatCannotEncodeForcesNothing) {
  const ListVocabulary vocabulary({"{", "\""});
  EXPECT_TRUE(ForcedRun(*Members(vocabulary), {}, {}, vocabulary).empty());
}

TEST(ConstraintCacheTest, EqualGrammarsAreOne) {
  const ListVocabulary vocabulary({"a", "b", "ab"});
  ConstraintOptions options;
  options.regex = "a+b";
  const auto first = vocabulary.constraints().Get(options, vocabulary);
  EXPECT_EQ(vocabulary.constraints().Get(options, vocabulary), first);
  options.regex = "a*b";
  EXPECT_NE(vocabulary.constraints().Get(options, vocabulary), first);
  options.choices = {"a"};
  EXPECT_THROW(vocabulary.constraints().Get(options, vocabulary), Error);
}

TEST(ConstraintCacheTest, AMarkOfThoughtsIsControlTokensAndText) {
  //                                 0   1    2    3    4    5
  const MarkedVocabulary vocabulary({"", "a", "t", "x", ":", "<m>"});
  ConstraintOptions options;
  options.regex = "x";
  options.thinking = {.open = "<m>t:", .close = "<m>"};
  const auto read = vocabulary.constraints().Get(options, vocabulary);
  for (const std::string_view text : {"x", "\xFF<m>t:a\xFF<m>x"}) {
    Constraint::Position place;
    EXPECT_EQ(read->constraint.Advance(place, text), text.size());
    EXPECT_TRUE(read->constraint.Accepts(place));
  }
  Constraint::Position place;
  EXPECT_TRUE(Has(*read->constraint.Mask(place), 5)) << "the control token opens the thoughts";
  EXPECT_EQ(read->constraint.Advance(place, "<m>t:"), 0u) << "its name as text does not";
}

}  // namespace
}  // namespace sheepop
