#include "generate/engine_options.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sheepop
