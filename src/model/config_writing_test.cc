#include "model/config_writing.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <string>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "model/checkpoint_config.h"
#include "model/convert.h"
#include "model/test_support.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Type = Metadata::GgufType;

json::object HfOf(const fs::path& path) {
  const Checkpoint checkpoint = Checkpoint::Open(path);
  return Conversion(checkpoint, Conversion::Form::kFolder, {}).hf_config();
}

Metadata GgufOf(const fs::path& path) {
  const Checkpoint checkpoint = Checkpoint::Open(path);
  return Conversion(checkpoint, Conversion::Form::kGguf, {}).metadata();
}

bool SameNumberOrValue(const json::value& a, const json::value& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  return std::abs(a.to_number<double>() - b.to_number<double>()) <= 1e-12 * std::abs(b.to_number<double>());
}

class Writing : public testing::InFolder {
 protected:
  ModelConfig Config(const std::string& name, const json::object& changes) {
    return ConfigOf(Checkpoint::Open(Changed(name, changes)));
  }
};

class OfEachFamily : public Writing, public ::testing::WithParamInterface<std::string> {};

// Whoever made the tiny models wrote their config.json with transformers.
TEST_P(OfEachFamily, AFolderSaysWhatItsOwnFolderSays) {
  json::object theirs = testing::ReadJson(testing::Tiny(GetParam()) / "config.json");
  const json::object ours = HfOf(testing::Tiny(GetParam()));
  if (GetParam() == "mistral") {  // without a window it is a Llama
    theirs["model_type"] = "llama";
    theirs["architectures"] = {"LlamaForCausalLM"};
  }
  if (GetParam() == "glm4_moe_lite") {  // whose first layers alone are dense, as in DeepSeek V3
    theirs["model_type"] = "deepseek_v3";
    theirs["architectures"] = {"DeepseekV3ForCausalLM"};
  }
  size_t same = 0;
  for (const auto& member : ours) {
    const json::value* value = theirs.if_contains(member.key());
    if (!value || value->is_null() || member.key() == "rope_scaling" || member.key() == "pad_token_id") continue;
    EXPECT_TRUE(SameNumberOrValue(member.value(), *value))
        << member.key() << " is " << json::serialize(member.value()) << ", was " << json::serialize(*value);
    ++same;
  }
  EXPECT_GT(same, 9U);
  EXPECT_EQ(ours.at("architectures"), theirs.at("architectures"));
  EXPECT_EQ(ours.at("model_type"), theirs.at("model_type"));
}

// The tiny GGUF files were written by a script of their own. A key that only they have is one that llama.cpp does not
// need; a key that only we have repeats what follows from others.
TEST_P(OfEachFamily, AFileSaysWhatItsOwnFileSays) {
  const fs::path path = testing::Tiny(GetParam()) / "model.gguf";
  if (!fs::exists(path)) return;  // GGUF cannot say that a model of this family has windows
  const Checkpoint checkpoint = Checkpoint::Open(path);
  const Metadata &theirs = checkpoint.gguf()->metadata(), ours = GgufOf(testing::Tiny(GetParam()));
  size_t same = 0;
  for (const Metadata::Entry& entry : ours.entries()) {
    const Metadata::Entry* own = theirs.Find(entry.key);
    if (!own || entry.key == "general.name") continue;
    EXPECT_EQ(entry.type, own->type) << entry.key;
    if (std::holds_alternative<double>(entry.value)) {
      EXPECT_FLOAT_EQ(static_cast<float>(*ours.Float(entry.key)), static_cast<float>(*theirs.Float(entry.key)))
          << entry.key;
    } else {
      EXPECT_EQ(entry.value, own->value) << entry.key;
    }
    ++same;
  }
  EXPECT_GT(same, 7U);
  for (const Metadata::Entry& entry : theirs.entries()) {
    if (entry.key == "phi3.rope.scaling.original_context_length" && GetParam() == "phi3") continue;  // of no scaling
    if (entry.key.starts_with("olmo2.rope.scaling.yarn_")) continue;  // what the formula has anyway
    if (!entry.key.starts_with(*theirs.String("general.architecture"))) continue;
    EXPECT_TRUE(ours.Find(entry.key)) << entry.key;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, OfEachFamily, ::testing::ValuesIn(testing::TinyNames()),
                         [](const auto& test) { return test.param; });

TEST(ShortDecimals, AreTheShortestThatGiveTheFloat) {
  EXPECT_EQ(ShortDecimal(static_cast<double>(1e-5f)), 1e-5);
  EXPECT_EQ(ShortDecimal(static_cast<double>(0.1f)), 0.1);
  EXPECT_EQ(ShortDecimal(10000), 10000);
  EXPECT_EQ(ShortDecimal(1.4142135623730951), 1.4142135);
}

TEST_F(Writing, LinearScaling) {
  const fs::path path = Changed("llama", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.5}}}});
  const Metadata metadata = GgufOf(path);
  EXPECT_EQ(*metadata.String("llama.rope.scaling.type"), "linear");
  EXPECT_EQ(*metadata.Float("llama.rope.scaling.factor"), 2.5);
  EXPECT_EQ(HfOf(path).at("rope_scaling"), json::parse(R"({"rope_type": "linear", "factor": 2.5})"));
  EXPECT_EQ(HfOf(testing::Tiny("llama")).at("rope_scaling"), nullptr);
  EXPECT_FALSE(GgufOf(testing::Tiny("llama")).Find("llama.rope.scaling.type"));
}

TEST_F(Writing, Llama3Scaling) {
  const json::value expected = json::parse(R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
      "high_freq_factor": 4.0, "original_max_position_embeddings": 64})");
  EXPECT_EQ(HfOf(testing::Tiny("llama3_rope")).at("rope_scaling"), expected);
  // A file has the divisors alone, from which the formula's numbers follow.
  EXPECT_EQ(HfOf(testing::Tiny("llama3_rope") / "model.gguf").at("rope_scaling"), expected);
}

TEST_F(Writing, YarnScaling) {
  const auto written = [&](const json::object& scaling) {
    return HfOf(Changed("qwen2_yarn", {{"rope_scaling", scaling}})).at("rope_scaling");
  };
  const json::value plain = json::parse(R"({"rope_type": "yarn", "factor": 4.0,
      "original_max_position_embeddings": 64, "attention_factor": 1.1386294, "beta_fast": 32.0, "beta_slow": 1.0})");
  EXPECT_EQ(written({{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}}), plain);
  json::object other = plain.as_object();
  other["truncate"] = false;
  other["beta_fast"] = 16.0;
  other["beta_slow"] = 2.0;
  other["attention_factor"] = 1.5;
  EXPECT_EQ(written(other), other);
}

// GGUF has the share of what YaRN's formula gives, where that is not one.
TEST_F(Writing, AnAttentionFactorOfYarn) {
  const auto share = [&](const json::object& more) {
    json::object scaling{{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}};
    for (const auto& member : more) scaling[member.key()] = member.value();
    return GgufOf(Changed("qwen2_yarn", {{"rope_scaling", scaling}})).Float("qwen2.rope.scaling.attn_factor");
  };
  EXPECT_FALSE(share({}).has_value());
  EXPECT_NEAR(share({{"attention_factor", 2.0}}).value(), 2 / (0.1 * std::log(4.0) + 1), 1e-6);
  EXPECT_NEAR(share({{"factor", 1.0}, {"attention_factor", 2.0}}).value(), 2, 1e-6);
}

TEST_F(Writing, LongRope) {
  const json::object out = HfOf(testing::Tiny("phi3_longrope") / "model.gguf");
  EXPECT_EQ(out.at("original_max_position_embeddings"), 16);
  const json::object& scaling = out.at("rope_scaling").as_object();
  EXPECT_EQ(scaling.at("rope_type"), "longrope");
  EXPECT_EQ(scaling.at("short_factor"), json::parse("[1.0, 1.0, 1.1, 1.2, 1.3, 1.5]"));
  EXPECT_EQ(scaling.at("long_factor"), json::parse("[1.0, 1.5, 2.5, 4.0, 7.0, 12.0]"));
  EXPECT_EQ(scaling.at("attention_factor"), 1.4142135);
}

TEST_F(Writing, HeadsThatTurnInPart) {
  const fs::path path = Changed("phi3", {{"partial_rotary_factor", 0.5}});
  EXPECT_EQ(*GgufOf(path).Int("phi3.rope.dimension_count"), 6);
  EXPECT_EQ(HfOf(path).at("partial_rotary_factor"), 0.5);
  EXPECT_FALSE(HfOf(testing::Tiny("phi3")).contains("partial_rotary_factor"));
}

TEST_F(Writing, WindowsOfPhi) {
  const fs::path path = Changed("phi3", {{"sliding_window", 12}});
  EXPECT_EQ(*GgufOf(path).Int("phi3.attention.sliding_window"), 12);
  EXPECT_EQ(HfOf(path).at("sliding_window"), 12);
}

// Llama's class knows no window, Mistral's does.
TEST_F(Writing, ALlamaWithAWindowIsAMistral) {
  const json::object with = HfOf(testing::Tiny("mistral_window"));
  EXPECT_EQ(with.at("model_type"), "mistral");
  EXPECT_EQ(with.at("sliding_window"),
            testing::ReadJson(testing::Tiny("mistral_window") / "config.json").at("sliding_window"));
  const json::object without = HfOf(Changed("mistral_window", {{"sliding_window", nullptr}}));
  EXPECT_EQ(without.at("model_type"), "llama");
  EXPECT_FALSE(without.contains("sliding_window"));
}

TEST_F(Writing, WindowsOfQwen) {
  const json::object out = HfOf(testing::Tiny("qwen3_window"));
  EXPECT_EQ(out.at("use_sliding_window"), true);
  EXPECT_EQ(out.at("sliding_window"), 8);
  EXPECT_EQ(out.at("layer_types"), json::parse(R"(["sliding_attention", "full_attention", "sliding_attention",
      "full_attention"])"));
  EXPECT_FALSE(HfOf(testing::Tiny("qwen3")).contains("use_sliding_window"));
}

TEST_F(Writing, ScoresOfGpt2ThatAreNotScaled) {
  EXPECT_EQ(HfOf(Changed("gpt2", {{"scale_attn_weights", false}})).at("scale_attn_weights"), false);
  EXPECT_FALSE(HfOf(testing::Tiny("gpt2")).contains("scale_attn_weights"));
}

TEST_F(Writing, LayersOfGemma3) {
  EXPECT_FALSE(GgufOf(testing::Tiny("gemma3")).Find("gemma3.attention.sliding_window_pattern")) << "6 is the usual one";
  EXPECT_FALSE(GgufOf(testing::Tiny("gemma3")).Find("gemma3.rope.freq_base_swa"));
  const fs::path path = Changed("gemma3", {{"-layer_types", nullptr},
                                           {"sliding_window_pattern", 3},
                                           {"rope_local_base_freq", 5000.0},
                                           {"final_logit_softcapping", 12.5},
                                           {"query_pre_attn_scalar", 8}});
  const Metadata metadata = GgufOf(path);
  EXPECT_EQ(*metadata.Int("gemma3.attention.sliding_window_pattern"), 3);
  EXPECT_EQ(*metadata.Float("gemma3.rope.freq_base_swa"), 5000);
  EXPECT_EQ(*metadata.Float("gemma3.final_logit_softcapping"), 12.5);
  const json::object out = HfOf(path);
  EXPECT_EQ(out.at("rope_local_base_freq"), 5000.0);
  EXPECT_EQ(out.at("query_pre_attn_scalar"), 8);
  EXPECT_EQ(out.at("attn_logit_softcapping"), nullptr);
  EXPECT_EQ(out.at("final_logit_softcapping"), 12.5);
  EXPECT_EQ(out.at("layer_types"),
            json::parse(R"(["sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
                            "sliding_attention", "full_attention", "sliding_attention"])"));
}

TEST_F(Writing, AQueryScalarThatIsNoWholeNumberStaysOne) {
  EXPECT_EQ(HfOf(Changed("gemma2", {{"query_pre_attn_scalar", 12.5}})).at("query_pre_attn_scalar"), 12.5);
}

// Divisors that no llama3 scaling gives: config.json has no word for them.
TEST_F(Writing, OtherDivisorsAreRefused) {
  const Checkpoint checkpoint = Checkpoint::Open(testing::Tiny("llama3_rope") / "model.gguf");
  std::vector<TensorSpec> specs;
  for (const TensorInfo& tensor : checkpoint.tensors().tensors())
    specs.push_back({tensor.name, tensor.type, tensor.shape});
  const fs::path out = folder_ / "other.gguf";
  GgufWriter writer(out, checkpoint.gguf()->metadata(), specs);
  const std::vector<float> divisors = {1, 3, 2, 5, 4, 8};
  for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
    writer.Append(tensor.name, tensor.name == "rope_freqs.weight" ? std::as_bytes(std::span(divisors)) : tensor.bytes);
  }
  writer.Commit();
  try {
    HfOf(out);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("rope_freqs.weight is not Llama 3's scaling"), std::string::npos);
  }
  // In a file they stay what they are.
  EXPECT_EQ(ConfigOf(Checkpoint::Open(out)).ropes[0].divisors, std::vector<double>(divisors.begin(), divisors.end()));
}

}  // namespace
}  // namespace sheepop
