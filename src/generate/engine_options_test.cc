#include "generate/engine_options.h"

#include <gtest/gtest.h>

#include "generate/conversation.h"
#include "generate/engine.h"

namespace sheepop {
namespace {

// What an option is where nobody gives it, and what it may be. 0 positions stand for what follows from the model.
TEST(EngineOptions, DefaultsAndBounds) {
  struct Case {
    std::string_view name, value, bounds;
    bool fingerprint;
  };
  const Case cases[] = {{"context", "0", "1 to 16777216", true},
                        {"sequences", "1", "1 to 4096", false},
                        {"prefill_chunk", "256", "1 to 65536", false},
                        {"kv_type", "f16", "f32 or f16 or bf16", true},
                        {"cache_positions", "0", "at least 16", false}};
  ASSERT_EQ(std::size(cases), std::size(kEngineRows));
  for (size_t i = 0; i < std::size(cases); ++i) {
    const OptionRow& row = kEngineRows[i];
    EXPECT_EQ(row.name, cases[i].name);
    EXPECT_EQ(kEngineTable.Default(row), cases[i].value) << row.name;
    EXPECT_EQ(row.BoundsText(), cases[i].bounds) << row.name;
    EXPECT_EQ(row.traits.fingerprint, cases[i].fingerprint) << row.name;
  }
}

TEST(EngineOptions, TheContextIsTheModelsButNotMoreThan4096) {
  EXPECT_EQ(ContextInUse({}, 512), 512U);
  EXPECT_EQ(ContextInUse({}, 4096), 4096U);
  EXPECT_EQ(ContextInUse({}, 131072), 4096U);
  EXPECT_EQ(ContextInUse({.context = 100000}, 512), 100000U);
}

// What a listener, a client or a terminal shows before anything has happened.
TEST(EngineOptions, NothingIsCountedBeforeItIsDone) {
  const Usage usage;
  for (const size_t count :
       {usage.prompt, usage.reused, usage.computed, usage.written, usage.preempted, usage.recomputed}) {
    EXPECT_EQ(count, 0U);
  }
  for (const double seconds :
       {usage.queue_s, usage.first_token_s, usage.total_s, usage.prefill_s(), usage.decode_s()}) {
    EXPECT_EQ(seconds, 0);
  }
  const Answer answer;
  EXPECT_EQ(answer.reused, 0U);
  EXPECT_EQ(answer.prefill_s, 0);
  EXPECT_EQ(answer.decode_s, 0);
  EXPECT_EQ(Request().seed, 0U);
  EXPECT_EQ(Request().max_tokens, SIZE_MAX);
  const RequestOptions options;
  EXPECT_EQ(options.max_tokens, SIZE_MAX);
  EXPECT_FALSE(options.ignore_end);
  const TextListener::Options listening;
  EXPECT_EQ(listening.min_tokens + listening.logprobs, 0U);
  EXPECT_FALSE(listening.record_logprobs || listening.show_end_token);
}

}  // namespace
}  // namespace sheepop
