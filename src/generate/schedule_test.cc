// The engine against a plain model of what it promises: whatever is submitted, cancelled, forked and finished when, with
// whatever room in the cache, every sequence is what it is alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <tuple>

#include "base/utf8.h"
#include "generate/test_support.h"
#include "testing/sanitized.h"

namespace sheepop {
namespace {

using testing::Alone;
using testing::RunAlone;
using testing::Written;

constexpr size_t kContext = 40;
constexpr size_t kPrompts = 8;

// Prompts that share prefixes and end at, before and behind the border of a block.
std::vector<Token> PromptOf(size_t which) {
  const size_t lengths[kPrompts] = {1, 3, 15, 16, 17, 30, 31, 39};
  std::vector<Token> prompt(lengths[which]);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<Token>((5 + i * 7 + (which % 2) * (i / 16)) % 100);
  return prompt;
}

std::string Letter(size_t token) {
  std::string letter;
  AppendUtf8(static_cast<char32_t>(0x100 + token), letter);
  return letter;
}

// A letter each, so that a text has one way to be written.
class LetterVocabulary final : public testing::ListVocabulary {
 public:
  explicit LetterVocabulary(size_t size) : ListVocabulary(Letters(size), {20}) {}
  std::vector<Token> Encode(std::string_view text) const override {
    std::vector<Token> tokens;
    for (; !text.empty(); text.remove_prefix(DecodeUtf8(text).length)) {
      tokens.push_back(static_cast<Token>(DecodeUtf8(text).code_point - 0x100));
    }
    return tokens;
  }

 private:
  static std::vector<std::string> Letters(size_t size) {
    std::vector<std::string> letters;
    for (size_t token = 0; token < size; ++token) letters.push_back(Letter(token));
    return letters;
  }
};

// Long stretches without a choice, and two places where there is one.
SamplingOptions Forced() {
  const auto stretch = [](size_t first, size_t count) {
    std::string text;
    for (size_t token = first; token < first + count; ++token) text += Letter(token);
    return text;
  };
  SamplingOptions options;
  options.constraint.regex =
      stretch(26, 9) + "(" + stretch(40, 12) + "|" + stretch(55, 3) + ")[" + stretch(60, 5) + "]" + stretch(70, 7);
  return options;
}

// The requests of all schedules, and what each of their sequences is alone: computed once. A grammar's forced tokens are
// drawn there one by one.
class Requests {
 public:
  explicit Requests(const char* model)
      : model_(testing::TinyModel(model)), vocabulary_(model_->config().vocab), letters_(model_->config().vocab) {
    SamplingOptions greedy, few;
    greedy.do_sample = false;
    few.allowed = {Token{60}, Token{61}, Token{62}, Token{63}, Token{64}};
    few.no_repeat_ngram = 1;  // no token is left after five
    for (const SamplingOptions& options : {SamplingOptions{}, greedy, few}) {
      chains_.push_back(std::make_shared<const Chain>(Chain::Build(options, vocabulary_)));
    }
    chains_.push_back(std::make_shared<const Chain>(Chain::Build(Forced(), letters_)));
  }

  const std::shared_ptr<const Model>& model() const { return model_; }

  Request Make(std::mt19937& random) const {
    Request request;
    request.prompt = PromptOf(random() % kPrompts);
    request.chain = chains_[random() % chains_.size()];
    request.seed = random() % 3;
    if (random() % 2) request.end_tokens = {20, 21, 22, 23, 24, 25};
    request.max_tokens = random() % 2 ? 1 + random() % 12 : SIZE_MAX;
    return request;
  }

  // With the longest limit: less is its beginning.
  const Alone& Of(const Request& request, uint32_t sibling, size_t context) {
    const auto key = std::tuple(request.prompt.size(), request.chain.get(), request.seed, request.end_tokens.empty(),
                                sibling, context);
    auto found = alone_.find(key);
    if (found == alone_.end()) {
      Request longest = request;
      longest.max_tokens = SIZE_MAX;
      found = alone_.emplace(key, RunAlone(*model_, longest, sibling, context)).first;
    }
    return found->second;
  }

 private:
  std::shared_ptr<const Model> model_;
  testing::ListVocabulary vocabulary_;
  LetterVocabulary letters_;
  std::vector<std::shared_ptr<const Chain>> chains_;
  std::map<std::tuple<size_t, const Chain*, uint64_t, bool, uint32_t, size_t>, Alone> alone_;
};

class Schedule;

// What a listener does with its token number `at`, counted from 1.
enum class Act { kNothing, kStop, kThrow, kCancelOwn, kCancelAny, kSubmit };

class Actor final : public Listener {
 public:
  Actor(Schedule& schedule, Request request, uint32_t sibling, Act act, size_t at)
      : schedule_(schedule), request_(std::move(request)), sibling_(sibling), act_(act), at_(at) {}
  Next OnToken(const Choice& choice, std::span<const float> logits) override;
  void OnFinish(const Finish& finish) override;
  void Check(Requests& requests, size_t context) const;
  const Usage& usage() const { return finish_->usage; }

  RequestId id{};

 private:
  Schedule& schedule_;
  Request request_;
  uint32_t sibling_;
  Act act_;
  size_t at_;
  Written written_;
  std::optional<Finish> finish_;
};

class Schedule {
 public:
  Schedule(Requests& requests, Engine& engine, size_t sequences, std::mt19937& random)
      : requests_(requests), engine_(engine), sequences_(sequences), random_(random) {}

  void Run() {
    for (int left = 4 + static_cast<int>(random_() % 10); left > 0; --left) {
      const auto what = random_() % 8;
      if (what < 3) {
        Submit();
      } else if (what == 3) {
        CancelAny();
      } else {
        for (auto steps = random_() % 6; steps > 0; --steps) engine_.Step();
      }
    }
    for (size_t steps = 0; engine_.Step(); ++steps) ASSERT_LT(steps, 5000u) << "it does not end";
    for (const Actor& actor : actors_) {
      actor.Check(requests_, engine_.context());
      preempted += actor.usage().preempted;
      forced += actor.usage().forced;
    }
    EXPECT_EQ(engine_.active(), 0u);
    EXPECT_EQ(engine_.waiting(), 0u);
  }

  void Submit() {
    if (actors_.size() > 30) return;
    const Request request = requests_.Make(random_);
    const size_t count = 1 + (random_() % 3 == 0 ? random_() % sequences_ : 0);
    const size_t begin = actors_.size();
    std::vector<Listener*> listeners;
    for (uint32_t i = 0; i < count; ++i) {
      const Act act = random_() % 2 ? Act::kNothing : static_cast<Act>(random_() % 6);
      listeners.push_back(&actors_.emplace_back(*this, request, i, act, 1 + random_() % 6));
    }
    try {
      const RequestId id = engine_.Submit(request, listeners);
      for (size_t i = begin; i < actors_.size(); ++i) actors_[i].id = id;
    } catch (const Error& error) {  // larger than the cache
      EXPECT_GE(request.prompt.size(), engine_.context()) << error.what();
      while (actors_.size() > begin) actors_.pop_back();
    }
  }

  void CancelAny() {
    if (!actors_.empty()) engine_.Cancel(actors_[random_() % actors_.size()].id);
  }
  void Cancel(RequestId id) { engine_.Cancel(id); }

  size_t preempted = 0;  // times, of all sequences
  size_t forced = 0;     // tokens, likewise

 private:
  Requests& requests_;
  Engine& engine_;
  size_t sequences_;
  std::mt19937& random_;
  std::deque<Actor> actors_;
};

Next Actor::OnToken(const Choice& choice, std::span<const float> logits) {
  EXPECT_FALSE(finish_.has_value());
  written_.Add(choice.token, logits);
  if (written_.ids.size() != at_) return Next::kContinue;
  switch (act_) {
    case Act::kNothing: break;
    case Act::kStop: return Next::kStop;
    case Act::kThrow: throw Error(ErrorCategory::kIo, "the listener's own");
    case Act::kCancelOwn: schedule_.Cancel(id); break;
    case Act::kCancelAny: schedule_.CancelAny(); break;
    case Act::kSubmit: schedule_.Submit(); break;
  }
  return Next::kContinue;
}

void Actor::OnFinish(const Finish& finish) {
  EXPECT_FALSE(finish_.has_value());
  finish_ = finish;
}

void Actor::Check(Requests& requests, size_t context) const {
  ASSERT_TRUE(finish_.has_value());
  const Alone& alone = requests.Of(request_, sibling_, context);
  const size_t size = written_.ids.size(), whole = std::min(alone.written.ids.size(), request_.max_tokens);
  ASSERT_EQ(written_, alone.written.First(size));
  const bool acted = size == at_ && act_ != Act::kNothing;
  switch (finish_->reason) {
    case FinishReason::kInterrupt: break;
    case FinishReason::kLength: EXPECT_EQ(size, request_.max_tokens); break;
    case FinishReason::kStop:
      if (!(acted && act_ == Act::kStop)) {
        EXPECT_EQ(size, whole);
        EXPECT_EQ(alone.reason, FinishReason::kStop);
      }
      break;
    case FinishReason::kContext:
      EXPECT_EQ(size, whole);
      EXPECT_EQ(alone.reason, FinishReason::kContext);
      break;
    case FinishReason::kError:
      if (!(acted && act_ == Act::kThrow)) {
        EXPECT_EQ(size, whole);
        EXPECT_EQ(alone.error, AsError(finish_->error).what());
      }
      break;
  }
  const Usage& usage = finish_->usage;
  EXPECT_EQ(usage.written, size);
  EXPECT_EQ(usage.prompt, request_.prompt.size());
  if (size > 0) {
    EXPECT_EQ(usage.reused + usage.computed, usage.prompt);
  }
  EXPECT_LE(usage.recomputed, usage.preempted * context);
}

constexpr int kSchedules = 25;  // of an engine

void RunSchedules(const char* model, int engines) {
  Requests requests(model);
  ThreadPool pool(1);
  std::mt19937 random(7);
  size_t preempted = 0, forced = 0;
  for (int i = 0; i < engines; ++i) {
    EngineOptions options;
    options.context = kContext;
    options.sequences = 1 + random() % 6;
    options.prefill_chunk = 1 + random() % 40;
    options.cache_positions = 16 * (1 + random() % 5);
    Engine engine(requests.model(), options, pool);
    const size_t room = engine.free_positions();
    for (int k = 0; k < kSchedules; ++k) {
      Schedule schedule(requests, engine, options.sequences, random);
      schedule.Run();
      preempted += schedule.preempted;
      forced += schedule.forced;
      ASSERT_EQ(engine.free_positions(), room) << "blocks were lost";
      ASSERT_FALSE(::testing::Test::HasFailure()) << "engine " << i << ", schedule " << k;
    }
  }
  // Of the first 500 schedules, all that are drawn under sanitizers, a third preempt; of 10,000 more than half.
  EXPECT_GT(preempted, static_cast<size_t>(engines * kSchedules) / (engines < 400 ? 4 : 2))
      << "the caches are not small enough";
  EXPECT_GT(forced, static_cast<size_t>(engines * kSchedules));
}

TEST(Engine, EverySequenceOfRandomSchedulesIsWhatItIsAlone) { RunSchedules("gpt2", testing::kSanitized ? 20 : 400); }

// Rows that want no logits end at the last layer with keys.
TEST(Engine, RandomSchedulesOfAModelWhoseLayersShareKeys) {
  RunSchedules("gemma4_small", testing::kSanitized ? 10 : 60);
}

// Sequences that are preempted or share a prefix go on from a snapshot of their states.
TEST(Engine, RandomSchedulesOfAModelWithExpertsAndStates) { RunSchedules("qwen35moe", testing::kSanitized ? 10 : 60); }

}  // namespace
}  // namespace sheepop
