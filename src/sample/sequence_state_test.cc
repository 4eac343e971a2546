#include "sample/sequence_state.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

std::vector<Token> Copy(std::span<const Token> tokens) { return {tokens.begin(), tokens.end()}; }

TEST(SequenceState, KnowsItsPromptAndWhatFollowed) {
  const std::vector<Token> prompt = {7, 8};
  SequenceState state(3, 2, prompt);
  EXPECT_EQ(state.position(), 2U);
  EXPECT_TRUE(state.output().empty());
  for (const Token token : {5, 7, 5}) state.Accept(token);
  EXPECT_EQ(state.position(), 5U);
  EXPECT_EQ(state.prompt_length(), 2U);
  EXPECT_EQ(Copy(state.tokens()), (std::vector<Token>{7, 8, 5, 7, 5}));
  EXPECT_EQ(Copy(state.output()), (std::vector<Token>{5, 7, 5}));
  EXPECT_EQ(state.output_counts().size(), 2U);
  EXPECT_EQ(state.output_counts().at(5), 2U);
  EXPECT_EQ(state.output_counts().at(7), 1U) << "the prompt is not counted";
}

// 0: none, -1: all, and no more than there are.
TEST(SequenceState, TheLastSoMany) {
  const std::vector<Token> prompt = {7, 8};
  SequenceState state(3, 2, prompt);
  for (const Token token : {5, 6}) state.Accept(token);
  EXPECT_TRUE(state.Last(0).empty());
  EXPECT_EQ(Copy(state.Last(1)), (std::vector<Token>{6}));
  EXPECT_EQ(Copy(state.Last(3)), (std::vector<Token>{8, 5, 6}));
  for (const int64_t all : {-1, 4, 5}) EXPECT_EQ(state.Last(all).size(), 4U) << all;
  EXPECT_TRUE(state.LastOutput(0).empty());
  EXPECT_EQ(Copy(state.LastOutput(1)), (std::vector<Token>{6}));
  for (const int64_t all : {-1, 2, 3}) EXPECT_EQ(state.LastOutput(all).size(), 2U) << all;
}

}  // namespace
}  // namespace sheepop
