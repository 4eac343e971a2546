// What families have besides the usual layer: that every key of theirs acts, what is refused, and files that hold more than
// a language model's own tensors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "checkpoint/safetensors.h"
#include "model/checkpoint_config.h"
#include "model/convert.h"
#include "model/model.h"
#include "model/test_support.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Tiny;
using Type = Metadata::GgufType;

constexpr size_t kIds = 40;

// Of all positions: [ids, vocab].
std::vector<float> Logits(const fs::path& path) {
  ThreadPool pool(1);
  const auto model = Model::Load(Checkpoint::Open(path), {.context = kIds, .isa = Isa::kReference}, pool);
  KvCache cache(KvShapeOf(model->config(), kernel::KvType::kF32), kIds + 16);
  Workspace work(model->config(), kIds, kIds, 1, kIds);
  std::vector<Row> rows;
  const SequenceId sequence = cache.Open();
  for (size_t i = 0; i < kIds; ++i) rows.push_back({sequence, static_cast<Token>(3 + i * 7 % 100), true});
  const LogitRows out = model->Forward(rows, cache, work, pool);
  std::vector<float> logits;
  for (size_t i = 0; i < out.size(); ++i) logits.insert(logits.end(), out.logits(i).begin(), out.logits(i).end());
  return logits;
}

// Relative to the largest of `a`.
float Apart(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float apart = 0, largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    apart = std::max(apart, std::fabs(a[i] - b[i]));
    largest = std::max(largest, std::fabs(a[i]));
  }
  return apart / largest;
}

struct Tensor {
  DType type;
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;
};
using Tensors = std::map<std::string, Tensor>;

Tensors TensorsOf(const Checkpoint& checkpoint) {
  Tensors out;
  for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
    out[tensor.name] = {tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}};
  }
  return out;
}

std::vector<TensorSpec> SpecsOf(const Tensors& tensors) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : tensors) specs.push_back({name, tensor.type, tensor.shape});
  return specs;
}

class Families : public testing::InFolder {
 protected:
  // The tiny model's GGUF file with other tensors and metadata.
  template <typename Change>
  fs::path ChangedFile(const std::string& name, const Change& change) {
    const Checkpoint checkpoint = Checkpoint::Open(Tiny(name) / "model.gguf");
    Metadata metadata = checkpoint.gguf()->metadata();
    Tensors tensors = TensorsOf(checkpoint);
    change(metadata, tensors);
    const fs::path out = folder_ / "changed.gguf";
    GgufWriter writer(out, metadata, SpecsOf(tensors));
    for (const auto& [tensor_name, tensor] : tensors) writer.Append(tensor_name, tensor.bytes);
    writer.Commit();
    return out;
  }

  // The same of its folder.
  template <typename Change>
  fs::path ChangedFolder(const std::string& name, const Change& change) {
    const fs::path out = folder_ / "changed";
    fs::remove_all(out);
    fs::create_directories(out);
    fs::copy_file(Tiny(name) / "tokenizer.json", out / "tokenizer.json");
    Tensors tensors = TensorsOf(Checkpoint::Open(Tiny(name)));
    json::object config = testing::ReadJson(Tiny(name) / "config.json");
    change(config, tensors);
    testing::WriteJson(out / "config.json", config);
    SafetensorsWriter writer(out / "model.safetensors", SpecsOf(tensors));
    for (const auto& [tensor_name, tensor] : tensors) writer.Append(tensor_name, tensor.bytes);
    writer.Commit();
    return out;
  }

  std::string WhyNot(const fs::path& path) {
    ThreadPool pool(1);
    try {
      Model::Load(Checkpoint::Open(path), {.context = kIds}, pool);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

const json::object kYarn = {{"rope_type", "yarn"},
                            {"rope_theta", 100.0},
                            {"factor", 4.0},
                            {"beta_fast", 0.25},
                            {"beta_slow", 0.1},
                            {"mscale", 1.0},
                            {"mscale_all_dim", 0.5},
                            {"llama_4_scaling_beta", 0.75},
                            {"original_max_position_embeddings", 12}};

json::object With(json::object object, std::string_view key, const json::value& value) {
  object[key] = value;
  return object;
}

// transformers says the same of most of these when the tiny models are made.
TEST_F(Families, EveryKeyChangesTheLogits) {
  struct Case {
    const char* name;
    json::object changes;
  };
  const Case cases[] = {
      {"granite", {{"embedding_multiplier", 2.5}}},
      {"granite", {{"residual_multiplier", 0.5}}},
      {"granite", {{"attention_multiplier", 0.5}}},
      {"granite", {{"logits_scaling", 1.6}}},
      {"granite_hybrid", {{"position_embedding_type", "rope"}}},
      {"smollm3", {{"no_rope_layers", {1, 1, 1, 1}}}},
      {"smollm3", {{"-no_rope_layers", nullptr}, {"no_rope_layer_interval", 2}}},
      {"smollm3", {{"-layer_types", nullptr}, {"use_sliding_window", true}, {"sliding_window", 6}}},
      {"ministral3", {{"rope_parameters", With(kYarn, "llama_4_scaling_beta", 0.0)}}},
      {"ministral3", {{"rope_parameters", With(kYarn, "mscale_all_dim", 1.0)}}},
      {"ministral3", {{"rope_parameters", With(kYarn, "beta_fast", 32.0)}}},
      {"ministral3", {{"rope_parameters", With(kYarn, "beta_slow", 0.2)}}},
      {"ministral3", {{"sliding_window", 6}}},
      {"olmo3", {{"sliding_window", 4}}},
      {"olmo3", {{"-layer_types", nullptr}}},
      {"olmo3",
       {{"rope_parameters",
         {{"full_attention", {{"rope_theta", 500.0}}}, {"sliding_attention", {{"rope_theta", 500.0}}}}}}},
      {"exaone4_hybrid", {{"sliding_window", 4}}},
      {"exaone4_hybrid", {{"-layer_types", nullptr}, {"sliding_window_pattern", 2}}},
      {"exaone4_hybrid", {{"rope_parameters", {{"rope_theta", 100.0}}}}},
      {"hunyuan",
       {{"rope_parameters", {{"rope_type", "dynamic"}, {"rope_theta", 100.0}, {"alpha", 10.0}, {"factor", 1.0}}}}},
      {"cohere2", {{"logit_scale", 0.5}}},
      {"cohere2", {{"layer_norm_eps", 0.1}}},
      {"cohere2", {{"sliding_window", 4}}},
      {"cohere2", {{"-layer_types", nullptr}, {"sliding_window_pattern", 2}}},
      {"ernie4_5", {{"rope_parameters", {{"rope_theta", 100.0}}}}},
  };
  for (const Case& c : cases) {
    EXPECT_GT(Apart(Logits(Tiny(c.name)), Logits(Changed(c.name, c.changes))), 1e-3f)
        << c.name << " " << json::serialize(c.changes);
  }
}

TEST_F(Families, WhatCannotRunIsRefusedByName) {
  struct Case {
    const char* name;
    json::object changes;
    std::initializer_list<std::string_view> words;
  };
  const Case cases[] = {
      {"granite", {{"logits_scaling", 0}}, {"logits_scaling is 0", "above 0"}},
      {"granite", {{"attention_bias", true}}, {"attention_bias is true", "must be false"}},
      {"granite_hybrid", {{"num_local_experts", 4}}, {"num_local_experts is 4", "experts"}},
      {"granite_hybrid", {{"layer_types", {"attention", "mamba"}}}, {"layer_types", "layer 1"}},
      {"granite_hybrid", {{"-layer_types", nullptr}}, {"layer_types", "recurrent layers"}},
      {"smollm3", {{"no_rope_layers", {1, 1}}}, {"no_rope_layers", "4 layers"}},
      {"smollm3", {{"no_rope_layers", {1, 1, 2, 1}}}, {"no_rope_layers", "layer 2", "0 or 1"}},
      {"smollm3", {{"-no_rope_layers", nullptr}, {"no_rope_layer_interval", 0}}, {"no_rope_layer_interval is 0"}},
      {"ministral3", {{"-rope_parameters", nullptr}}, {"rope_parameters", "absent"}},
      {"ministral3",
       {{"rope_parameters", With(kYarn, "llama_4_scaling_beta", nullptr)}},
       {"no rope_parameters.llama_4_scaling_beta"}},
      {"exaone4", {{"-layer_types", nullptr}}, {"layer_types", "needs it"}},
      {"exaone4_hybrid", {{"-layer_types", nullptr}, {"sliding_window_pattern", "LLLG"}}, {"sliding_window_pattern"}},
      {"olmo3", {{"sliding_window", nullptr}}, {"layer_types", "no sliding_window"}},
      {"seed_oss", {{"attention_out_bias", true}}, {"attention_out_bias is true"}},
      {"hunyuan",
       {{"rope_parameters", {{"rope_type", "dynamic"}, {"alpha", 0}}}},
       {"rope_parameters.alpha is 0", "above 0"}},
      {"cohere2", {{"head_dim", 8}}, {"head_dim is 8", "hidden_size"}},
      {"cohere2", {{"rotary_pct", 0.5}}, {"rotary_pct is 5E-1", "in part"}},
      {"ernie4_5", {{"use_bias", true}}, {"use_bias is true"}},
  };
  for (const Case& c : cases) {
    const std::string why = WhyNot(Changed(c.name, c.changes));
    for (const std::string_view word : c.words) EXPECT_NE(why.find(word), std::string::npos) << c.name << ": " << why;
  }
}

// Rows of queries, of keys, then of values, as some writers put them; biases likewise.
TEST_F(Families, FusedQueriesKeysAndValuesAreTheSameModel) {
  for (const char* name : {"llama", "seed_oss", "exaone4_hybrid"}) {
    const fs::path fused = ChangedFile(name, [](Metadata&, Tensors& tensors) {
      for (const char* kind : {"weight", "bias"}) {
        for (int layer = 0; layer < 4; ++layer) {
          const auto tensor = [&](const char* part) { return fmt::format("blk.{}.attn_{}.{}", layer, part, kind); };
          if (!tensors.contains(tensor("q"))) continue;
          Tensor whole = tensors.extract(tensor("q")).mapped();
          for (const char* part : {"k", "v"}) {
            const Tensor more = tensors.extract(tensor(part)).mapped();
            whole.shape[0] += more.shape[0];
            whole.bytes.insert(whole.bytes.end(), more.bytes.begin(), more.bytes.end());
          }
          tensors[tensor("qkv")] = std::move(whole);
        }
      }
    });
    EXPECT_EQ(Logits(Tiny(name) / "model.gguf"), Logits(fused)) << name;
  }
}

// The last blocks of newer files predict tokens beyond the next one.
TEST_F(Families, BlocksThatPredictSeveralTokensAreSkippedAndTold) {
  const auto add = [](Metadata& metadata, Tensors& tensors) {
    metadata.Set("exaone4.block_count", Type::kUint32, uint64_t{5});
    metadata.Set("exaone4.attention.sliding_window_pattern", Type::kBool, std::vector<uint8_t>{1, 1, 0, 1, 1});
    for (const char* part : {"attn_q.weight", "nextn.eh_proj.weight"}) {
      tensors[fmt::format("blk.4.{}", part)] = tensors.at("blk.3.attn_q.weight");
    }
  };
  const fs::path path = ChangedFile("exaone4_hybrid", [&](Metadata& metadata, Tensors& tensors) {
    add(metadata, tensors);
    metadata.Set("exaone4.nextn_predict_layers", Type::kUint32, uint64_t{1});
  });
  EXPECT_EQ(Logits(Tiny("exaone4_hybrid") / "model.gguf"), Logits(path));
  const ModelConfig config = ConfigOf(Checkpoint::Open(path));
  EXPECT_EQ(config.layers, 4U);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].code, "skipped_tensors");
  EXPECT_EQ(config.warnings[0].thing, "blk.4.");
  EXPECT_EQ(config.warnings[0].value, "2");
  const std::string all = WhyNot(ChangedFile("exaone4_hybrid", [&](Metadata& metadata, Tensors& tensors) {
    add(metadata, tensors);
    metadata.Set("exaone4.nextn_predict_layers", Type::kUint32, uint64_t{5});
  }));
  EXPECT_NE(all.find("exaone4.nextn_predict_layers is 5, must be less than the 5 blocks"), std::string::npos) << all;
  const std::string more = WhyNot(ChangedFile("exaone4_hybrid", [&](Metadata& metadata, Tensors& tensors) {
    add(metadata, tensors);
    metadata.Set("exaone4.block_count", Type::kUint32, uint64_t{4});
    metadata.Set("exaone4.attention.sliding_window_pattern", Type::kBool, std::vector<uint8_t>{1, 1, 0, 1});
  }));
  EXPECT_NE(more.find("a tensor blk.4."), std::string::npos) << more;
}

// A folder of a model that reads images, too: its language model's configuration and tensors lie inside.
TEST_F(Families, ALanguageModelInsideAnotherModel) {
  struct Case {
    const char *inside, *head;  // where tensors lie
  };
  for (const Case& c : {Case{"language_model.model.", "language_model.lm_head.weight"},
                        Case{"model.language_model.", "lm_head.weight"}}) {
    const fs::path path = ChangedFolder("ministral3", [&](json::object& config, Tensors& tensors) {
      json::object text = std::move(config);
      text["tie_word_embeddings"] = true;  // the outer one counts
      config = {{"architectures", {"Mistral3ForConditionalGeneration"}},
                {"model_type", "mistral3"},
                {"tie_word_embeddings", false},
                {"text_config", std::move(text)},
                {"vision_config", {{"model_type", "pixtral"}, {"hidden_size", 16}}},
                {"image_token_index", 10}};
      Tensors moved;
      for (const auto& [name, tensor] : tensors) {
        moved[name.starts_with("model.") ? c.inside + name.substr(6) : c.head] = tensor;
      }
      moved["vision_tower.patch_conv.weight"] = moved["multi_modal_projector.norm.weight"] =
          tensors.at("lm_head.weight");
      tensors = std::move(moved);
    });
    EXPECT_EQ(Logits(Tiny("ministral3")), Logits(path)) << c.inside;
    const ModelConfig config = ConfigOf(Checkpoint::Open(path));
    ASSERT_EQ(config.warnings.size(), 2U);
    EXPECT_EQ(config.warnings[0].thing, "vision_tower.");
    EXPECT_EQ(config.warnings[1].thing, "multi_modal_projector.");
  }
  const std::string why = WhyNot(ChangedFolder("ministral3", [&](json::object& config, Tensors&) {
    json::object text = std::move(config);
    text["hidden_act"] = "relu";
    config = {{"model_type", "mistral3"}, {"tie_word_embeddings", false}, {"text_config", std::move(text)}};
  }));
  EXPECT_NE(why.find("text_config.hidden_act is \"relu\""), std::string::npos) << why;
}

// Tensors that nothing here knows are no silent part of a model.
TEST_F(Families, UnknownTensorsAreNamed) {
  const std::string why = WhyNot(ChangedFile("smollm3", [](Metadata&, Tensors& tensors) {
    tensors["blk.1.attn_gate.weight"] = tensors.at("blk.1.attn_q.weight");
  }));
  EXPECT_NE(why.find("blk.1.attn_gate.weight"), std::string::npos) << why;
}

}  // namespace
}  // namespace sheepop
