#include "model/key_table.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "model/checkpoint_config.h"
#include "model/expert_reading.h"
#include "model/test_support.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Tiny;
using Type = Metadata::GgufType;

const KeyReport* Find(const std::vector<KeyReport>& reports, std::string_view key) {
  const auto found = std::ranges::find(reports, key, &KeyReport::key);
  return found == reports.end() ? nullptr : &*found;
}

class Keys : public testing::InFolder {
 protected:
  // The message of the refusal; empty when there is none.
  std::string WhyNot(const fs::path& path, size_t context = 0) {
    try {
      ConfigOf(Checkpoint::Open(path), context);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  void ExpectRefused(const fs::path& path, std::initializer_list<std::string_view> words) {
    const std::string why = WhyNot(path);
    EXPECT_FALSE(why.empty());
    EXPECT_NE(why.find(path.string()), std::string::npos) << why;
    for (const std::string_view word : words) EXPECT_NE(why.find(word), std::string::npos) << word << ": " << why;
  }

  // A copy of a tiny model's GGUF file; `change` edits its metadata.
  template <typename Change>
  fs::path ChangedGguf(const std::string& name, const Change& change) {
    const Checkpoint checkpoint = Checkpoint::Open(Tiny(name) / "model.gguf");
    Metadata metadata = checkpoint.gguf()->metadata();
    change(metadata);
    std::vector<TensorSpec> specs;
    for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
      specs.push_back({tensor.name, tensor.type, tensor.shape});
    }
    const fs::path out = folder_ / "changed.gguf";
    GgufWriter writer(out, metadata, specs);
    for (const TensorInfo& tensor : checkpoint.tensors().tensors()) writer.Append(tensor.name, tensor.bytes);
    writer.Commit();
    return out;
  }
  fs::path WithNumber(const std::string& name, const char* key, uint64_t value) {
    return ChangedGguf(name, [&](Metadata& metadata) { metadata.Set(key, Type::kUint32, value); });
  }
};

TEST_F(Keys, EveryKeyOfTheTinyModelsIsKnown) {
  size_t seen = 0;
  for (const std::string& name : testing::TinyNames()) {
    for (const fs::path& path : {Tiny(name), Tiny(name) / "model.gguf"}) {
      if (!fs::exists(path)) continue;
      for (const KeyReport& report : KeyReports(Checkpoint::Open(path))) {
        EXPECT_TRUE(report.treatment != KeyTreatment::kUnknown && report.treatment != KeyTreatment::kRefused)
            << path << " " << report.key << " " << Name(report.treatment);
        ++seen;
      }
      EXPECT_TRUE(ConfigOf(Checkpoint::Open(path)).warnings.empty()) << path;
    }
  }
  EXPECT_GT(seen, 300U);
}

// The reading of experts is one for all families, and so is what is said of it.
TEST_F(Keys, KeysOfExpertsAreKnownWhereverTheyAreRead) {
  size_t seen = 0;
  for (const std::string& name : testing::TinyNames()) {
    const fs::path path = Tiny(name) / "model.gguf";
    if (!fs::exists(path)) continue;
    const std::string family = *Checkpoint::Open(path).gguf()->metadata().String("general.architecture");
    const auto had = Checkpoint::Open(path).gguf()->metadata().Int(family + ".expert_used_count").value_or(0);
    if (had == 0) continue;
    for (const KeyRule& rule : kGgufExpertKeys) {
      const std::string key = fmt::format("{}.{}", family, rule.key);
      const auto reports = KeyReports(Checkpoint::Open(ChangedGguf(name, [&](Metadata& metadata) {
        if (!metadata.Find(key)) metadata.Set(key, Type::kUint32, uint64_t{1});
      })));
      EXPECT_NE(Find(reports, key)->treatment, KeyTreatment::kUnknown) << key;
      ++seen;
    }
  }
  EXPECT_GT(seen, 100U);
}

TEST_F(Keys, WhatNothingKnowsIsTold) {
  const fs::path path = Changed("llama", {{"no_such_key", 7}});
  const auto warnings = ConfigOf(Checkpoint::Open(path)).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].code, "unknown_key");
  EXPECT_EQ(warnings[0].thing, "no_such_key");
  EXPECT_EQ(warnings[0].value, "7");
  EXPECT_NE(warnings[0].line.find(path.string()), std::string::npos);
  const auto reports = KeyReports(Checkpoint::Open(path));
  EXPECT_EQ(Find(reports, "no_such_key")->treatment, KeyTreatment::kUnknown);
  EXPECT_EQ(Find(reports, "hidden_size")->treatment, KeyTreatment::kUsed);
  EXPECT_EQ(Find(reports, "use_cache")->treatment, KeyTreatment::kHarmless);

  const fs::path gguf = WithNumber("llama", "llama.no_such_key", 7);
  EXPECT_EQ(ConfigOf(Checkpoint::Open(gguf)).warnings.at(0).thing, "llama.no_such_key");
  const auto of_gguf = KeyReports(Checkpoint::Open(gguf));
  EXPECT_EQ(Find(of_gguf, "tokenizer.ggml.tokens")->treatment, KeyTreatment::kTokenizer);
  EXPECT_EQ(Find(of_gguf, "tokenizer.ggml.tokens")->value, "\"a list of 288\"");
  EXPECT_EQ(Find(of_gguf, "general.file_type")->treatment, KeyTreatment::kHarmless);
  EXPECT_EQ(Find(of_gguf, "llama.block_count")->treatment, KeyTreatment::kUsed);
  EXPECT_EQ(Find(of_gguf, "llama.no_such_key")->treatment, KeyTreatment::kUnknown);
}

// transformers takes them from there where there is no generation_config.json.
TEST_F(Keys, WhatDrawsOfAConfigurationIsTold) {
  const auto reports = KeyReports(Checkpoint::Open(Changed(
      "llama", {{"suppress_tokens", {5, 6}}, {"begin_suppress_tokens", nullptr}, {"no_repeat_ngram_size", 0}})));
  EXPECT_EQ(Find(reports, "suppress_tokens")->treatment, KeyTreatment::kUnknown);
  EXPECT_NE(Find(reports, "suppress_tokens")->why.find("generation_config.json"), std::string::npos);
  EXPECT_EQ(Find(reports, "begin_suppress_tokens")->treatment, KeyTreatment::kHarmless);
  EXPECT_EQ(Find(reports, "no_repeat_ngram_size")->treatment, KeyTreatment::kHarmless);
}

TEST_F(Keys, WhatIsRefusedIsMarked) {
  const auto by_table = KeyReports(Checkpoint::Open(Changed("llama", {{"attention_bias", true}})));
  EXPECT_EQ(Find(by_table, "attention_bias")->treatment, KeyTreatment::kRefused);
  EXPECT_NE(Find(by_table, "attention_bias")->why.find("must be false"), std::string::npos);
  const auto by_family = KeyReports(Checkpoint::Open(Changed("llama", {{"hidden_act", "relu"}})));
  EXPECT_EQ(Find(by_family, "hidden_act")->treatment, KeyTreatment::kRefused);
  EXPECT_NE(Find(by_family, "hidden_act")->why.find("relu"), std::string::npos);
  const auto absent = KeyReports(Checkpoint::Open(Changed("mistral", {{"-tie_word_embeddings", nullptr}})));
  EXPECT_EQ(Find(absent, "tie_word_embeddings"), nullptr);
  const auto inside = KeyReports(Checkpoint::Open(
      Changed("llama", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}, {"beta_fast", 3}}}})));
  EXPECT_EQ(Find(inside, "rope_scaling.factor")->treatment, KeyTreatment::kUsed);
  EXPECT_EQ(Find(inside, "rope_scaling.beta_fast")->treatment, KeyTreatment::kUnknown);
  const auto of_layer = KeyReports(
      Checkpoint::Open(Changed("gemma4_big", {{"per_layer_config", {{"2", {{"head_dim", 16}, {"hidden_size", 8}}}}}})));
  EXPECT_EQ(Find(of_layer, "per_layer_config.2.head_dim")->treatment, KeyTreatment::kUsed);
  EXPECT_EQ(Find(of_layer, "per_layer_config.2.hidden_size")->treatment, KeyTreatment::kRefused);
  EXPECT_EQ(Find(of_layer, "per_layer_config.2.hidden_size")->value, "8");
}

TEST_F(Keys, WeightsOfEightBitFloatsAreRead) {
  for (const json::value& block : {json::value{128, 128}, json::value()}) {
    const fs::path path =
        Changed("llama", {{"quantization_config",
                           {{"quant_method", "fp8"}, {"weight_block_size", block}, {"activation_scheme", "dynamic"}}}});
    EXPECT_EQ(Find(KeyReports(Checkpoint::Open(path)), "quantization_config")->treatment, KeyTreatment::kHarmless);
    EXPECT_TRUE(ConfigOf(Checkpoint::Open(path)).warnings.empty());
  }
}

TEST_F(Keys, FoldersThatCannotRunAreRefusedByName) {
  struct Case {
    const char* name;
    json::object changes;
    std::initializer_list<std::string_view> words;
  };
  const Case cases[] = {
      {"llama", {{"hidden_act", "relu"}}, {"hidden_act", "\"relu\"", "silu"}},
      {"gpt2", {{"activation_function", "silu"}}, {"activation_function", "\"silu\"", "gelu_new"}},
      {"gemma2", {{"hidden_activation", "gelu"}}, {"hidden_activation", "\"gelu\""}},
      {"llama", {{"mlp_bias", true}}, {"mlp_bias", "true", "false"}},
      {"llama", {{"partial_rotary_factor", 0.5}}, {"partial_rotary_factor", "must be 1"}},
      {"phi3", {{"partial_rotary_factor", 0.3}}, {"partial_rotary_factor", "even"}},
      {"llama", {{"sliding_window", 12}}, {"sliding_window", "12"}},
      {"llama", {{"layer_types", {"full_attention", "sliding_attention"}}}, {"layer_types"}},
      {"qwen3", {{"layer_types", {"sliding_attention", "full_attention"}}}, {"layer_types", "no sliding_window"}},
      {"qwen3", {{"layer_types", {"full_attention"}}}, {"layer_types", "2 layers"}},
      {"qwen3", {{"layer_types", {"full_attention", "linear_attention"}}}, {"layer_types", "layer 1"}},
      {"mistral", {{"sliding_window", 0}}, {"sliding_window", "at least 1"}},
      {"gemma3", {{"sliding_window", nullptr}}, {"sliding_window"}},
      {"gemma3", {{"-layer_types", nullptr}, {"sliding_window_pattern", 0}}, {"sliding_window_pattern", "at least 1"}},
      {"gemma3", {{"rope_parameters", {{"rope_type", "default"}}}}, {"rope_parameters", "full_attention"}},
      {"gemma2", {{"attn_logit_softcapping", 0}}, {"attn_logit_softcapping", "above 0"}},
      {"gemma3", {{"rope_scaling", {{"type", "linear"}, {"factor", 2}}}}, {"rope_scaling.type", "rope_type"}},
      {"gemma3", {{"attn_logit_softcapping", 50}}, {"attn_logit_softcapping is 50", "must be absent"}},
      {"gemma2", {{"query_pre_attn_scalar", 0}}, {"query_pre_attn_scalar", "above 0"}},
      {"gemma2", {{"use_bidirectional_attention", true}}, {"use_bidirectional_attention"}},
      {"llama", {{"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2}}}}, {"rope_scaling.rope_type", "dynamic"}},
      {"llama", {{"rope_scaling", {{"type", "linear"}}}}, {"no rope_scaling.factor"}},
      {"llama", {{"rope_scaling", {{"type", "linear"}, {"factor", 0}}}}, {"rope_scaling.factor", "above 0"}},
      {"llama",
       {{"rope_scaling", {{"type", "linear"}, {"factor", 2}}}, {"rope_parameters", {{"rope_type", "default"}}}},
       {"rope_scaling", "rope_parameters"}},
      {"llama", {{"rope_parameters", {{"full_attention", json::object()}}}}, {"rope_parameters", "full_attention"}},
      {"phi3", {{"rope_scaling", {{"type", "linear"}, {"factor", 2}}}}, {"rope_scaling.type", "longrope"}},
      {"phi3", {{"rope_scaling", {{"type", "su"}, {"short_factor", {1}}}}}, {"short_factor", "6"}},
      {"llama", {{"vocab_size", 300}}, {"vocab_size", "300", "288 rows"}},
      {"gpt2", {{"vocab_size", 300}}, {"vocab_size", "300", "112 rows"}},
      {"llama", {{"tie_word_embeddings", false}}, {"tie_word_embeddings", "lm_head.weight"}},
      {"llama", {{"-tie_word_embeddings", nullptr}}, {"tie_word_embeddings", "absent", "lm_head.weight"}},
      {"gpt2", {{"scale_attn_by_inverse_layer_idx", true}}, {"scale_attn_by_inverse_layer_idx"}},
      {"gpt2", {{"hidden_size", 24}}, {"hidden_size", "must be absent"}},
      {"llama", {{"quantization_config", {{"bits", 4}}}}, {"quantization_config", "bits"}},
      {"llama",
       {{"quantization_config", {{"quant_method", "fp8"}, {"weight_block_size", {64, 64}}}}},
       {"quantization_config", "64"}},
      {"llama", {{"max_position_embeddings", 1 << 25}}, {"33554432", "16777216", "--context"}},
      {"llama", {{"num_hidden_layers", "two"}}, {"num_hidden_layers", "\"two\""}},
      {"llama", {{"-hidden_size", nullptr}}, {"no hidden_size"}},
      {"llama", {{"num_hidden_layers", 0}}, {"num_hidden_layers is 0", "1 to 4096"}},
      {"llama", {{"num_key_value_heads", 3}}, {"num_key_value_heads is 3", "4"}},
      {"llama", {{"head_dim", 9}}, {"head_dim is 9", "even"}},
      {"gpt2", {{"n_head", 5}}, {"n_head is 5", "24"}},
  };
  for (const Case& c : cases) ExpectRefused(Changed(c.name, c.changes), c.words);
}

TEST_F(Keys, GgufFilesThatCannotRunAreRefusedByName) {
  ExpectRefused(ChangedGguf("llama",
                            [](Metadata& m) {
                              m.Set("llama.attention.head_count_kv", Type::kUint32, std::vector<uint64_t>{2, 1});
                            }),
                {"llama.attention.head_count_kv", "[2, 1]"});
  for (const char* key : {"llama.attention.layer_norm_rms_epsilon", "llama.context_length"}) {
    ExpectRefused(ChangedGguf("llama", [&](Metadata& m) { m.Remove(key); }), {"no", key});
  }
  ExpectRefused(WithNumber("llama", "llama.rope.dimension_count", 10), {"llama.rope.dimension_count", "10", "8"});
  ExpectRefused(WithNumber("llama", "llama.rope.dimension_count", 0), {"llama.rope.dimension_count"});
  ExpectRefused(WithNumber("llama", "llama.block_count", 5000), {"llama.block_count is 5000", "1 to 4096"});
  ExpectRefused(WithNumber("llama", "llama.attention.head_count_kv", 3), {"llama.attention.head_count_kv is 3", "4"});
  ExpectRefused(WithNumber("llama", "llama.vocab_size", 300), {"llama.vocab_size", "300", "288"});
  ExpectRefused(WithNumber("qwen2", "qwen2.expert_count", 8), {"qwen2.expert_count", "8", "experts"});
  ExpectRefused(WithNumber("llama", "llama.attention.sliding_window", 8), {"llama.attention.sliding_window"});
  ExpectRefused(WithNumber("llama", "llama.attention.value_length", 4), {"llama.attention.value_length", "4", "8"});
  ExpectRefused(WithNumber("gemma3", "gemma3.attention.sliding_window", 0), {"gemma3.attention.sliding_window"});
  ExpectRefused(
      ChangedGguf("llama",
                  [](Metadata& m) { m.Set("llama.rope.scaling.type", Type::kString, std::string("dynamic")); }),
      {"llama.rope.scaling.type", "dynamic", "yarn"});
  ExpectRefused(
      ChangedGguf("phi3", [](Metadata& m) { m.Set("phi3.rope.scaling.type", Type::kString, std::string("longrope")); }),
      {"phi3.rope.scaling.type", "rope_factors_short.weight"});
}

TEST_F(Keys, AListOfEqualNumbersIsThatNumber) {
  const fs::path path = ChangedGguf(
      "llama", [](Metadata& m) { m.Set("llama.attention.head_count_kv", Type::kUint32, std::vector<uint64_t>{2, 2}); });
  EXPECT_EQ(ConfigOf(Checkpoint::Open(path)).kv_heads, 2U);
}

// A scaling factor without a type is linear scaling, as llama.cpp reads it.
TEST_F(Keys, FactorWithoutATypeIsLinear) {
  const fs::path path =
      ChangedGguf("llama", [](Metadata& m) { m.Set("llama.rope.scaling.factor", Type::kFloat32, 4.0); });
  EXPECT_EQ(ConfigOf(Checkpoint::Open(path)).ropes.at(0).linear, 4);
}

// 0 is how files say that there is no scaling.
TEST_F(Keys, AFactorOfZeroIsNone) {
  const auto linear = [&](double factor) {
    const fs::path path =
        ChangedGguf("llama", [&](Metadata& m) { m.Set("llama.rope.scaling.factor", Type::kFloat32, factor); });
    return ConfigOf(Checkpoint::Open(path)).ropes.at(0).linear;
  };
  EXPECT_EQ(linear(0), 1);
  EXPECT_EQ(linear(0.5), 0.5);
  ExpectRefused(ChangedGguf("llama", [](Metadata& m) { m.Set("llama.rope.scaling.factor", Type::kFloat32, -1.0); }),
                {"llama.rope.scaling.factor is -1", "at least 0"});
  ExpectRefused(WithNumber("llama", "llama.rope.scaling.original_context_length", 0),
                {"llama.rope.scaling.original_context_length is 0", "1 to 2^53"});
  EXPECT_EQ(WhyNot(WithNumber("llama", "llama.rope.scaling.original_context_length", 1)), "");
}

// What YaRN multiplies cosines and sines by: the formula's value, or the quotient of two where both scales are there.
TEST_F(Keys, AttentionFactorOfYarn) {
  const auto factor = [&](const json::object& more) {
    json::object scaling{{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}};
    for (const auto& member : more) scaling[member.key()] = member.value();
    return ConfigOf(Checkpoint::Open(Changed("qwen2_yarn", {{"rope_scaling", scaling}}))).ropes.at(0).factor;
  };
  const auto formula = [](double mscale) { return static_cast<float>(0.1 * mscale * std::log(4.0) + 1); };
  EXPECT_FLOAT_EQ(factor({}), formula(1));
  EXPECT_FLOAT_EQ(factor({{"mscale", 3}}), formula(1));
  EXPECT_FLOAT_EQ(factor({{"mscale_all_dim", 3}}), formula(1));
  EXPECT_FLOAT_EQ(factor({{"mscale", 3}, {"mscale_all_dim", 2}}), formula(3) / formula(2));
  EXPECT_FLOAT_EQ(factor({{"attention_factor", 0.75}}), 0.75f);
  EXPECT_FLOAT_EQ(factor({{"factor", 1.0}}), 1);
  EXPECT_FLOAT_EQ(factor({{"factor", nullptr}}), formula(1)) << "256 positions are 4 times 64";
  const fs::path path =
      ChangedGguf("qwen2_yarn", [](Metadata& m) { m.Set("qwen2.rope.scaling.attn_factor", Type::kFloat32, 2.0); });
  EXPECT_FLOAT_EQ(ConfigOf(Checkpoint::Open(path)).ropes.at(0).factor, 2 * formula(1));
}

// LongRoPE's long factors are for contexts beyond the original one: that in use, or the model's own.
TEST_F(Keys, LongRopeGoesByTheContextInUse) {
  for (const fs::path& path : {Tiny("phi3_longrope"), Tiny("phi3_longrope") / "model.gguf"}) {
    const Checkpoint checkpoint = Checkpoint::Open(path);
    EXPECT_TRUE(ConfigOf(checkpoint).ropes.at(0).long_rope->longer);
    EXPECT_FALSE(ConfigOf(checkpoint, 16).ropes.at(0).long_rope->longer);
    EXPECT_TRUE(ConfigOf(checkpoint, 17).ropes.at(0).long_rope->longer);
    EXPECT_FLOAT_EQ(ConfigOf(checkpoint).ropes.at(0).factor, std::sqrt(2.0f)) << "16 times the original context";
  }
}

// The largest Gemmas scale by the width a head, which their files do not say.
TEST_F(Keys, TheLargestGemmasAreKnownByTheirLayers) {
  const auto scale = [&](const std::string& name, size_t layers) {
    return ConfigOf(Checkpoint::Open(WithNumber(name, (name + ".block_count").c_str(), layers))).attention_scale;
  };
  EXPECT_FLOAT_EQ(scale("gemma2", 46), 1 / std::sqrt(14.0f));
  EXPECT_FLOAT_EQ(scale("gemma2", 45), 1 / std::sqrt(8.0f));
  EXPECT_FLOAT_EQ(scale("gemma3", 62), 1 / std::sqrt(14.0f));
  EXPECT_FLOAT_EQ(scale("gemma3", 46), 1 / std::sqrt(8.0f));
}

TEST_F(Keys, LongValuesAreCutAtACharacter) {
  const auto shown = [&](const std::string& value) {
    const auto reports = KeyReports(Checkpoint::Open(Changed("llama", {{"no_such_key", value}})));
    return Find(reports, "no_such_key")->value;
  };
  // As JSON it stands in quotes.
  EXPECT_EQ(shown(std::string(198, 'a')), '"' + std::string(198, 'a') + '"');
  EXPECT_EQ(shown(std::string(199, 'a')), '"' + std::string(199, 'a') + "... (201 bytes)");
  EXPECT_EQ(shown(std::string(198, 'a') + "\xc3\xa9"), '"' + std::string(198, 'a') + "... (202 bytes)");
}

TEST_F(Keys, WindowsMayBeAListOfLayers) {
  const fs::path path = ChangedGguf("gemma3", [](Metadata& m) {
    m.Set("gemma3.attention.sliding_window_pattern", Type::kBool, std::vector<uint8_t>{1, 0, 1, 1, 0, 1, 1});
  });
  const ModelConfig config = ConfigOf(Checkpoint::Open(path));
  EXPECT_EQ(config.shapes[0].window, 9U);
  EXPECT_EQ(config.shapes[1].window, 0U);
  EXPECT_EQ(config.shapes[1].rope, 0U);
  EXPECT_EQ(config.shapes[2].rope, 1U);
}

TEST_F(Keys, AMissingEpsilonIsTold) {
  const ModelConfig config = ConfigOf(Checkpoint::Open(Changed("phi3", {{"-rms_norm_eps", nullptr}})));
  EXPECT_FLOAT_EQ(config.norm_epsilon, 1e-5f);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].thing, "rms_norm_eps");
  EXPECT_NE(config.warnings[0].line.find("1e-05"), std::string::npos) << config.warnings[0].line;
}

TEST_F(Keys, AHugeContextRunsWhereOneIsGiven) {
  const fs::path path = Changed("llama", {{"max_position_embeddings", 1 << 25}});
  EXPECT_EQ(WhyNot(path, 64), "");
  EXPECT_EQ(ConfigOf(Checkpoint::Open(path), 64).context, kMostContext);
}

TEST_F(Keys, WindowsOfQwen) {
  const auto windows = [&](const json::object& changes) {
    std::vector<size_t> out;
    for (const LayerShape& shape : ConfigOf(Checkpoint::Open(Changed("qwen3_window", changes))).shapes) {
      out.push_back(shape.window);
    }
    return out;
  };
  using W = std::vector<size_t>;
  EXPECT_EQ(windows({}), (W{8, 0, 8, 0}));
  EXPECT_EQ(windows({{"layer_types", nullptr}, {"max_window_layers", 1}}), (W{0, 8, 8, 8}));
  EXPECT_EQ(windows({{"layer_types", nullptr}}), (W{0, 0, 0, 0}));
  EXPECT_EQ(windows({{"layer_types", nullptr}, {"max_window_layers", 0}, {"use_sliding_window", false}}),
            (W{0, 0, 0, 0}));
  EXPECT_EQ(windows({{"layer_types", nullptr}, {"max_window_layers", 0}, {"-use_sliding_window", nullptr}}),
            (W{0, 0, 0, 0}));
  EXPECT_EQ(windows({{"layer_types", nullptr}, {"max_window_layers", 0}, {"-sliding_window", nullptr}}),
            (W{4096, 4096, 4096, 4096}));
  EXPECT_EQ(windows({{"layer_types", nullptr}, {"-max_window_layers", nullptr}}), (W{0, 0, 0, 0}))
      << "the first 28 layers have none";
}

TEST_F(Keys, ClassDefaultsOfGemma) {
  const ModelConfig config = ConfigOf(Checkpoint::Open(Changed("gemma2", {{"-attn_logit_softcapping", nullptr},
                                                                          {"-final_logit_softcapping", nullptr},
                                                                          {"-query_pre_attn_scalar", nullptr},
                                                                          {"-sliding_window", nullptr}})));
  EXPECT_EQ(config.attention_softcap, 50);
  EXPECT_EQ(config.final_softcap, 30);
  EXPECT_EQ(config.attention_scale, 1.0f / 16);
  EXPECT_EQ(config.shapes[0].window, 4096U);
  EXPECT_EQ(ConfigOf(Checkpoint::Open(Changed("mistral", {{"-sliding_window", nullptr}}))).shapes[0].window, 4096U);
}

}  // namespace
}  // namespace sheepop
