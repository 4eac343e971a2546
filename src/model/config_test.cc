#include "model/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/error.h"
#include "model/limits.h"

namespace sheepop {
namespace {

ModelConfig Good() {
  ModelConfig config;
  config.layers = 1;
  config.hidden = 8;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 2;
  config.feed_forward = 16;
  config.vocab = 10;
  config.context = 64;
  config.attention_scale = 0.5f;
  config.ropes = {{}};
  config.ropes[0].dims = 2;
  config.shapes = {{.window = 0, .rope = 0}};
  return config;
}

// The message of the refusal; empty where there is none.
std::string WhyNot(const std::function<void(ModelConfig&)>& change) {
  ModelConfig config = Good();
  change(config);
  try {
    Validate(config);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kCorrupt);
    return error.what();
  }
  return "";
}

TEST(Config, SizesAreBounded) {
  EXPECT_EQ(WhyNot([](ModelConfig&) {}), "");
  struct Case {
    const char* name;
    size_t ModelConfig::* size;
    size_t most;
  };
  for (const Case& c :
       {Case{"hidden", &ModelConfig::hidden, kMostHidden}, Case{"heads", &ModelConfig::heads, kMostHeads},
        Case{"feed_forward", &ModelConfig::feed_forward, kMostFeedForward},
        Case{"vocab", &ModelConfig::vocab, kMostVocab}, Case{"context", &ModelConfig::context, size_t{1} << 31}}) {
    const auto with = [&](size_t value) { return WhyNot([&](ModelConfig& config) { config.*c.size = value; }); };
    EXPECT_EQ(with(c.most), "") << c.name;
    for (const size_t value : {size_t{0}, c.most + 1}) {
      EXPECT_EQ(with(value), "model configuration: " + std::string(c.name) + " is " + std::to_string(value) +
                                 ", it must be between 1 and " + std::to_string(c.most));
    }
  }
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.layers = 0; }),
            "model configuration: layers is 0, it must be between 1 and 4096");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.kv_heads = 0; }),
            "model configuration: kv_heads is 0, it must be between 1 and 4");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.kv_heads = 8; }),
            "model configuration: kv_heads is 8, it must be between 1 and 4");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.kv_heads = 3; }),
            "model configuration: 4 heads are no multiple of 3 kv_heads");
  EXPECT_NE(WhyNot([](ModelConfig& c) { c.head_dim = kMostHeadDim + 1; }), "");
}

TEST(Config, NumbersAreFiniteAndWhatDividesIsPositive) {
  struct Case {
    const char* name;
    float ModelConfig::* number;
    bool positive;
  };
  for (const Case& c : {Case{"norm_epsilon", &ModelConfig::norm_epsilon, true},
                        Case{"embedding_scale", &ModelConfig::embedding_scale, true},
                        Case{"attention_scale", &ModelConfig::attention_scale, true},
                        Case{"attention_softcap", &ModelConfig::attention_softcap, false},
                        Case{"final_softcap", &ModelConfig::final_softcap, false}}) {
    const auto with = [&](float value) { return WhyNot([&](ModelConfig& config) { config.*c.number = value; }); };
    EXPECT_EQ(with(1e-30f), "") << c.name;
    EXPECT_EQ(with(0) == "", !c.positive) << c.name;
    EXPECT_EQ(with(-1) == "", !c.positive) << c.name;
    EXPECT_EQ(with(INFINITY), "model configuration: " + std::string(c.name) + " is inf, it must be a " +
                                  (c.positive ? "positive" : "finite") + " number");
    EXPECT_NE(with(NAN), "");
  }
}

TEST(Config, RotaryPositionsFitTheHeads) {
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].dims = 4; }),
            "model configuration: 4 rotary dimensions, must be even and at most the 2 of a head");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].dims = 1; }),
            "model configuration: 1 rotary dimensions, must be even and at most the 2 of a head");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].dims = 0; }), "");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].linear = 0; }),
            "model configuration: rope frequency is inf, it must be a positive number");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].factor = 0; }),
            "model configuration: rope factor is 0, it must be a positive number");
}

TEST(Config, EveryLayerHasAShape) {
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.layers = 2; }), "model configuration: 2 layers, but the shapes of 1");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.shapes[0].rope = 1; }), "model configuration: a layer names rope 1 of 1");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.shapes[0].rope = kNoRope; }), "");
}

}  // namespace
}  // namespace sheepop
