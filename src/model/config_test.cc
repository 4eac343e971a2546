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
    EXPECT_NE(with(-1), "") << c.name;
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
  EXPECT_EQ(
      WhyNot([](ModelConfig& c) { c.ropes[0].linear = 0x1p-30; }),
      "model configuration: rope frequency is 1073741824, it must be at most 1048576: the base of rotary positions and "
      "what divides them say so");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.ropes[0].factor = 0; }),
            "model configuration: rope factor is 0, it must be a positive number");
}

TEST(Config, EveryLayerHasAShape) {
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.layers = 2; }), "model configuration: 2 layers, but the shapes of 1");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.shapes[0].rope = 1; }), "model configuration: a layer names rope 1 of 1");
  EXPECT_EQ(WhyNot([](ModelConfig& c) { c.shapes[0].rope = kNoRope; }), "");
}

TEST(Config, LayersMayHaveSizesOfTheirOwn) {
  const auto two = [](ModelConfig& c) {
    c.layers = 2;
    c.shapes.push_back({.rope = 0, .kv_heads = 1, .head_dim = 6, .feed_forward = 20});
  };
  ModelConfig config = Good();
  two(config);
  Validate(config);
  EXPECT_EQ(config.KvWidth(0), 4U);
  EXPECT_EQ(config.KvWidth(1), 6U);
  EXPECT_EQ(config.QueryWidth(0), 8U);
  EXPECT_EQ(config.QueryWidth(1), 24U);
  EXPECT_EQ(config.FeedForward(0), 16U);
  EXPECT_EQ(config.FeedForward(1), 20U);
  EXPECT_EQ(config.MostHeadDim(), 6U);
  const auto with = [&](const std::function<void(LayerShape&)>& change) {
    return WhyNot([&](ModelConfig& c) {
      two(c);
      change(c.shapes[1]);
    });
  };
  EXPECT_EQ(with([](LayerShape& s) { s.kv_heads = 3; }),
            "model configuration: 4 heads are no multiple of 3 kv_heads of layer 1");
  EXPECT_EQ(with([](LayerShape& s) { s.kv_heads = 5; }),
            "model configuration: kv_heads of a layer is 5, it must be between 1 and 4");
  EXPECT_NE(with([](LayerShape& s) { s.head_dim = kMostHeadDim + 1; }), "");
  EXPECT_NE(with([](LayerShape& s) { s.feed_forward = kMostFeedForward + 1; }), "");
  EXPECT_EQ(WhyNot([&](ModelConfig& c) {
              two(c);
              c.ropes[0].dims = 4;
            }),
            "model configuration: 4 rotary dimensions, the heads of layer 0 have 2");
}

// The last layers may attend to what earlier ones keep.
TEST(Config, LayersMayShareKeys) {
  ModelConfig config = Good();
  config.layers = 5;
  config.shapes = {{.rope = 0}, {.rope = 0, .head_dim = 4}, {.mixer = Mixer::kShortConvolution}, {}, {.head_dim = 4}};
  config.convolution = 2;
  EXPECT_EQ(config.LastKeys(), 4U);
  EXPECT_EQ(config.CacheLayer(4), 3U);
  config.shapes[3].keys_of = 0;
  config.shapes[4].keys_of = 1;
  Validate(config);
  EXPECT_EQ(config.LastKeys(), 5U) << "behind a recurrent layer none is left out";
  EXPECT_EQ(config.CacheLayer(3), 0U);
  EXPECT_EQ(config.CacheLayer(4), 1U);
  config.shapes[2].mixer = Mixer::kAttention;
  EXPECT_EQ(config.LastKeys(), 2U);
  for (const size_t of : {size_t{0}, size_t{3}, size_t{4}, size_t{9}}) {
    ModelConfig other = config;
    other.shapes[4].keys_of = of;
    EXPECT_THROW(Validate(other), Error) << of;
  }
}

}  // namespace
}  // namespace sheepop
