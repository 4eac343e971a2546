// The bound of thoughts, and the shape of what comes behind them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error_matchers.h"
#include "sample/chain.h"
#include "sample/constraint_cache.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

constexpr int kEnd = 256, kClose = 257;

// Every byte, an end token, and a control token <c>.
class Bytes final : public testing::ListVocabulary {
 public:
  Bytes() : ListVocabulary(Pieces(), {kEnd}) {}
  TokenUse use(Token token) const override { return token < kEnd ? TokenUse::kText : TokenUse::kControl; }
  std::vector<Token> Encode(std::string_view text) const override {
    std::vector<Token> tokens;
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }

 private:
  static std::vector<std::string> Pieces() {
    std::vector<std::string> pieces;
    for (int i = 0; i < 256; ++i) pieces.emplace_back(1, static_cast<char>(i));
    pieces.insert(pieces.end(), {"<end>", "<c>"});
    return pieces;
  }
};

// Writes what `wanted` says as far as the chain allows it: all logits are equal but that of the next wanted byte.
std::string Write(const SamplingOptions& options, std::string wanted, size_t tokens) {
  const Bytes vocabulary;
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState state(1, 0, {});
  std::string text;
  for (size_t i = 0; i < tokens; ++i) {
    std::vector<float> logits(vocabulary.size(), 0.0F);
    if (text.size() < wanted.size()) logits[static_cast<unsigned char>(wanted[text.size()])] = 9;
    const std::vector<Token> forced = chain.Forced(state);
    const Choice choice = chain.Sample({.logits = logits, .group_maxima = {}}, state);
    EXPECT_TRUE(forced.empty() || choice.token == forced.front()) << "what is forced is all that may be drawn";
    text += vocabulary.piece(choice.token);
  }
  return text;
}

SamplingOptions Options(std::string open, std::string close, int64_t budget) {
  SamplingOptions options;
  options.temperature = 0;
  options.constraint.thinking = {std::move(open), std::move(close)};
  options.thinking_budget = budget;
  return options;
}

TEST(ThinkingBudget, ClosesThoughtsThatAreTooLong) {
  EXPECT_EQ(Write(Options("", "</t>", 3), "abcdefghijk", 9), "abc</t>hi");
  EXPECT_EQ(Write(Options("<t>", "</t>", 2), "<t>abcdefghij", 11), "<t>ab</t>gh") << "the opening mark is none of them";
  EXPECT_EQ(Write(Options("<t>", "</t>", 2), " \n<t>abcdefghij", 10), " \n<t>ab</t");
  EXPECT_EQ(Write(Options("", "</t>", 0), "abcdef", 5), "</t>e");
}

TEST(ThinkingBudget, LetsOthersBe) {
  EXPECT_EQ(Write(Options("", "</t>", 8), "ab</t>cdefghijkl", 16), "ab</t>cdefghijkl");
  EXPECT_EQ(Write(Options("<t>", "</t>", 2), "no <t>abcdefgh", 14), "no <t>abcdefgh") << "thoughts come first or never";
  EXPECT_EQ(Write(Options("", "</t>", -1), "abcdef", 6), "abcdef");
}

TEST(ThinkingBudget, WaitsForTheCharacterToEnd) {
  EXPECT_EQ(Write(Options("", "</t>", 2),
                  "a\xE2\x82\xAC"
                  "bcd",
                  8),
            "a\xE2\x82\xAC</t>");
}

TEST(ThinkingBudget, ClosesWithTheControlToken) {
  EXPECT_EQ(Write(Options("", "<c>", 2), "abcdef", 3), "ab<c>");
  EXPECT_EQ(Bytes().piece(kClose), "<c>");
}

TEST(ThinkingBudget, NeedsAMarkThatCanBeWritten) {
  const Bytes vocabulary;
  ExpectError([&] { Chain::Build(Options("<t>", "", 2), vocabulary); }, ErrorCategory::kInvalidArgument,
              {"thinking_close"});
  const testing::ListVocabulary mute(std::vector<std::string>{"a", "b"});
  ExpectError([&] { Chain::Build(Options("<t>", "</t>", 2), mute); }, ErrorCategory::kInvalidArgument, {"</t>"});
}

bool Fits(const ThinkingOptions& thinking, std::string_view text) {
  const Bytes vocabulary;
  ConstraintOptions options;
  options.regex = "[0-9]+";
  options.thinking = thinking;
  const auto read = vocabulary.constraints().Get(options, vocabulary);
  Constraint::Position position;
  return read->constraint.Advance(position, text) == text.size() && read->constraint.Accepts(position);
}

TEST(Thoughts, StandBeforeTheShape) {
  const ThinkingOptions own = {"<t>", "</t>"}, within = {"", "</t>"};
  EXPECT_TRUE(Fits(own, "12"));
  EXPECT_FALSE(Fits(own, "<t>Well, 1</t></t12</t>12")) << "the first mark ends them";
  EXPECT_TRUE(Fits(own, "<t>Well, </t\n</t>\n\n12"));
  EXPECT_FALSE(Fits(own, "<t>Well</t>"));
  EXPECT_FALSE(Fits(own, "Well</t>12"));
  EXPECT_TRUE(Fits(within, "Well</t>12"));
  EXPECT_FALSE(Fits(within, "12"));
  EXPECT_TRUE(Fits({"", "<c>"}, "12\xFF<c>3")) << "a control token is its mark and its name";
  EXPECT_FALSE(Fits({"", "<c>"}, "12<c>3"));
}

}  // namespace
}  // namespace sheepop
