#include "generate/engine.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "generate/test_support.h"

namespace sheepop {
namespace {

using testing::Alone;
using testing::Collector;
using testing::RunAlone;
using testing::Written;

constexpr size_t kContext = 48;

const std::shared_ptr<const Model>& Tiny() {
  static const auto model = testing::TinyModel("gpt2");
  return model;
}

const testing::ListVocabulary& Vocabulary() {
  static const testing::ListVocabulary vocabulary(Tiny()->config().vocab);
  return vocabulary;
}

std::shared_ptr<const Chain> MakeChain(const SamplingOptions& options = {}) {
  return std::make_shared<const Chain>(Chain::Build(options, Vocabulary()));
}

// Draws each of four tokens once, then has none left.
std::shared_ptr<const Chain> EndingChain() {
  SamplingOptions options;
  options.allowed = {Token{60}, Token{61}, Token{62}, Token{63}};
  options.no_repeat_ngram = 1;
  return MakeChain(options);
}

Request MakeRequest(std::vector<Token> prompt, size_t max_tokens, uint64_t seed = 1) {
  static const auto chain = MakeChain();
  return {.prompt = std::move(prompt), .chain = chain, .seed = seed, .max_tokens = max_tokens};
}

std::vector<Token> Tokens(size_t count, Token first = 3) {
  std::vector<Token> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<Token>((static_cast<size_t>(first) + i * 7) % 100);
  return tokens;
}

RequestId Submit(Engine& engine, const Request& request, Collector& listener) {
  Listener* listeners[] = {&listener};
  return engine.Submit(request, listeners);
}

void RunAll(Engine& engine, size_t most = 10000) {
  while (engine.Step()) ASSERT_GT(most--, 0u) << "it does not end";
}

void ExpectAlone(const Collector& listener, const Request& request, uint32_t sibling = 0, size_t context = kContext) {
  const Alone alone = RunAlone(*Tiny(), request, sibling, context);
  EXPECT_EQ(listener.finishes, 1);
  EXPECT_EQ(listener.written, alone.written);
  EXPECT_EQ(listener.reason(), alone.reason);
  EXPECT_EQ(listener.message(), alone.error);
}

class EngineTest : public ::testing::Test {
 protected:
  Engine Make(EngineOptions options) {
    if (options.context == 0) options.context = kContext;
    return Engine(Tiny(), options, pool_);
  }
  ThreadPool pool_{1};
};

TEST_F(EngineTest, AnErrorOfOneSequenceIsItsOwn) {
  const Request good = MakeRequest(Tokens(3), 12);
  Request bad = good;
  bad.chain = EndingChain();
  for (bool bad_first : {true, false}) {
    Engine engine = Make({.sequences = 2});
    Collector first, second;
    Submit(engine, bad_first ? bad : good, first);
    Submit(engine, bad_first ? good : bad, second);
    RunAll(engine);
    ExpectAlone(bad_first ? second : first, good);
    const Collector& failed = bad_first ? first : second;
    ExpectAlone(failed, bad);
    EXPECT_EQ(failed.reason(), FinishReason::kError);
    EXPECT_EQ(failed.size(), 4u);
    EXPECT_EQ(failed.message(),
              "no_repeat_ngram leaves no token to draw at position 7, after allowed; let at least one through: drop "
              "one of these "
              "settings, or change it");
    EXPECT_EQ(AsError(failed.finish->error).category(), ErrorCategory::kInvalidArgument);
    EXPECT_THROW(failed.finish->Check(), Error);
    EXPECT_EQ(engine.free_positions(), 2 * kContext);
  }
}

TEST_F(EngineTest, WhatAListenerThrowsEndsItsSequence) {
  const Request request = MakeRequest(Tokens(5), 10);
  const auto throwing = [](const std::function<void()>& raise) {
    return Collector([raise](Collector& self) {
      if (self.size() == 3) raise();
      return Next::kContinue;
    });
  };
  Collector error = throwing([] { throw Error(ErrorCategory::kIo, "the pipe is closed"); });
  Collector other = throwing([] { throw std::runtime_error("odd"); });
  Collector strange = throwing([] { throw 7; });
  Collector memory = throwing([] { throw std::bad_alloc(); });
  Collector good;
  Engine engine = Make({.sequences = 5});
  for (Collector* listener : {&error, &other, &good, &strange, &memory}) Submit(engine, request, *listener);
  RunAll(engine);
  ExpectAlone(good, request);
  for (const Collector* listener : {&error, &other, &strange, &memory}) {
    EXPECT_EQ(listener->written, good.written.First(3));
    EXPECT_EQ(listener->reason(), FinishReason::kError);
    EXPECT_EQ(listener->finishes, 1);
  }
  EXPECT_EQ(error.message(), "the pipe is closed");
  EXPECT_EQ(AsError(error.finish->error).category(), ErrorCategory::kIo);
  EXPECT_EQ(other.message(), "odd");
  EXPECT_EQ(AsError(other.finish->error).category(), ErrorCategory::kInternal);
  EXPECT_EQ(AsError(strange.finish->error).category(), ErrorCategory::kInternal);
  EXPECT_EQ(AsError(memory.finish->error).category(), ErrorCategory::kLimit);
}

TEST_F(EngineTest, WhatOnFinishThrowsIsToldOnce) {
  const Request request = MakeRequest(Tokens(5), 4);
  Collector once({}, [](Collector& self) {
    if (self.finishes == 1) throw Error(ErrorCategory::kIo, "the disk is full");
  });
  Collector always({}, [](Collector&) { throw Error(ErrorCategory::kIo, "again"); });
  Collector good;
  Engine engine = Make({.sequences = 3});
  for (Collector* listener : {&once, &always, &good}) Submit(engine, request, *listener);
  RunAll(engine);
  EXPECT_EQ(once.finishes, 2);
  EXPECT_EQ(once.reason(), FinishReason::kError);
  EXPECT_EQ(once.message(), "the disk is full");
  EXPECT_EQ(always.finishes, 2);
  ExpectAlone(good, request);
}

TEST_F(EngineTest, SiblingsDrawAsTheyDoAlone) {
  for (size_t prompt : {1, 5, 16, 17}) {
    const Request request = MakeRequest(Tokens(prompt), 20);
    Collector listeners[4];
    std::vector<Listener*> list;
    for (Collector& listener : listeners) list.push_back(&listener);
    Engine engine = Make({.sequences = 4});
    engine.Submit(request, list);
    RunAll(engine);
    for (uint32_t i = 0; i < 4; ++i) {
      ExpectAlone(listeners[i], request, i);
      EXPECT_EQ(listeners[i].finish->usage.prompt, prompt);
      EXPECT_EQ(listeners[i].finish->usage.reused, i ? prompt : 0);
      EXPECT_EQ(listeners[i].finish->usage.computed, i ? 0 : prompt);
      EXPECT_EQ(listeners[i].finish->usage.written, 20u);
    }
  }
}

// In a context of one block the fork's copies take the last free blocks.
TEST_F(EngineTest, SiblingsFillASmallContext) {
  const Request request = MakeRequest(Tokens(5), SIZE_MAX);
  Collector a, b;
  Listener* list[] = {&a, &b};
  Engine engine = Make({.context = 16, .sequences = 2});
  engine.Submit(request, list);
  RunAll(engine);
  ExpectAlone(a, request, 0, 16);
  ExpectAlone(b, request, 1, 16);
  EXPECT_EQ(a.reason(), FinishReason::kContext);
}

TEST_F(EngineTest, EndTokensLimitsAndStops) {
  Request request = MakeRequest(Tokens(5), 30);
  const Alone alone = RunAlone(*Tiny(), request, 0, kContext);
  Collector stopping([](Collector& self) { return self.size() == 6 ? Next::kStop : Next::kContinue; });
  Collector ended, none;
  Engine engine = Make({});
  Submit(engine, request, stopping);
  request.end_tokens = {alone.written.ids[9]};
  Submit(engine, request, ended);
  request.max_tokens = 0;
  Submit(engine, request, none);
  EXPECT_EQ(none.reason(), FinishReason::kLength) << "at once";
  RunAll(engine);
  EXPECT_EQ(stopping.written, alone.written.First(6));
  EXPECT_EQ(stopping.reason(), FinishReason::kStop);
  EXPECT_EQ(ended.reason(), FinishReason::kStop);
  request.max_tokens = 30;
  ExpectAlone(ended, request);
  EXPECT_FALSE(engine.Step());
}

// A listener cancels itself, one before it in the step, one behind it, one that waits, and its siblings.
TEST_F(EngineTest, AListenerMayCancel) {
  const Request request = MakeRequest(Tokens(4), 12);
  const Alone alone = RunAlone(*Tiny(), request, 0, kContext);
  for (size_t victim = 0; victim < 4; ++victim) {
    Engine engine = Make({.sequences = 3});
    std::vector<RequestId> ids;
    Collector before, after, waits;
    Collector cancels([&](Collector& self) {
      if (self.size() == 5) engine.Cancel(ids[victim]);
      return Next::kContinue;
    });
    Collector* all[] = {&before, &cancels, &after, &waits};
    for (Collector* listener : all) ids.push_back(Submit(engine, request, *listener));
    RunAll(engine);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(all[i]->finishes, 1);
      if (i != victim) {
        EXPECT_EQ(all[i]->written, alone.written);
        continue;
      }
      const size_t expected[] = {5, 5, 4, 0};
      EXPECT_EQ(all[i]->reason(), FinishReason::kInterrupt);
      EXPECT_EQ(all[i]->written, alone.written.First(expected[i]));
    }
    EXPECT_EQ(engine.free_positions(), 3 * kContext);
  }
}

TEST_F(EngineTest, CancelEndsAllSiblings) {
  for (size_t at : {0, 1, 4}) {  // before the prompt is run, at the first token, later
    const Request request = MakeRequest(Tokens(20), 12);
    Engine engine = Make({.sequences = 3, .prefill_chunk = 16});
    std::optional<RequestId> id;
    const auto cancel = [&](Collector& self) {
      if (self.size() == at) engine.Cancel(*id);
      return Next::kContinue;
    };
    Collector a, b(cancel), c;
    Listener* list[] = {&a, &b, &c};
    id = engine.Submit(request, list);
    if (at == 0) {
      engine.Step();
      engine.Cancel(*id);
    }
    RunAll(engine);
    for (const Collector* listener : {&a, &b, &c}) {
      EXPECT_EQ(listener->reason(), FinishReason::kInterrupt);
      EXPECT_EQ(listener->finishes, 1);
    }
    EXPECT_EQ(a.size(), at);
    EXPECT_EQ(c.size(), at ? at - 1 : 0);
    EXPECT_EQ(a.finish->usage.computed, at ? 20u : 16u);
    EXPECT_EQ(engine.free_positions(), 3 * kContext);
  }
}

TEST_F(EngineTest, CancelAllEndsThoseThatAreThere) {
  const Request request = MakeRequest(Tokens(4), 6);
  Engine engine = Make({.sequences = 1});
  Collector later, waits;
  Collector runs({}, [&](Collector&) { Submit(engine, request, later); });
  Submit(engine, request, runs);
  Submit(engine, request, waits);
  engine.Step();
  engine.CancelAll();
  EXPECT_EQ(runs.reason(), FinishReason::kInterrupt);
  EXPECT_EQ(waits.reason(), FinishReason::kInterrupt);
  EXPECT_EQ(waits.size(), 0u);
  EXPECT_EQ(engine.waiting(), 1u);
  EXPECT_FALSE(engine.idle());
  RunAll(engine);
  ExpectAlone(later, request);
  EXPECT_TRUE(engine.idle());
}

TEST_F(EngineTest, AListenerMaySubmitAndCancelAtTheEnd) {
  const Request request = MakeRequest(Tokens(4), 6);
  Engine engine = Make({.sequences = 2});
  Collector next, doomed;
  std::optional<RequestId> victim;
  Collector first({}, [&](Collector&) {
    Submit(engine, request, next);
    engine.Cancel(*victim);
  });
  Submit(engine, request, first);
  victim = Submit(engine, MakeRequest(Tokens(4), 30), doomed);
  RunAll(engine);
  ExpectAlone(first, request);
  ExpectAlone(next, request);
  EXPECT_EQ(doomed.reason(), FinishReason::kInterrupt);
  EXPECT_EQ(doomed.size(), 5u) << "its draw of that step came later";
  engine.Cancel(*victim);  // nothing is left of it
  EXPECT_EQ(doomed.finishes, 1);
}

TEST_F(EngineTest, RefusesWhatCanNeverRun) {
  Engine engine = Make({.sequences = 2, .cache_positions = 32});
  EXPECT_EQ(engine.context(), 32u);
  Collector listener;
  const auto message = [&](const Request& request, size_t listeners, ErrorCategory category) -> std::string {
    std::vector<Listener*> list(listeners, &listener);
    try {
      engine.Submit(request, list);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), category);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(MakeRequest(Tokens(32), 1), 1, ErrorCategory::kLimit),
            "the prompt has 32 tokens, the context holds 32 with the answer; shorten it or use a larger --context");
  EXPECT_EQ(message(MakeRequest({}, 1), 1, ErrorCategory::kInvalidArgument),
            "the prompt has no tokens; give it at least one character");
  EXPECT_EQ(message(MakeRequest({1, 112}, 1), 1, ErrorCategory::kInvalidArgument),
            "prompt token 112 is outside the vocabulary, whose ids are 0 to 111");
  EXPECT_EQ(message(MakeRequest({1, -1}, 1), 1, ErrorCategory::kInvalidArgument),
            "prompt token -1 is outside the vocabulary, whose ids are 0 to 111");
  EXPECT_EQ(message(MakeRequest({1}, 1), 3, ErrorCategory::kInvalidArgument),
            "3 sequences from one prompt, the engine runs 2 at once");
  EXPECT_EQ(message(MakeRequest({1}, 1), 0, ErrorCategory::kInvalidArgument),
            "0 sequences from one prompt, the engine runs 2 at once");
  EXPECT_FALSE(engine.Step());
  EXPECT_EQ(listener.finishes, 0);
}

TEST_F(EngineTest, RefusesOptionsOutOfRange) {
  EXPECT_THROW(Make({.sequences = 0}), Error);
  EXPECT_THROW(Make({.sequences = 4097}), Error);
  EXPECT_THROW(Make({.prefill_chunk = 0}), Error);
  EXPECT_THROW(Make({.prefill_chunk = 65537}), Error);
  EXPECT_THROW(Make({.context = 65}), Error) << "gpt2 has 64 learned positions";
  EXPECT_EQ(Make({.context = 64}).context(), 64u);
  EXPECT_EQ(Name(FinishReason::kError), "error");
}

TEST_F(EngineTest, ALoneRequestThatOutgrowsTheCacheEndsWithContext) {
  const Request request = MakeRequest(Tokens(10), SIZE_MAX);
  Engine engine = Make({.sequences = 4, .cache_positions = 32});
  Collector listener;
  Submit(engine, request, listener);
  RunAll(engine);
  ExpectAlone(listener, request, 0, 32);
  EXPECT_EQ(listener.reason(), FinishReason::kContext);
  EXPECT_EQ(listener.size(), 32u - 10 + 1);
}

// Four blocks. A request starts when its prompt and one more block fit, not its limit.
TEST_F(EngineTest, StartsWhenPromptAndOneMoreBlockFit) {
  Engine engine = Make({.sequences = 4, .cache_positions = 64});
  Collector a, b, c;
  Submit(engine, MakeRequest(Tokens(10, 1), 4), a);
  Submit(engine, MakeRequest(Tokens(17, 2), 31), b);  // 2 blocks and 1: fits beside the first, whose limit needs 1
  Submit(engine, MakeRequest(Tokens(4, 3), 2), c);    // waits: 3 + 1 are spoken for
  engine.Step();
  EXPECT_EQ(engine.active(), 2u);
  EXPECT_EQ(engine.waiting(), 1u);
  EXPECT_EQ(engine.free_positions(), 16u);
  engine.Step();
  EXPECT_EQ(engine.active(), 3u) << "the second writes; what it may need later is not kept for it";
  RunAll(engine);
  ExpectAlone(a, MakeRequest(Tokens(10, 1), 4));
  ExpectAlone(b, MakeRequest(Tokens(17, 2), 31));
  ExpectAlone(c, MakeRequest(Tokens(4, 3), 2));
}

// What a request can never need is not kept for it: of its last token nothing is computed.
TEST_F(EngineTest, StartsWhenItsLastTokenButOneFits) {
  for (const size_t max_tokens : {1, 2, 17, 18}) {
    Engine engine = Make({.sequences = 2, .cache_positions = 48});
    Collector writing, asking;
    Submit(engine, MakeRequest(Tokens(4, 1), 3), writing);
    Submit(engine, MakeRequest(Tokens(16, 2), max_tokens), asking);
    engine.Step();
    EXPECT_EQ(asking.size(), 1U) << max_tokens;
    RunAll(engine);
    ExpectAlone(asking, MakeRequest(Tokens(16, 2), max_tokens));
  }
  Engine engine = Make({.sequences = 2, .cache_positions = 32});
  Collector writing, asking, larger;
  Submit(engine, MakeRequest(Tokens(4, 1), 3), writing);
  Submit(engine, MakeRequest(Tokens(16, 2), 2), asking);
  engine.Step();
  EXPECT_EQ(engine.active(), 1U) << "the second token needs another block";
  RunAll(engine);
  Submit(engine, MakeRequest(Tokens(4, 1), 3), writing);
  Submit(engine, MakeRequest(Tokens(16, 2), 1), larger);
  engine.Step();
  EXPECT_EQ(larger.size(), 1U) << "one token needs none beyond the prompt's";
  RunAll(engine);
}

TEST_F(EngineTest, WhatFitsExactlyIsNotPreempted) {
  Engine engine = Make({.sequences = 2, .cache_positions = 64});
  Collector listeners[2];
  for (Token i = 0; i < 2; ++i) Submit(engine, MakeRequest(Tokens(14, i), 19), listeners[i]);  // 32 positions each
  RunAll(engine);
  for (Token i = 0; i < 2; ++i) {
    ExpectAlone(listeners[i], MakeRequest(Tokens(14, i), 19));
    EXPECT_EQ(listeners[i].finish->usage.preempted, 0U);
  }
}

// Siblings share the whole blocks of their prompt; of the rest each has its own.
TEST_F(EngineTest, SiblingsStartWhenAllOfThemFit) {
  for (const size_t max_tokens : {2, 20}) {  // of 20 tokens: a block together and one each, or two each
    Engine engine = Make({.sequences = 4, .cache_positions = 96});
    Collector writing, asking[3];
    Submit(engine, MakeRequest(Tokens(4, 1), 3), writing);
    Listener* listeners[] = {&asking[0], &asking[1], &asking[2]};
    engine.Submit(MakeRequest(Tokens(20, 2), max_tokens), listeners);
    engine.Step();
    EXPECT_EQ(engine.waiting(), max_tokens == 2 ? 0U : 1U) << max_tokens;
    RunAll(engine);
    for (uint32_t i = 0; i < 3; ++i) {
      EXPECT_EQ(asking[i].written, RunAlone(*Tiny(), MakeRequest(Tokens(20, 2), max_tokens), i, 64).written);
    }
  }
}

TEST_F(EngineTest, PlacesOfSiblingsAreTakenFromTheirStart) {
  Engine engine = Make({.sequences = 4, .prefill_chunk = 8});
  Collector asking[3];
  Listener* listeners[] = {&asking[0], &asking[1], &asking[2]};
  engine.Submit(MakeRequest(Tokens(20), 4), listeners);
  EXPECT_EQ(engine.places(), 4U);
  engine.Step();
  EXPECT_EQ(engine.active(), 1U) << "of the prompt 8 tokens have been run";
  EXPECT_EQ(engine.places(), 1U);
  engine.Step();
  engine.Step();
  EXPECT_EQ(engine.active(), 3U);
  EXPECT_EQ(engine.places(), 1U);
  RunAll(engine);
  EXPECT_EQ(engine.places(), 4U);
}

TEST_F(EngineTest, RequestsAreCountedFromZero) {
  Engine engine = Make({.sequences = 1});
  Collector listeners[3];
  const Request request = MakeRequest({0, 111}, 1);  // the first and the last token there are
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(Submit(engine, request, listeners[i]), RequestId{i});
  RunAll(engine);
}

TEST_F(EngineTest, TheNewestGivesWayAndComesBack) {
  const Request a = MakeRequest(Tokens(14, 1), 34), b = MakeRequest(Tokens(14, 2), 30),
                c = MakeRequest(Tokens(14, 9), 20);
  Engine engine = Make({.sequences = 3, .cache_positions = 64});
  Collector first, second, third;
  Submit(engine, a, first);
  Submit(engine, b, second);
  Submit(engine, c, third);
  RunAll(engine);
  ExpectAlone(first, a);
  ExpectAlone(second, b);
  ExpectAlone(third, c);
  EXPECT_EQ(first.finish->usage.preempted, 0u);
  EXPECT_GE(second.finish->usage.preempted + third.finish->usage.preempted, 1u);
  for (const Collector* listener : {&first, &second, &third}) {
    const Usage& usage = listener->finish->usage;
    EXPECT_EQ(usage.reused + usage.computed, usage.prompt);
    EXPECT_EQ(usage.written, listener->size());
    EXPECT_LE(usage.recomputed, usage.preempted * kContext);
  }
}

TEST_F(EngineTest, UsageCountsPromptAndTime) {
  double now = 100;
  Engine engine = Make({.sequences = 1, .prefill_chunk = 16, .clock = [&] { return now; }});
  Collector first, second, cancelled;
  const Request request = MakeRequest(Tokens(40), 3);
  Submit(engine, request, first);
  Submit(engine, request, second);
  const RequestId id = Submit(engine, request, cancelled);
  while (first.size() < 3) {
    now += 1;
    engine.Step();
  }
  now += 10;
  engine.Cancel(id);
  RunAll(engine);
  const Usage& a = first.finish->usage;  // steps 1 to 3 run the prompt, 4 and 5 write
  EXPECT_EQ(a.prompt, 40u);
  EXPECT_EQ(a.reused, 0u);
  EXPECT_EQ(a.computed, 40u);
  EXPECT_EQ(a.queue_s, 1);
  EXPECT_EQ(a.first_token_s, 3);
  EXPECT_EQ(a.total_s, 5);
  EXPECT_EQ(a.prefill_s(), 2);
  EXPECT_EQ(a.decode_s(), 2);
  const Usage& b = second.finish->usage;
  EXPECT_EQ(b.reused, 32u);
  EXPECT_EQ(b.computed, 8u);
  EXPECT_EQ(b.queue_s, 15);
  const Usage& c = cancelled.finish->usage;
  EXPECT_EQ(c.computed, 0u);
  EXPECT_EQ(c.queue_s, 15);
  EXPECT_EQ(c.total_s, 15);
  EXPECT_EQ(c.first_token_s, 0);
  EXPECT_EQ(c.prefill_s(), 0);
  EXPECT_EQ(c.decode_s(), 0);
  Collector late;
  Listener* list[] = {&late};
  engine.Submit(request, list, Arrival{RequestId{9}, now - 7});
  engine.Step();
  EXPECT_EQ(late.size(), 1u);
  engine.Cancel(RequestId{9});
  EXPECT_EQ(late.finish->usage.queue_s, 7) << "it had come before it was handed over";
}

// Steps and rows, not seconds: a prompt of 50 tokens comes while one of 4,000 is computed beside a stream.
TEST(EngineFairness, ALongPromptHoldsUpNeitherStreamsNorShortPrompts) {
  constexpr size_t kLong = 4000, kShort = 50, kChunk = 256, kRoom = 4200;
  ThreadPool pool(1);
  const auto model = testing::TinyModel("qwen2");
  Engine engine(model, {.context = kRoom, .sequences = 3, .prefill_chunk = kChunk}, pool);
  const Request long_request = MakeRequest(Tokens(kLong, 1), 2), short_request = MakeRequest(Tokens(kShort, 2), 2);
  Collector stream, reads, asks;
  Submit(engine, MakeRequest(Tokens(5), 100), stream);
  engine.Step();
  Submit(engine, long_request, reads);
  size_t steps = 0, short_steps = 0, short_rows = 0;
  while (reads.size() == 0) {
    if (steps == 5) Submit(engine, short_request, asks);
    const bool short_waits = steps >= 5 && asks.size() == 0;
    const size_t streamed = stream.size();
    engine.Step();
    ++steps;
    EXPECT_EQ(stream.size(), streamed + 1) << "a token in every step";
    EXPECT_LE(engine.rows(), kChunk + 2);
    if (!short_waits) continue;
    ++short_steps;
    short_rows += engine.rows();
  }
  EXPECT_LE(short_steps, 3u) << "alone it takes one";
  EXPECT_LE(short_rows, 3 * kShort);
  EXPECT_EQ(asks.finishes, 1);
  EXPECT_LE(steps, kLong / kChunk + 2);
  const Alone alone = RunAlone(*model, short_request, 0, kRoom);
  EXPECT_EQ(asks.written, alone.written);
}

TEST(SharePrefill, ShortPromptsFirstAndTheOldestAlways) {
  using Rows = std::vector<size_t>;
  const auto share = [](Rows left, size_t chunk) { return SharePrefill(left, chunk); };
  EXPECT_EQ(share({4000}, 256), (Rows{256}));
  EXPECT_EQ(share({100}, 256), (Rows{100}));
  EXPECT_EQ(share({4000, 50}, 256), (Rows{50, 50}));
  EXPECT_EQ(share({50, 4000}, 256), (Rows{50, 50}));
  EXPECT_EQ(share({4000, 5}, 256), (Rows{16, 5}));
  EXPECT_EQ(share({4000, 190}, 256), (Rows{66, 190}));
  EXPECT_EQ(share({4000, 3000, 50, 60}, 256), (Rows{110, 0, 50, 60}));
  EXPECT_EQ(share({4000, 3000, 2000}, 256), (Rows{64, 0, 192}));
  EXPECT_EQ(share({2000, 3000}, 256), (Rows{256, 0}));
  EXPECT_EQ(share({10, 20}, 256), (Rows{10, 20}));
  EXPECT_EQ(share({9, 9}, 1), (Rows{1, 0}));
}

TEST(SharePrefill, NobodyStarves) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 20000; ++trial) {
    const size_t chunk = 1 + random() % 300;
    std::vector<size_t> left(1 + random() % 6);
    for (size_t& rows : left) rows = 2 + random() % (random() % 2 ? 20 : 1000);
    const std::vector<size_t> rows = SharePrefill(left, chunk);
    const size_t total = std::accumulate(rows.begin(), rows.end(), size_t{0});
    ASSERT_GT(total, 0u);
    ASSERT_LE(total, chunk);
    size_t whole = 0;
    for (size_t i = 0; i < left.size(); ++i) {
      ASSERT_LE(rows[i], left[i]);
      if (rows[i] == left[i]) whole += rows[i];
    }
    ASSERT_GE(rows[0], std::min({left[0], std::max<size_t>(chunk / 4, 1), std::max(whole, kLeastShare)}));
    if (whole > 0) {
      ASSERT_LE(total, whole + std::max(whole, kLeastShare));
    }
    if (whole == 0) {
      ASSERT_EQ(total, chunk);
    }
  }
}

}  // namespace
}  // namespace sheepop
