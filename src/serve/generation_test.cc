#include "serve/generation.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/utf8.h"
#include "explain/replay.h"
#include "serve/api_error.h"
#include "serve/registry.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

constexpr size_t kContext = 1024;

// Runs what is posted, on the thread of the test.
class Hearing {
 public:
  HearingThread thread() {
    return {[this](std::function<void()> work) { Add(0, std::move(work)); },
            [this](double seconds, std::function<void()> work) { Add(seconds, std::move(work)); }};
  }
  void RunUntil(const std::function<bool()>& done) {
    for (const auto end = Now() + std::chrono::seconds(60); !done();) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(wake_.wait_until(lock, end, [&] { return !posted_.empty() || !later_.empty(); }));
        if (posted_.empty()) {
          wake_.wait_until(lock, later_.begin()->first, [&] { return !posted_.empty(); });
        }
        std::function<void()>& next = posted_.empty() ? later_.begin()->second : posted_.front();
        work = std::move(next);
        if (posted_.empty()) {
          later_.erase(later_.begin());
        } else {
          posted_.pop_front();
        }
      }
      work();
    }
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static Time Now() { return std::chrono::steady_clock::now(); }
  void Add(double seconds, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (seconds == 0) {
      posted_.push_back(std::move(work));
    } else {
      later_.emplace(Now() + std::chrono::microseconds(static_cast<long>(seconds * 1e6)), std::move(work));
    }
    wake_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
  std::multimap<Time, std::function<void()>> later_;
};

struct Heard final : GenerationReceiver {
  void OnProgress(size_t computed, size_t prompt) override { progress.emplace_back(computed, prompt); }
  void OnPiece(Piece piece) override {
    EXPECT_FALSE(piece.text.empty() && piece.tokens.empty() && piece.deltas.empty());
    text[piece.choice] += piece.text;
    for (const TokenRecord& token : piece.tokens) bytes[piece.choice] += token.bytes;
    for (const AnswerDelta& delta : piece.deltas) told[piece.choice] += delta.text;
    ++pieces;
    if (on_piece) on_piece();
  }
  void OnFinish(size_t choice, ChoiceResult result) override {
    EXPECT_TRUE(results.emplace(choice, std::move(result)).second);
  }
  void OnDone(Ledger done) override { ledger = std::move(done); }

  std::vector<std::pair<size_t, size_t>> progress;
  std::map<size_t, std::string> text, bytes, told;  // the last: of the deltas
  std::map<size_t, ChoiceResult> results;
  std::optional<Ledger> ledger;
  size_t pieces = 0;
  std::function<void()> on_piece;
};

class GenerationTest : public ::testing::Test {
 protected:
  void Open(size_t sequences = 4, size_t queue = 16) {
    options_.sequences = sequences;
    options_.queue = queue;
    registry_.emplace(service_, options_, EngineOptions{.context = kContext}, AvailableIsas().back());
    model_ = registry_->Open("tales", testing::SourcePath("models/tales.gguf"));
  }
  Ask MakeAsk(std::vector<std::string> prompts) const {
    Ask ask;
    ask.model = model_;
    for (const std::string& prompt : prompts) {
      std::vector<Token> ids = model_->loaded.tokenizer->EncodePrompt(prompt);
      const size_t tokens = ids.size();
      ask.prompts.push_back({std::move(ids), prompt, {0, {tokens}}});
    }
    ask.options.sampling = model_->sampling;
    ask.options.sampling.seed = 3;
    ask.options.max_tokens = 20;
    ask.stream = true;
    return ask;
  }
  std::shared_ptr<Heard> Run(const Ask& ask) {
    auto heard = std::make_shared<Heard>();
    const HearingThread thread = hearing_.thread();
    const auto generation = GenerationRun::Start(service_, ask, heard, thread);
    hearing_.RunUntil([&] { return heard->ledger.has_value(); });
    while (service_.counts(model_->id).active > 0) std::this_thread::yield();
    return heard;
  }
  ApiProblem Refused(const Ask& ask) {
    const HearingThread thread = hearing_.thread();
    try {
      GenerationRun::Start(service_, ask, std::make_shared<Heard>(), thread);
    } catch (const ApiError& error) {
      return error.problem();
    } catch (const Error& error) {
      return ProblemOf(std::current_exception());
    }
    ADD_FAILURE() << "it was taken";
    return {};
  }

  ServeOptions options_;
  Hearing hearing_;
  Service service_{1};
  std::optional<Registry> registry_;
  std::shared_ptr<const ServedModel> model_;
};

TEST_F(GenerationTest, PiecesAreTheText) {
  Open();
  Ask ask = MakeAsk({"The sheep"});
  ask.n = 3;
  const auto heard = Run(ask);
  ASSERT_EQ(heard->results.size(), 3u);
  for (const auto& [choice, result] : heard->results) {
    EXPECT_EQ(heard->text[choice], result.text);
    EXPECT_EQ(result.ids.size(), result.usage.written);
    EXPECT_EQ(result.tokens.size(), result.ids.size());
  }
  EXPECT_NE(heard->results[0].text, heard->results[1].text) << "siblings draw on their own";
  ask.stream = false;
  const auto whole = Run(ask);
  EXPECT_EQ(whole->pieces, 0u);
  EXPECT_EQ(whole->results[1].text, heard->results[1].text);
}

// Whatever the stop string cuts, the bytes of the tokens that are shown are those of the text.
TEST_F(GenerationTest, TokensAreNoMoreThanTheTextBeforeAStop) {
  Open();
  Ask ask = MakeAsk({"The sheep"});
  ask.logprobs = 1;
  ask.options.max_tokens = 40;
  const std::string text = Run(ask)->results[0].text;
  std::string bytes;
  for (size_t at = 1; at + 3 < text.size(); at += 3) {
    ask.options.stops = {text.substr(at, 3)};
    if (!IsValidUtf8(ask.options.stops[0])) continue;
    for (const bool shown : {false, true}) {
      ask.show_stop = shown;
      const auto heard = Run(ask);
      const ChoiceResult& result = heard->results[0];
      const size_t end = text.find(ask.options.stops[0]);
      EXPECT_EQ(result.text, text.substr(0, end + (shown ? 3 : 0)));
      bytes.clear();
      for (const TokenRecord& token : result.tokens) {
        EXPECT_EQ(token.text_offset, bytes.size());
        bytes += token.bytes;
      }
      EXPECT_EQ(bytes, result.text);
      EXPECT_EQ(heard->bytes[0], result.text);
      EXPECT_EQ(result.reason, FinishReason::kStop);
      EXPECT_EQ(result.stop, ask.options.stops[0]);
    }
  }
}

// White space may stand before the mark of a call, so the reader holds it back: its tokens come with it.
TEST_F(GenerationTest, TokensComeWithTheirDeltas) {
  Open();
  auto marked = std::make_shared<ServedModel>(*model_);
  marked->loaded.chat_template = R"({% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}
{%- for message in messages %}{{ message.content }}{% for call in message.tool_calls or [] %}{{ '<tool_call>\n{"name": "' }}
{{- call.function.name + '", "arguments": ' }}{{ call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}
{%- endfor %})";
  SetChat(*marked);
  Ask ask = MakeAsk({"The end.\n\n"});
  ask.model = marked;
  ask.options.max_tokens = 60;
  ask.reading = {.tools = {}, .reads_tools = true};
  auto heard = std::make_shared<Heard>();
  heard->on_piece = [&told = heard->told[0], &bytes = heard->bytes[0]] {
    EXPECT_EQ(told.substr(0, bytes.size()), bytes);
  };
  const HearingThread thread = hearing_.thread();
  const auto generation = GenerationRun::Start(service_, ask, heard, thread);
  hearing_.RunUntil([&] { return heard->ledger.has_value(); });
  EXPECT_EQ(heard->told[0], heard->results[0].text);
  EXPECT_EQ(heard->bytes[0], heard->results[0].text);
  EXPECT_NE(heard->bytes[0].find('\n'), std::string::npos) << heard->bytes[0];
}

TEST_F(GenerationTest, ScoresOfAPromptAreThoseOfDrawingIt) {
  Open();
  Ask ask = MakeAsk({"Once"});
  ask.options.sampling.temperature = 0;
  ask.logprobs = 3;
  const ChoiceResult drawn = Run(ask)->results[0];
  std::vector<Token> ids = ask.prompts[0].ids;
  ids.insert(ids.end(), drawn.ids.begin(), drawn.ids.end());
  ask.prompts[0].ids = ids;
  ask.score_prompt = true;
  ask.options.max_tokens = 1;
  const ChoiceResult scored = Run(ask)->results[0];
  ASSERT_EQ(scored.prompt.size(), ids.size());
  EXPECT_FALSE(scored.prompt[0].logprob);
  const size_t before = ids.size() - drawn.ids.size();
  for (size_t i = 0; i < drawn.ids.size(); ++i) {
    EXPECT_EQ(scored.prompt[before + i].logprob, drawn.tokens[i].logprob);
    EXPECT_EQ(scored.prompt[before + i].top, drawn.tokens[i].top);
    EXPECT_EQ(drawn.tokens[i].top[0].second, drawn.tokens[i].logprob) << "the best was taken";
  }
}

TEST_F(GenerationTest, ScoresOfAPromptAreThoseOfAllItsChoices) {
  Open();
  Ask ask = MakeAsk({"Once upon a time"});
  ask.logprobs = 2;
  ask.score_prompt = true;
  ask.n = 3;
  ask.options.sampling.temperature = 1;
  const auto heard = Run(ask);
  const std::vector<TokenRecord>& first = heard->results[0].prompt;
  ASSERT_GT(first.size(), 1u);
  for (size_t choice = 1; choice < 3; ++choice) {
    const std::vector<TokenRecord>& prompt = heard->results[choice].prompt;
    ASSERT_EQ(prompt.size(), first.size());
    for (size_t i = 1; i < first.size(); ++i) {
      EXPECT_TRUE(prompt[i].logprob);
      EXPECT_EQ(prompt[i].logprob, first[i].logprob);
      EXPECT_EQ(prompt[i].top, first[i].top);
    }
  }
}

TEST_F(GenerationTest, PromptsBeyondTheQueueWaitForTheirTurn) {
  Open(1, 0);
  std::vector<std::string> prompts;
  for (int i = 0; i < 12; ++i) prompts.push_back("Number " + std::to_string(i));
  Ask ask = MakeAsk(prompts);
  const auto heard = Run(ask);
  ASSERT_EQ(heard->results.size(), 12u);
  for (const auto& [choice, result] : heard->results) {
    EXPECT_EQ(result.reason, FinishReason::kLength);
    EXPECT_EQ(result.text, Run(MakeAsk({prompts[choice]}))->results[0].text);
  }
}

TEST_F(GenerationTest, ACancelEndsEveryChoice) {
  Open(2, 0);
  Ask ask = MakeAsk({"One", "Two", "Three", "Four"});
  ask.options.max_tokens = SIZE_MAX;
  ask.options.ignore_end = true;
  auto heard = std::make_shared<Heard>();
  const HearingThread thread = hearing_.thread();
  const auto generation = GenerationRun::Start(service_, ask, heard, thread);
  heard->on_piece = [&] { generation->Cancel(); };
  hearing_.RunUntil([&] { return heard->ledger.has_value(); });
  ASSERT_EQ(heard->results.size(), 4u);
  for (const auto& [choice, result] : heard->results) EXPECT_EQ(result.reason, FinishReason::kInterrupt) << choice;
}

TEST_F(GenerationTest, TheLedgerAddsUp) {
  Open();
  std::string text = "It was a dark night and the sheep were asleep under the old oak, ";
  text += "all but one, who looked at the moon and thought of the hills behind the river.";
  for (const size_t reused : {0, 1}) {
    const auto heard = Run(MakeAsk({text, text.substr(0, 20)}));
    const Ledger& ledger = *heard->ledger;
    EXPECT_EQ(ledger.reused + ledger.computed, ledger.prompt_tokens);
    EXPECT_EQ(ledger.reused > 0, reused > 0);
    EXPECT_EQ(ledger.written, heard->results[0].ids.size() + heard->results[1].ids.size());
    EXPECT_EQ(ledger.seed, 3u);
  }
}

TEST_F(GenerationTest, ACapsuleReplays) {
  Open();
  Ask ask = MakeAsk({"The sheep"});
  ask.record = true;
  ask.n = 2;
  ask.options.stops = {"e"};
  const auto heard = Run(ask);
  const Capsule capsule = ParseCapsule(boost::json::serialize(heard->ledger->sheepop.at("capsule")));
  ThreadPool pool(1);
  const LoadedModel loaded = LoadedModel::Open(capsule.model, {.context = capsule.engine.context}, pool);
  const ReplayVerdict verdict = ReplayCapsule(capsule, loaded, pool);
  EXPECT_TRUE(verdict.same());
  EXPECT_EQ(verdict.steps, heard->results[0].ids.size() + heard->results[1].ids.size());
  ask.prompts.push_back(ask.prompts[0]);
  EXPECT_EQ(Refused(ask).param, "record");
}

TEST_F(GenerationTest, EachTokenHasItsOwnTrace) {
  Open();
  Ask ask = MakeAsk({"The sheep"});
  ask.explain = true;
  ask.n = 2;
  const auto heard = Run(ask);
  for (const auto& [choice, result] : heard->results) {
    for (const TokenRecord& token : result.tokens) {
      ASSERT_TRUE(token.trace);
      EXPECT_EQ(token.trace->chosen.token, token.id);
      EXPECT_EQ(token.trace->entry.top.size(), ask.explain_top);
    }
  }
}

TEST_F(GenerationTest, WhatCannotRunIsRefusedAtOnce) {
  Open(2, 0);
  Ask ask = MakeAsk({std::string(6 * kContext, 'x')});
  EXPECT_EQ(Refused(ask).code, "context_length_exceeded");
  EXPECT_EQ(Refused(ask).context, kContext);
  ask = MakeAsk({"x"});
  ask.n = 3;
  EXPECT_EQ(Refused(ask).param, "n");
  service_.Drain(0);
  ask.n = 1;
  EXPECT_EQ(Refused(ask).status, 503u);
}

TEST_F(GenerationTest, ProgressRunsThroughThePrompt) {
  Open();
  const auto heard = Run(MakeAsk({std::string(200, 'x')}));
  ASSERT_FALSE(heard->progress.empty());
  EXPECT_EQ(heard->progress.back().first, heard->progress.back().second);
  EXPECT_EQ(heard->progress.back().second, heard->ledger->prompt_tokens);
}

TEST(Registry, NamesAreThoseOfFilesAndAliases) {
  EXPECT_EQ(ModelName("/a/b/tales.gguf"), "tales");
  EXPECT_EQ(ModelName("/a/SmolLM2/"), "SmolLM2");
  EXPECT_EQ(ModelName("Qwen2.5-0.5B"), "Qwen2.5-0.5B");
  Service service(1);
  ServeOptions options;
  options.aliases = {"a=tiny", "b"};
  Registry registry(service, options, {.context = 64}, AvailableIsas().back());
  const auto path = testing::SourcePath("tests/data/tiny/llama/model.gguf");
  const auto model = registry.Open("tiny", path);
  EXPECT_EQ(registry.Find("a"), model);
  EXPECT_EQ(registry.Find("b"), model);
  EXPECT_EQ(registry.Find(""), model);
  EXPECT_THROW(registry.Find("c"), ApiError);
  registry.Open("other", path);
  EXPECT_THROW(registry.Find(""), ApiError) << "which one?";
  EXPECT_THROW(registry.CheckAliases(), Error) << "b is of which one?";
}

TEST(Registry, AModelTakesThePlaceOfTheOneOfItsName) {
  Service service(1);
  const ServeOptions options;
  Registry registry(service, options, {.context = 64}, AvailableIsas().back());
  const auto path = testing::SourcePath("tests/data/tiny/llama/model.gguf");
  auto first = registry.Open("tiny", path, "one");
  const auto second = registry.Open("tiny", path, "two");
  EXPECT_EQ(registry.Find("tiny")->checkpoint, "two");
  EXPECT_EQ(registry.All().size(), 1u);
  const ModelId id = first->id;
  EXPECT_EQ(service.counts(id).active, 0u) << "who has it goes on with it";
  first.reset();
  EXPECT_THROW(service.counts(id), Error);
  EXPECT_EQ(service.counts(second->id).active, 0u);
}

TEST(Registry, AModelThatSomebodyAskedForIsNobodyElses) {
  Service service(1);
  const ServeOptions options;
  Registry registry(service, options, {.context = 64}, AvailableIsas().back());
  const auto path = testing::SourcePath("tests/data/tiny/llama/model.gguf");
  const auto usual = registry.Open("tiny", path);
  const auto asked_for = registry.Open("tiny:older", path, "older", true);
  EXPECT_EQ(registry.Find(""), usual);
  EXPECT_EQ(registry.Find("tiny:older"), asked_for);
}

TEST(Registry, DefaultsOfDrawingAreTheModelsOwn) {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(testing::SourcePath("tests/data/tiny/llama"), folder / "model");
  std::ofstream(folder / "model/generation_config.json") << R"({"temperature": 0.25, "top_k": 7, "bos_token_id": 1})";
  Service service(1);
  const ServeOptions options;
  Registry registry(service, options, {.context = 64}, AvailableIsas().back());
  EXPECT_EQ(registry.Open("gguf", folder / "model/model.gguf")->sampling.top_k, 0) << "those of the profile openai";
  const SamplingOptions own = registry.Open("folder", folder / "model")->sampling;
  EXPECT_EQ(own.temperature, 0.25);
  EXPECT_EQ(own.top_k, 7);
  EXPECT_EQ(own.profile, "openai");
  std::ofstream(folder / "model/generation_config.json") << R"({"temperature": -1})";
  EXPECT_THROW(registry.Open("broken", folder / "model"), Error);
}

}  // namespace
}  // namespace sheepop
