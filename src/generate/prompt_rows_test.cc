// What a listener hears of its prompt: how much is computed, and each of its rows.
#include <gtest/gtest.h>

#include "generate/engine.h"
#include "generate/test_support.h"

namespace sheepop {
namespace {

using testing::Collector;

const std::shared_ptr<const class Model>& Model() {
  static const auto model = testing::TinyModel("llama");
  return model;
}

Request MakeRequest(std::vector<Token> prompt, size_t max_tokens) {
  static const testing::ListVocabulary vocabulary(Model()->config().vocab);
  static const auto chain = std::make_shared<const Chain>(Chain::Build({}, vocabulary));
  return {.prompt = std::move(prompt), .chain = chain, .seed = 1, .max_tokens = max_tokens};
}

std::vector<Token> Tokens(size_t count, Token first = 3) {
  std::vector<Token> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<Token>((static_cast<size_t>(first) + i * 7) % 100);
  return tokens;
}

void Submit(Engine& engine, const Request& request, Collector& listener) {
  Listener* listeners[] = {&listener};
  engine.Submit(request, listeners);
}

void RunAll(Engine& engine) {
  for (size_t most = 10000; engine.Step(); --most) ASSERT_GT(most, 0u) << "it does not end";
}

void ExpectAlone(const Collector& listener, const Request& request, size_t context) {
  const testing::Alone alone = testing::RunAlone(*Model(), request, 0, context);
  EXPECT_EQ(listener.written, alone.written);
  EXPECT_EQ(listener.reason(), alone.reason);
}

class PromptRowsTest : public ::testing::Test {
 protected:
  Engine Make(const EngineOptions& options) { return Engine(Model(), options, pool_); }
  ThreadPool pool_{1};
};

TEST_F(PromptRowsTest, PromptRowsAreThoseOfPassesOfOneRowEach) {
  Engine engine = Make({.context = 256, .sequences = 3, .prefill_chunk = 200});
  Request scored = MakeRequest(Tokens(150), 4);
  scored.prompt_rows = true;
  const Request other = MakeRequest(Tokens(20, 5), 30);
  Collector first, second, third;
  Submit(engine, other, first);
  Submit(engine, scored, second);
  Submit(engine, scored, third);  // its prompt is in the cache, and computed all the same
  RunAll(engine);
  const std::vector<uint64_t> alone = testing::PromptRowsAlone(*Model(), scored.prompt);
  EXPECT_EQ(second.prompt_rows, alone);
  EXPECT_EQ(third.prompt_rows, alone);
  EXPECT_TRUE(first.prompt_rows.empty());
  ExpectAlone(first, other, 256);
  ExpectAlone(second, scored, 256);
  ExpectAlone(third, scored, 256);
  EXPECT_EQ(third.finish->usage.reused, 0u);
  EXPECT_EQ(third.finish->usage.computed, 150u);
}

TEST_F(PromptRowsTest, PromptRowsWithoutAnAnswerEndWithTheLast) {
  Engine engine = Make({.context = 128});
  Request scored = MakeRequest(Tokens(70), 0);
  scored.prompt_rows = true;
  Collector listener;
  Submit(engine, scored, listener);
  RunAll(engine);
  EXPECT_EQ(listener.prompt_rows, testing::PromptRowsAlone(*Model(), scored.prompt));
  EXPECT_EQ(listener.hidden.size(), Model()->config().hidden);
  EXPECT_EQ(listener.reason(), FinishReason::kLength);
  EXPECT_EQ(listener.size(), 0u);
}

TEST_F(PromptRowsTest, APreemptedPromptHandsOutEachRowOnce) {
  Engine engine = Make({.context = 96, .sequences = 2, .prefill_chunk = 16, .cache_positions = 96});
  Request scored = MakeRequest(Tokens(30, 9), 20);
  scored.prompt_rows = true;
  const Request older = MakeRequest(Tokens(10), 80);
  Collector first, second;
  Submit(engine, older, first);
  for (int i = 0; i < 25; ++i) engine.Step();
  Submit(engine, scored, second);
  RunAll(engine);
  EXPECT_GT(second.finish->usage.preempted, 0u);
  EXPECT_EQ(second.prompt_rows, testing::PromptRowsAlone(*Model(), scored.prompt));
  ExpectAlone(first, older, 96);
  ExpectAlone(second, scored, 96);
}

TEST_F(PromptRowsTest, APreemptedSiblingHearsNothingOfThePrompt) {
  Engine engine = Make({.context = 96, .sequences = 3, .prefill_chunk = 16, .cache_positions = 112});
  Request scored = MakeRequest(Tokens(30, 9), 40);
  scored.prompt_rows = true;
  const Request older = MakeRequest(Tokens(10), 80);
  Collector first, second, sibling;
  Submit(engine, older, first);
  Listener* listeners[] = {&second, &sibling};
  engine.Submit(scored, listeners);
  RunAll(engine);
  EXPECT_GT(sibling.finish->usage.preempted, 0u);
  EXPECT_EQ(second.prompt_rows, testing::PromptRowsAlone(*Model(), scored.prompt));
  EXPECT_TRUE(sibling.prompt_rows.empty());
  EXPECT_EQ(sibling.written, testing::RunAlone(*Model(), scored, 1, 96).written);
}

TEST_F(PromptRowsTest, ListenersHearHowMuchOfThePromptIsDone) {
  Engine engine = Make({.context = 128, .prefill_chunk = 32});
  Collector first, again;
  Submit(engine, MakeRequest(Tokens(70), 3), first);
  RunAll(engine);
  EXPECT_EQ(first.prompt_done, (std::vector<size_t>{32, 64, 70}));
  Submit(engine, MakeRequest(Tokens(70), 3), again);
  RunAll(engine);
  EXPECT_EQ(again.prompt_done, (std::vector<size_t>{70})) << "four blocks were found";
}

TEST_F(PromptRowsTest, AListenerThatThrowsOverItsPromptEndsAlone) {
  class Thrower final : public Listener {
   public:
    void OnPromptRow(const PromptRow& row) override {
      if (row.position == 3) throw Error(ErrorCategory::kLimit, "enough");
    }
    Next OnToken(const Choice&, std::span<const float>) override { return Next::kContinue; }
    void OnFinish(const Finish& with) override { finish = with; }
    std::optional<Finish> finish;
  };
  Engine engine = Make({.context = 64, .sequences = 2});
  Request scored = MakeRequest(Tokens(8), 4);
  scored.prompt_rows = true;
  const Request other = MakeRequest(Tokens(5, 2), 9);
  Thrower thrower;
  Collector listener;
  Listener* listeners[] = {&thrower};
  engine.Submit(scored, listeners);
  Submit(engine, other, listener);
  RunAll(engine);
  EXPECT_EQ(thrower.finish.value().reason, FinishReason::kError);
  ExpectAlone(listener, other, 64);
}

}  // namespace
}  // namespace sheepop
