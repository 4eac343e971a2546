#include "generate/conversation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

class ConversationTest : public ::testing::Test {
 protected:
  ConversationTest() { options_.answer.max_tokens = 12; }

  Conversation Make() { return Conversation(loaded_, ChatTemplate::Parse(*loaded_.chat_template), options_, pool_); }

  ThreadPool pool_{1};
  LoadedModel loaded_ = LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {}, pool_);
  ConversationOptions options_;
};

TEST_F(ConversationTest, LaterTurnsFindTheEarlierOnesInTheCache) {
  options_.answer.sampling.seed = 3;
  Conversation conversation = Make();
  std::string streamed;
  const auto stream = [&](std::string_view piece) { streamed += piece; };
  const Answer first = conversation.Ask("what is wool?", {}, stream);
  EXPECT_EQ(first.reused, 0u);
  EXPECT_EQ(first.text, streamed);
  EXPECT_LE(first.ids.size(), 12u);
  EXPECT_GE(first.prefill_s, 0);
  EXPECT_GE(first.decode_s, 0);
  const Answer second = conversation.Ask("and a sheep?", {}, {});
  EXPECT_GE(second.reused, 16u);
  EXPECT_GT(second.prompt.size(), first.prompt.size() + first.ids.size());
  EXPECT_TRUE(std::equal(first.prompt.begin(), first.prompt.end(), second.prompt.begin()));

  conversation.Reset();
  const Answer again = conversation.Ask("what is wool?", {}, {});
  EXPECT_EQ(again.prompt, first.prompt);
  EXPECT_EQ(again.ids, first.ids) << "one seed, and the cache changes nothing";
  EXPECT_EQ(conversation.seed(), 3u);
}

TEST_F(ConversationTest, AnInterruptedAnswerStaysWithWhatItHas) {
  Conversation conversation = Make();
  int steps = 0;
  const Answer cut = conversation.Ask("tell me", [&] { return ++steps == 4; }, {});
  EXPECT_EQ(cut.finish_reason, FinishReason::kInterrupt);
  EXPECT_EQ(cut.ids.size(), 4u);
  const Answer next = conversation.Ask("go on", {}, {});
  EXPECT_GT(next.prompt.size(), cut.prompt.size() + cut.ids.size());
}

TEST_F(ConversationTest, AnErrorLeavesItAsItWas) {
  Conversation conversation = Make();
  const Answer before = conversation.Ask("one", {}, {});
  const auto broken = [](std::string_view) { throw Error(ErrorCategory::kIo, "no terminal"); };
  try {
    conversation.Ask("two", {}, broken);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no terminal");
  }
  EXPECT_THROW(conversation.Ask("\xFF", {}, {}), Error);
  EXPECT_THROW(conversation.Reset("\xFF"), Error);
  const Answer after = conversation.Ask("two", {}, {});
  conversation.Reset("a system");
  EXPECT_EQ(conversation.system(), "a system");
  const Answer other = conversation.Ask("one", {}, {});
  EXPECT_NE(other.prompt, before.prompt);
  EXPECT_GT(after.prompt.size(), before.prompt.size());
}

TEST_F(ConversationTest, AnAnswerWithoutATokenIsNone) {
  options_.answer.max_tokens = 0;
  Conversation conversation = Make();
  const Answer none = conversation.Ask("one", {}, {});
  EXPECT_TRUE(none.ids.empty());
  EXPECT_EQ(none.prompt, conversation.Ask("one", {}, {}).prompt);
}

TEST_F(ConversationTest, SaysWhenTheContextIsFull) {
  options_.engine.context = 20;
  Conversation conversation = Make();
  try {
    conversation.Ask("a question that is longer than the context holds", {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
  }
}

}  // namespace
}  // namespace sheepop
