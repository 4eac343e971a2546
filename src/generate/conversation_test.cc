#include "generate/conversation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

constexpr const char* kTemplate = "{% for m in messages %}{{ m.role[0] }}{{ m.content }}{% endfor %}";

class Conversing : public ::testing::Test {
 protected:
  Conversation New(std::optional<std::string> system = std::nullopt, size_t max_tokens = 4, size_t context = 0) {
    ConversationOptions options;
    options.system = std::move(system);
    options.chain = std::make_shared<const Chain>(Chain::Build({}, *loaded_.vocabulary, loaded_.model->isa()));
    options.max_tokens = max_tokens;
    options.engine.context = context;
    return {loaded_, ChatTemplate::Parse(kTemplate), std::move(options), pool_};
  }
  std::string Seen(const Answer& answer) const { return loaded_.tokenizer->Decode(answer.prompt); }

  ThreadPool pool_{1};
  LoadedModel loaded_ = LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {}, pool_);
};

TEST_F(Conversing, EveryTurnHoldsTheTurnsBefore) {
  const std::string system = "The shepherd counts: one, two, three, four, five, six, seven.";
  Conversation talk = New(system);
  std::string streamed;
  const Answer first = talk.Ask("one", {}, [&](std::string_view text) { streamed += text; });
  EXPECT_EQ(streamed, first.text);
  EXPECT_NE(Seen(first).find("s" + system + "uone"), std::string::npos) << Seen(first);
  const Answer second = talk.Ask("two", {}, {});
  EXPECT_NE(Seen(second).find("utwo"), std::string::npos) << Seen(second);
  EXPECT_GT(second.prompt.size(), first.prompt.size() + first.ids.size());
  EXPECT_GT(second.reused, 0u);
}

TEST_F(Conversing, ResetForgetsAllButTheSystemPrompt) {
  Conversation talk = New("sys");
  const Answer first = talk.Ask("one", {}, {});
  talk.Ask("two", {}, {});
  talk.Reset();
  EXPECT_EQ(talk.Ask("one", {}, {}).prompt, first.prompt);
  talk.Reset(std::nullopt);
  EXPECT_EQ(talk.system(), std::nullopt);
  EXPECT_LT(talk.Ask("one", {}, {}).prompt.size(), first.prompt.size());
}

TEST_F(Conversing, InterruptedAnswersStayAsFarAsTheyWent) {
  Conversation talk = New(std::nullopt, 50);
  size_t asked = 0;
  const Answer cut = talk.Ask("one", [&] { return ++asked == 3; }, {});
  EXPECT_EQ(cut.finish_reason, FinishReason::kInterrupt);
  EXPECT_FALSE(cut.ids.empty());
  EXPECT_LE(cut.ids.size(), 3u);
  EXPECT_NE(Seen(talk.Ask("two", {}, {})).find(cut.text), std::string::npos);
}

TEST_F(Conversing, AnErrorLeavesTheConversationAsItWas) {
  Conversation talk = New();
  const Answer first = talk.Ask("one", {}, {});
  Conversation other = New();
  EXPECT_THROW(other.Ask("\xff", {}, {}), Error);
  EXPECT_THROW(other.Ask(std::string(100000, 'x'), {}, {}), Error);
  struct Stop {};
  EXPECT_THROW(other.Ask("one", {}, [](std::string_view) { throw Stop(); }), Stop);
  EXPECT_EQ(other.Ask("one", {}, {}).prompt, first.prompt);
  EXPECT_THROW(other.Reset("\xff"), Error);
}

}  // namespace
}  // namespace sheepop
