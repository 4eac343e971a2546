// What families have besides the usual layer: that every key of theirs acts, what is refused, and files that hold more than
// a language model's own tensors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
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
#include "kernel/packed.h"
#include "model/checkpoint_config.h"
#include "model/convert.h"
#include "model/model.h"
#include "model/test_support.h"
#include "tensor/dequantise.h"
#include "tensor/pack.h"

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

std::vector<float> ValuesOf(const Checkpoint& checkpoint, std::string_view name) {
  const TensorInfo& tensor = *checkpoint.tensors().Find(name);
  std::vector<std::byte> buffer;
  std::vector<float> values(tensor.size() / Info(tensor.type).block_bytes * Info(tensor.type).block_size);
  Dequantise(tensor.type, tensor.Read(0, tensor.size(), buffer), values);
  return values;
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

  // Adds packed_ to a safetensors file, as tensors of bytes.
  void AddBytes(const fs::path& path) {
    const std::string whole = testing::ReadText(path);
    uint64_t length = 0;
    std::memcpy(&length, whole.data(), sizeof(length));
    json::object header = json::parse(whole.substr(8, length)).as_object();
    std::string data = whole.substr(8 + length);
    for (const auto& [name, tensor] : packed_) {
      const size_t begin = data.size();
      data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
      header[name] = {{"dtype", "U8"},
                      {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                      {"data_offsets", {begin, data.size()}}};
    }
    std::string text = json::serialize(header);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    length = text.size();
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof(length));
    out << text << data;
  }

  struct Bytes {
    std::vector<uint64_t> shape;
    std::vector<std::byte> bytes;
  };
  std::map<std::string, Bytes> packed_;

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

// Those of gemma4_small with another value in the layers that see everything.
json::object Gemma4Ropes(std::string_view key, const json::value& value) {
  const json::object full = {{"rope_type", "proportional"}, {"rope_theta", 500000.0}, {"partial_rotary_factor", 0.5}};
  json::object changed = With(full, key, value);
  if (key == "rope_type") changed.erase("partial_rotary_factor");
  return {{"full_attention", changed}, {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1000.0}}}};
}

json::object Gemma4Heads(size_t head_dim, size_t kv_heads) {
  return {{"head_dim", head_dim}, {"num_key_value_heads", kv_heads}};
}

json::object LatentYarn(double over, double under) {
  return {{"type", "yarn"},
          {"factor", 4.0},
          {"beta_fast", 32},
          {"beta_slow", 1},
          {"mscale", over},
          {"mscale_all_dim", under},
          {"original_max_position_embeddings", 12}};
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
      {"ernie4_5_moe", {{"moe_k", 3}}},
      {"granitemoe", {{"num_experts_per_tok", 3}}},
      {"qwen3moe", {{"num_experts_per_tok", 3}}},
      {"qwen3moe", {{"norm_topk_prob", false}}},
      {"qwen3moe_window", {{"sliding_window", 4}}},
      {"qwen2moe", {{"norm_topk_prob", true}}},
      {"mixtral", {{"num_experts_per_tok", 3}}},
      {"mixtral", {{"sliding_window", 6}}},
      {"mellum", {{"norm_topk_prob", false}}},
      {"mellum", {{"sliding_window", 4}}},
      {"mellum", {{"layer_types", json::array(4, "full_attention")}}},
      {"gpt_oss", {{"num_experts_per_tok", 3}}},
      {"gpt_oss", {{"sliding_window", 3}}},
      {"gpt_oss", {{"layer_types", {"full_attention", "full_attention", "sliding_attention"}}}},
      {"lfm2", {{"norm_eps", 0.1}}},
      {"lfm2moe", {{"norm_topk_prob", false}}},
      {"lfm2moe", {{"routed_scaling_factor", 0.5}}},
      {"qwen35", {{"rms_norm_eps", 0.1}}},
      {"qwen35", {{"rope_parameters", {{"rope_theta", 100.0}, {"partial_rotary_factor", 0.25}}}}},
      {"qwen35", {{"rope_parameters", {{"rope_theta", 10000.0}, {"partial_rotary_factor", 0.5}}}}},
      {"qwen35moe", {{"num_experts_per_tok", 3}}},
      {"gemma4_small", {{"sliding_window", 7}}},
      {"gemma4_small", {{"final_logit_softcapping", 3.0}}},
      {"gemma4_small", {{"final_logit_softcapping", nullptr}}},
      {"gemma4_small", {{"rms_norm_eps", 0.1}}},
      {"gemma4_small", {{"-rope_parameters", nullptr}}},
      {"gemma4_small", {{"rope_parameters", Gemma4Ropes("partial_rotary_factor", 1.0)}}},
      {"gemma4_small", {{"rope_parameters", Gemma4Ropes("rope_theta", 50.0)}}},
      {"gemma4_small", {{"rope_parameters", Gemma4Ropes("factor", 0.05)}}},
      {"gemma4_small", {{"rope_parameters", Gemma4Ropes("rope_type", "default")}}},
      {"gemma4_big", {{"hidden_activation", "silu"}}},
      {"gemma4_moe", {{"top_k_experts", 3}}},
      {"deepseek_v2", {{"num_experts_per_tok", 3}}},
      {"deepseek_v2", {{"routed_scaling_factor", 0.5}}},
      {"deepseek_v2", {{"rope_scaling", LatentYarn(0.8, 0.4)}}},
      {"deepseek_v2", {{"rope_scaling", LatentYarn(0.4, 0.8)}}},
      {"deepseek_v2", {{"-rope_scaling", nullptr}}},
      {"deepseek_v2_groups", {{"topk_method", "greedy"}}},
      {"deepseek_v2_groups", {{"topk_group", 3}}},
      {"deepseek_v2_groups", {{"n_group", 2}, {"topk_group", 1}}},
      {"deepseek_v2_groups", {{"rms_norm_eps", 1e-6}}},
      {"deepseek_v3", {{"num_experts_per_tok", 3}}},
      {"deepseek_v3", {{"norm_topk_prob", false}}},
      {"deepseek_v3", {{"n_group", 4}, {"topk_group", 2}}},
      {"deepseek_v3", {{"topk_group", 2}}},
      {"glm4_moe_lite", {{"num_experts_per_tok", 3}}},
      {"glm4_moe_lite", {{"routed_scaling_factor", 0.5}}},
      {"youtu", {{"rope_theta", 100.0}}},
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
      {"ministral3",
       {{"rope_parameters", With(kYarn, "original_max_position_embeddings", 1e30)}},
       {"rope_parameters.original_max_position_embeddings is 1E30"}},
      {"qwen2_yarn",
       {{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 1e30}}}},
       {"original_max_position_embeddings is 1E30", "1 to 2^53"}},
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
      {"ernie4_5_moe", {{"moe_layer_interval", 0}}, {"moe_layer_interval is 0", "at least 1"}},
      {"ernie4_5_moe", {{"moe_norm_min", 0.1}}, {"moe_norm_min is 1E-1", "at most 0.0001"}},
      {"qwen3moe", {{"num_experts_per_tok", 7}}, {"num_experts_per_tok is 7", "1 to 6"}},
      {"qwen3moe", {{"num_experts_per_tok", 0}}, {"num_experts_per_tok is 0", "1 to 6"}},
      {"qwen3moe", {{"num_experts", 5}}, {"mlp.gate.weight has shape [6, 36]", "[5, 36]"}},
      {"qwen3moe", {{"num_experts", 7}}, {"mlp.gate.weight has shape [6, 36]", "[7, 36]"}},
      {"qwen3moe", {{"moe_intermediate_size", 16}}, {"experts.0.gate_proj.weight", "shape"}},
      {"qwen3moe", {{"decoder_sparse_step", 0}}, {"decoder_sparse_step is 0", "at least 1"}},
      {"qwen3moe_window", {{"mlp_only_layers", {3}}}, {"mlp_only_layers", "list of layers"}},
      {"qwen3moe_window", {{"num_experts", 5}}, {"mlp.gate.weight has shape [4, 36]"}},
      {"qwen2moe", {{"shared_expert_intermediate_size", 16}}, {"shared_expert.gate_proj.weight", "shape"}},
      {"granitemoe", {{"num_local_experts", 3}}, {"router.layer.weight has shape [4, 36]"}},
      {"mellum", {{"mlp_layer_types", {"sparse"}}}, {"mlp_layer_types", "4 layers"}},
      {"mellum", {{"mlp_layer_types", {"sparse", "sparse", "wide", "sparse"}}}, {"mlp_layer_types", "layer 2"}},
      {"gpt_oss", {{"swiglu_limit", 5.0}}, {"swiglu_limit is 5", "must be 7"}},
      {"gpt_oss", {{"num_local_experts", 5}}, {"router.weight has shape [4, 32]"}},
      {"lfm2", {{"conv_L_cache", 0}}, {"conv_L_cache is 0", "1 to 64"}},
      {"lfm2", {{"conv_L_cache", 4}}, {"conv.conv.weight", "shape"}},
      {"lfm2", {{"conv_bias", true}}, {"conv_bias is true"}},
      {"lfm2", {{"layer_types", {"conv", "mamba", "conv", "conv"}}}, {"layer_types", "layer 1"}},
      {"lfm2", {{"-layer_types", nullptr}, {"full_attn_idxs", {4}}}, {"full_attn_idxs", "list of layers"}},
      {"qwen35", {{"linear_num_value_heads", 3}}, {"3 value heads", "linear_num_key_heads, 2"}},
      {"qwen35", {{"linear_num_key_heads", 0}}, {"linear_num_key_heads is 0"}},
      {"qwen35", {{"linear_conv_kernel_dim", 3}}, {"conv1d.weight", "shape"}},
      {"qwen35", {{"layer_types", {"linear_attention", "conv", "full_attention", "linear_attention"}}}, {"layer 1"}},
      {"qwen35", {{"-layer_types", nullptr}, {"full_attention_interval", 0}}, {"full_attention_interval is 0"}},
      {"qwen35", {{"attn_output_gate", false}}, {"attn_output_gate is false"}},
      {"gemma4_small", {{"num_kv_shared_layers", 7}}, {"num_kv_shared_layers is 7", "one of each kind"}},
      {"gemma4_small", {{"num_kv_shared_layers", 5}}, {"num_kv_shared_layers is 5", "one of each kind"}},
      {"gemma4_small", {{"num_kv_shared_layers", 3}}, {"layers.4.mlp.gate_proj.weight", "shape"}},
      {"gemma4_small", {{"num_kv_shared_layers", 1}}, {"layers.5.self_attn.k_proj.weight"}},
      {"gemma4_small", {{"use_double_wide_mlp", false}}, {"layers.5.mlp.gate_proj.weight", "shape"}},
      {"gemma4_small", {{"attention_k_eq_v", true}}, {"v_proj.weight", "does not use"}},
      {"gemma4_small", {{"global_head_dim", 8}}, {"layers.2.self_attn.q_proj.weight", "shape"}},
      {"gemma4_small", {{"global_head_dim", 0}}, {"global_head_dim is 0", "1 to"}},
      {"gemma4_small", {{"hidden_size_per_layer_input", 5}}, {"embed_tokens_per_layer.weight", "shape"}},
      {"gemma4_small",
       {{"hidden_size_per_layer_input", 0}},
       {"num_kv_shared_layers is 2", "hidden_size_per_layer_input 0"}},
      {"gemma4_small", {{"vocab_size_per_layer_input", 64}}, {"vocab_size_per_layer_input is 64", "112"}},
      {"gemma4_small", {{"use_bidirectional_attention", "all"}}, {"use_bidirectional_attention is \"all\""}},
      {"gemma4_small", {{"attention_bias", true}}, {"attention_bias is true"}},
      {"gemma4_small", {{"final_logit_softcapping", 0}}, {"final_logit_softcapping is 0", "above 0"}},
      {"gemma4_small", {{"sliding_window", nullptr}}, {"sliding_window", "at least 1"}},
      {"gemma4_small", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}}}}, {"rope_scaling"}},
      {"gemma4_small",
       {{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}},
       {"rope_parameters.sliding_attention"}},
      {"gemma4_small",
       {{"rope_parameters", Gemma4Ropes("partial_rotary_factor", 1.5)}},
       {"rope_parameters.full_attention.partial_rotary_factor is 1.5"}},
      {"gemma4_small",
       {{"rope_parameters", Gemma4Ropes("rope_type", "yarn")}},
       {"rope_parameters.full_attention.rope_type is \"yarn\""}},
      {"gemma4_small", {{"per_layer_config", {{"7", {{"head_dim", 12}}}}}}, {"per_layer_config", "by their number"}},
      {"gemma4_small", {{"per_layer_config", {{"02", {{"head_dim", 12}}}}}}, {"per_layer_config", "by their number"}},
      {"gemma4_small", {{"per_layer_config", {{"2", {{"hidden_size", 8}}}}}}, {"per_layer_config.2.hidden_size is 8"}},
      {"gemma4_big",
       {{"num_hidden_layers", 3},
        {"layer_types", {"full_attention", "full_attention", "full_attention"}},
        {"per_layer_config",
         {{"0", {{"num_key_value_heads", 1}}}, {"1", Gemma4Heads(16, 1)}, {"2", Gemma4Heads(16, 1)}}}},
       {"per_layer_config.1.head_dim is 16", "8 of layer 0"}},
      {"gemma4_big",
       {{"per_layer_config", {{"2", Gemma4Heads(16, 1)}}}},
       {"per_layer_config.4.head_dim is absent", "16 of layer 2"}},
      {"gemma4_big",
       {{"per_layer_config",
         {{"0", {{"num_key_value_heads", 1}}}, {"2", Gemma4Heads(16, 1)}, {"4", Gemma4Heads(16, 1)}}}},
       {"per_layer_config.1.num_key_value_heads is absent", "1 of layer 0"}},
      {"gemma4_big",
       {{"per_layer_config", {{"2", Gemma4Heads(16, 3)}, {"4", Gemma4Heads(16, 3)}}}},
       {"per_layer_config.2.num_key_value_heads is 3", "4 heads (num_attention_heads)"}},
      {"gemma4_big", {{"num_global_key_value_heads", 2}}, {"layers.2.self_attn.k_proj.weight", "shape"}},
      {"gemma4_big", {{"num_global_key_value_heads", 3}}, {"4 heads", "num_global_key_value_heads is 3"}},
      {"gemma4_big", {{"attention_k_eq_v", false}}, {"self_attn"}},
      {"gemma4_moe", {{"enable_moe_block", false}}, {"does not use"}},
      {"gemma4_small", {{"enable_moe_block", true}}, {"enable_moe_block is true", "no num_experts"}},
      {"gemma4_moe", {{"num_experts", 5}}, {"router.per_expert_scale has shape [6]", "[5]"}},
      {"gemma4_moe", {{"moe_intermediate_size", 16}}, {"experts.down_proj has shape [36, 20]"}},
      {"gemma4_moe", {{"top_k_experts", 7}}, {"top_k_experts is 7", "1 to 6"}},
      {"deepseek_v2", {{"topk_method", "noaux_tc"}}, {"topk_method", "group_limited_greedy"}},
      {"deepseek_v2", {{"norm_topk_prob", true}}, {"norm_topk_prob is true", "must be false"}},
      {"deepseek_v2", {{"q_lora_rank", 8}}, {"q_a_proj.weight"}},
      {"deepseek_v2", {{"kv_lora_rank", 0}}, {"kv_lora_rank is 0", "1 to 16384"}},
      {"deepseek_v2", {{"kv_lora_rank", 24}}, {"kv_a_proj_with_mqa.weight has shape [28, 36]"}},
      {"deepseek_v2", {{"qk_nope_head_dim", 8}}, {"q_proj.weight has shape [60, 36]"}},
      {"deepseek_v2", {{"v_head_dim", 12}}, {"num_attention_heads is 3", "v_head_dim, 12"}},
      {"deepseek_v2", {{"num_attention_heads", 4}, {"num_key_value_heads", 4}}, {"num_attention_heads is 4"}},
      {"deepseek_v2", {{"num_key_value_heads", 1}}, {"num_key_value_heads is 1", "num_attention_heads, 3"}},
      {"deepseek_v2", {{"head_dim", 12}}, {"head_dim is 12", "qk_rope_head_dim, 8"}},
      {"deepseek_v2", {{"qk_rope_head_dim", 7}}, {"qk_rope_head_dim is 7", "even"}},
      {"deepseek_v2",
       {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}},
       {"rope_scaling.type", "default, yarn"}},
      {"deepseek_v2", {{"attention_bias", true}}, {"attention_bias is true"}},
      {"deepseek_v2_groups", {{"n_group", 3}}, {"n_group is 3", "n_routed_experts, 8"}},
      {"deepseek_v2_groups", {{"topk_group", 1}}, {"topk_group is 1", "num_experts_per_tok, 3"}},
      {"deepseek_v3", {{"topk_group", 5}}, {"topk_group is 5", "n_group, 2"}},
      {"deepseek_v3", {{"rope_interleave", false}}, {"rope_interleave is false", "halves"}},
      {"deepseek_v3", {{"n_routed_experts", 12}}, {"mlp.gate.weight has shape [8, 32]"}},
      {"deepseek_v3", {{"n_shared_experts", 2}}, {"shared_experts.gate_proj.weight", "shape"}},
      {"glm4_moe_lite", {{"mlp_layer_types", {"dense", "wide"}}}, {"mlp_layer_types", "layer 1"}},
      {"youtu", {{"num_hidden_layers", 4096}}, {"num_attention_heads", "not every layer"}},
  };
  for (const Case& c : cases) {
    const std::string why = WhyNot(Changed(c.name, c.changes));
    for (const std::string_view word : c.words) EXPECT_NE(why.find(word), std::string::npos) << c.name << ": " << why;
  }
}

// Files whose numbers of experts and sizes of states lie.
TEST_F(Families, FilesThatLieAreRefusedByName) {
  struct Case {
    const char* name;
    const char* key;
    uint64_t value;
    std::initializer_list<std::string_view> words;
  };
  const Case cases[] = {
      {"qwen3moe", "qwen3moe.expert_count", 0, {"ffn_gate.weight"}},
      {"qwen3moe", "qwen3moe.expert_count", 5, {"ffn_gate_inp.weight", "[6, 36]", "[5, 36]"}},
      {"qwen3moe", "qwen3moe.expert_count", uint64_t{1} << 31, {"qwen3moe.expert_count", "1 to 65536"}},
      {"qwen3moe", "qwen3moe.expert_used_count", 7, {"qwen3moe.expert_used_count is 7", "1 to 6"}},
      {"qwen3moe", "qwen3moe.expert_used_count", 0, {"qwen3moe.expert_used_count is 0", "1 to 6"}},
      {"qwen3moe", "qwen3moe.expert_feed_forward_length", 16, {"ffn_gate_exps.weight", "[20, 36]", "[16, 36]"}},
      {"qwen3moe", "qwen3moe.expert_feed_forward_length", uint64_t{1} << 31, {"feed_forward of an expert"}},
      {"qwen3moe", "qwen3moe.expert_gating_func", 9, {"qwen3moe.expert_gating_func is 9", "sigmoid"}},
      {"qwen3moe", "qwen3moe.expert_group_count", 4, {"6 experts in 4 groups"}},
      {"qwen3moe", "qwen3moe.leading_dense_block_count", 1, {"leading_dense_block_count is 1", "layer 0 has a router"}},
      {"lfm2", "lfm2.shortconv.l_cache", 0, {"lfm2.shortconv.l_cache is 0", "1 to 64"}},
      {"lfm2", "lfm2.shortconv.l_cache", 4, {"shortconv.conv.weight"}},
      {"lfm2", "lfm2.attention.head_count_kv", 3, {"blk.0.attn_q.weight"}},
      {"qwen35", "qwen35.ssm.group_count", 3, {"qwen35.ssm.time_step_rank is 4", "multiple of ssm.group_count, 3"}},
      {"qwen35", "qwen35.ssm.inner_size", 47, {"qwen35.ssm.inner_size is 47", "multiple of the 4"}},
      {"qwen35", "qwen35.ssm.state_size", uint64_t{1} << 31, {"qwen35.ssm.state_size"}},
      {"qwen35", "qwen35.ssm.conv_kernel", 65, {"qwen35.ssm.conv_kernel is 65", "1 to 64"}},
      {"gemma4_small", "gemma4.attention.shared_kv_layers", 7, {"gemma4.attention.shared_kv_layers is 7", "each kind"}},
      {"gemma4_small", "gemma4.attention.shared_kv_layers", 1, {"blk.5.attn_k.weight"}},
      {"gemma4_small", "gemma4.attention.head_count_kv", 3, {"gemma4.attention.head_count_kv is 3", "4 heads"}},
      {"gemma4_small", "gemma4.attention.key_length_swa", 10, {"gemma4.attention.value_length_swa is 8", "10"}},
      {"gemma4_small", "gemma4.attention.key_length", 10, {"gemma4.attention.value_length is 12", "10"}},
      {"gemma4_small", "gemma4.rope.dimension_count_swa", 10, {"10 rotary dimensions", "layer 0 have 8"}},
      {"gemma4_small", "gemma4.rope.dimension_count", 10, {"rope_freqs.weight has 6 factors", "5 rotary pairs"}},
      {"gemma4_small", "gemma4.embedding_length_per_layer_input", 5, {"per_layer_token_embd.weight", "[112, 35]"}},
      {"gemma4_small",
       "gemma4.embedding_length_per_layer_input",
       uint64_t{1} << 31,
       {"embedding_length_per_layer_input"}},
      {"gemma4_small", "gemma4.feed_forward_length", 20, {"blk.5.ffn_gate.weight"}},
      {"gemma4_moe", "gemma4.expert_count", 0, {"blk.0.ffn_down_exps.scale", "does not use"}},
      {"deepseek_v2", "deepseek2.attention.kv_lora_rank", 0, {"deepseek2.attention.kv_lora_rank is 0", "1 to 16384"}},
      {"deepseek_v2", "deepseek2.attention.kv_lora_rank", 16, {"attn_kv_a_mqa.weight has shape [28, 36]"}},
      {"deepseek_v2", "deepseek2.attention.kv_lora_rank", uint64_t{1} << 31, {"attention.kv_lora_rank", "1 to 16384"}},
      {"deepseek_v3", "deepseek2.attention.q_lora_rank", 16, {"attn_q_a.weight has shape [32, 32]"}},
      {"deepseek_v3", "deepseek2.attention.q_lora_rank", 0, {"deepseek2.attention.q_lora_rank is 0"}},
      {"deepseek_v3", "deepseek2.attention.key_length_mla", 16, {"key_length_mla is 16", "rope.dimension_count, 16"}},
      {"deepseek_v3", "deepseek2.attention.key_length_mla", 40, {"attn_q_b.weight has shape [192, 32]"}},
      {"deepseek_v3", "deepseek2.attention.value_length_mla", 32, {"head_count is 4", "32 columns"}},
      {"deepseek_v3", "deepseek2.attention.head_count", 8, {"head_count is 8", "64 columns"}},
      {"deepseek_v3", "deepseek2.rope.dimension_count", 8, {"attn_kv_a_mqa.weight has shape [48, 32]"}},
      {"deepseek_v3", "deepseek2.rope.dimension_count", 15, {"rope.dimension_count is 15", "even"}},
      {"deepseek_v3", "deepseek2.expert_group_count", 3, {"8 experts in 3 groups"}},
      {"youtu", "deepseek2.block_count", 4096, {"head_count is 2", "not every layer"}},
      {"youtu", "deepseek2.attention.head_count", 65536, {"head_count is 65536", "12 columns"}},
  };
  for (const Case& c : cases) {
    const std::string why =
        WhyNot(ChangedFile(c.name, [&](Metadata& metadata, Tensors&) { metadata.Set(c.key, Type::kUint32, c.value); }));
    EXPECT_FALSE(why.empty()) << c.key;
    for (const std::string_view word : c.words) EXPECT_NE(why.find(word), std::string::npos) << word << ": " << why;
  }
  const std::string lists = WhyNot(ChangedFile("lfm2", [](Metadata& metadata, Tensors&) {
    metadata.Set("lfm2.attention.head_count_kv", Type::kInt32, std::vector<int64_t>{0, 1, 0});
  }));
  EXPECT_NE(lists.find("lfm2.attention.head_count_kv is a list of 3, the model has 4 layers"), std::string::npos)
      << lists;
}

// gpt-oss's folder as it is published: experts in MXFP4, blocks and scales apart.
TEST_F(Families, ExpertsInMxfp4AreTheNumbersThatTheyStandFor) {
  constexpr size_t kExperts = 4, kWidth = 32;
  constexpr float kNumbers[] = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6};
  const auto change = [&](json::object& config, Tensors& tensors, bool packed) {
    config["intermediate_size"] = kWidth;
    if (packed) config["quantization_config"] = {{"quant_method", "mxfp4"}};
    uint32_t draw = 1;
    for (int layer = 0; layer < 3; ++layer) {
      for (const auto& [part, rows] : {std::pair("gate_up_proj", 2 * kWidth), std::pair("down_proj", kWidth)}) {
        const std::string name = fmt::format("model.layers.{}.mlp.experts.{}", layer, part);
        std::vector<float> values(kExperts * kWidth * rows), bias(kExperts * rows, 0.25F);
        std::vector<std::byte> blocks, scales;
        for (size_t e = 0; e < kExperts; ++e) {
          for (size_t row = 0; row < rows; ++row) {
            scales.push_back(static_cast<std::byte>(125 + row % 3));
            for (size_t c = 0; c < kWidth; ++c) {
              const uint32_t code = (draw = draw * 1664525 + 1013904223) >> 28;
              const float value =
                  std::ldexp(code < 8 ? kNumbers[code] : -kNumbers[code - 8], static_cast<int>(row % 3) - 2);
              values[(e * kWidth + c) * rows + row] = value;
              if (c % 2 == 0)
                blocks.push_back(static_cast<std::byte>(code));
              else
                blocks.back() |= static_cast<std::byte>(code << 4);
            }
          }
        }
        const auto bytes_of = [](const std::vector<float>& floats) {
          const auto bytes = std::as_bytes(std::span(floats));
          return std::vector<std::byte>(bytes.begin(), bytes.end());
        };
        tensors.erase(name);
        tensors[name + "_bias"] = {DType::kF32, {kExperts, rows}, bytes_of(bias)};
        if (packed) {
          packed_[name + "_blocks"] = {{kExperts, rows, 1, 16}, std::move(blocks)};
          packed_[name + "_scales"] = {{kExperts, rows, 1}, std::move(scales)};
        } else {
          tensors[name] = {DType::kF32, {kExperts, kWidth, rows}, bytes_of(values)};
        }
      }
    }
  };
  const fs::path plain = ChangedFolder("gpt_oss", [&](auto& config, auto& tensors) { change(config, tensors, false); });
  ThreadPool pool(1);
  const auto wanted = Model::Load(Checkpoint::Open(plain), {}, pool);
  const fs::path packed = ChangedFolder("gpt_oss", [&](auto& config, auto& tensors) { change(config, tensors, true); });
  AddBytes(packed / "model.safetensors");
  const auto got = Model::Load(Checkpoint::Open(packed), {}, pool);
  for (size_t layer = 0; layer < 3; ++layer) {
    for (const Role role : {Role::kExpertGate, Role::kExpertUp, Role::kExpertDown}) {
      for (size_t e = 0; e < kExperts; ++e) {
        EXPECT_EQ(got->weights().matrix(role, layer, e).type, kernel::PackedType::kMXFP4);
        for (size_t row = 0; row < kWidth; ++row) {
          std::vector<float> a(kWidth), b(kWidth);
          UnpackRow(wanted->weights().matrix(role, layer, e), row, a.data());
          UnpackRow(got->weights().matrix(role, layer, e), row, b.data());
          ASSERT_EQ(a, b) << "layer " << layer << ", expert " << e << ", row " << row;
        }
      }
    }
  }
}

// Older files hold a tensor an expert, newer ones gate above up in one of all.
TEST_F(Families, OtherFormsOfExpertsAreTheSameModel) {
  const std::vector<float> logits = Logits(Tiny("mixtral") / "model.gguf");
  const auto each = [](Metadata&, Tensors& tensors) {
    for (int layer = 0; layer < 2; ++layer) {
      for (const char* part : {"gate", "up", "down"}) {
        const Tensor all = tensors.extract(fmt::format("blk.{}.ffn_{}_exps.weight", layer, part)).mapped();
        const size_t bytes = all.bytes.size() / all.shape[0];
        for (size_t e = 0; e < all.shape[0]; ++e) {
          const auto begin = all.bytes.begin() + static_cast<ptrdiff_t>(e * bytes);
          tensors[fmt::format("blk.{}.ffn_{}.{}.weight", layer, part, e)] = {
              all.type, {all.shape[1], all.shape[2]}, {begin, begin + static_cast<ptrdiff_t>(bytes)}};
        }
      }
    }
  };
  EXPECT_EQ(logits, Logits(ChangedFile("mixtral", each)));
  const auto fused = [](Metadata&, Tensors& tensors) {
    for (int layer = 0; layer < 2; ++layer) {
      const Tensor gate = tensors.extract(fmt::format("blk.{}.ffn_gate_exps.weight", layer)).mapped();
      const Tensor up = tensors.extract(fmt::format("blk.{}.ffn_up_exps.weight", layer)).mapped();
      Tensor both{gate.type, {gate.shape[0], 2 * gate.shape[1], gate.shape[2]}, {}};
      const size_t bytes = gate.bytes.size() / gate.shape[0];
      for (size_t e = 0; e < gate.shape[0]; ++e) {
        for (const Tensor* part : {&gate, &up}) {
          const auto begin = part->bytes.begin() + static_cast<ptrdiff_t>(e * bytes);
          both.bytes.insert(both.bytes.end(), begin, begin + static_cast<ptrdiff_t>(bytes));
        }
      }
      tensors[fmt::format("blk.{}.ffn_gate_up_exps.weight", layer)] = std::move(both);
    }
  };
  EXPECT_EQ(logits, Logits(ChangedFile("mixtral", fused)));
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

// Value heads stand otherwise in files than in folders: blocks that hold columns of one head are moved as they are.
TEST_F(Families, BlocksOfReorderedColumnsAreMoved) {
  constexpr size_t kHeads = 4, kHidden = 32;
  const auto folder_of = [&](size_t dim) {
    packed_.clear();
    const auto bytes = [](std::vector<uint64_t> shape) {
      Tensor tensor{DType::kF32, shape, {}};
      size_t count = 1;
      for (const uint64_t size : shape) count *= size;
      std::vector<float> values(count);
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 7 % 13) / 64.0F - 0.1F;
      const auto raw = std::as_bytes(std::span(values));
      tensor.bytes.assign(raw.begin(), raw.end());
      return tensor;
    };
    const fs::path out = ChangedFolder("qwen35", [&](json::object& config, Tensors& tensors) {
      config["linear_key_head_dim"] = dim;
      config["linear_value_head_dim"] = dim;
      for (const int layer : {0, 1, 3}) {
        const std::string stem = fmt::format("model.layers.{}.linear_attn.", layer);
        tensors[stem + "in_proj_qkv.weight"] = bytes({8 * dim, kHidden});
        tensors[stem + "in_proj_z.weight"] = bytes({kHeads * dim, kHidden});
        tensors[stem + "conv1d.weight"] = bytes({8 * dim, 1, 4});
        tensors[stem + "norm.weight"] = bytes({dim});
        tensors.erase(stem + "out_proj.weight");
        std::vector<std::byte> blocks, scales;
        for (size_t i = 0; i < kHidden * kHeads * dim / 2; ++i) blocks.push_back(static_cast<std::byte>(i * 37 + 11));
        for (size_t i = 0; i < kHidden * kHeads * dim / 32; ++i) scales.push_back(static_cast<std::byte>(120 + i % 5));
        packed_[stem + "out_proj.weight_blocks"] = {{kHidden, kHeads * dim / 32, 16}, std::move(blocks)};
        packed_[stem + "out_proj.weight_scales"] = {{kHidden, kHeads * dim / 32}, std::move(scales)};
      }
    });
    AddBytes(out / "model.safetensors");
    return out;
  };
  const auto converted = [&](size_t dim, std::string& notes) {
    const Checkpoint checkpoint = Checkpoint::Open(folder_of(dim));
    ThreadPool pool(2);
    const Conversion conversion(checkpoint, Conversion::Form::kGguf, {});
    for (const std::string& note : conversion.notes()) notes += note + "\n";
    conversion.WriteGguf(folder_ / "moved.gguf", conversion.metadata(), pool,
                         [](const std::string&, size_t, size_t) {});
    return ValuesOf(checkpoint, "model.layers.1.linear_attn.out_proj.weight");
  };
  std::string notes;
  for (const size_t dim : {size_t{32}, size_t{16}}) {
    SCOPED_TRACE(dim);
    notes.clear();
    const std::vector<float> from = converted(dim, notes);
    const Checkpoint file = Checkpoint::Open(folder_ / "moved.gguf");
    EXPECT_EQ(file.tensors().Find("blk.1.ssm_out.weight")->type, DType::kMXFP4);
    const std::vector<float> to = ValuesOf(file, "blk.1.ssm_out.weight");
    const size_t columns = kHeads * dim;
    size_t apart = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      const size_t head = i % columns / dim, theirs = head % 2 * 2 + head / 2;
      apart += to[i] != from[i / columns * columns + theirs * dim + i % dim];
    }
    EXPECT_EQ(apart > 0, dim == 16) << apart;
    EXPECT_EQ(notes.find("blk.1.ssm_out.weight: heads of 16 columns") != std::string::npos, dim == 16) << notes;
    EXPECT_LT(Apart(Logits(folder_ / "changed"), Logits(folder_ / "moved.gguf")), dim == 32 ? 0.02F : 0.2F);
  }
}

// Each matrix divided by a power of two, which stands beside it: the same logits to the bit.
void MoveScales(Tensors& tensors) {
  Tensors scales;
  float scale = 0.125;
  for (auto& [name, tensor] : tensors) {
    const bool table = name.starts_with("token_embd") || name.starts_with("position_embd");
    const bool vector = tensor.shape.size() < 2 || name.find("norm") != std::string::npos ||
                        name.find("conv.weight") != std::string::npos || name.find("conv1d") != std::string::npos ||
                        tensor.type != DType::kF32;
    if (table || vector || !name.ends_with(".weight")) continue;
    const std::string stem = name.substr(0, name.size() - std::string(".weight").size());
    const size_t entries = tensor.shape.size() == 3 ? tensor.shape[0] : 1;
    std::vector<float> of_entries(entries);
    const std::span<float> values(reinterpret_cast<float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float));
    for (size_t e = 0; e < entries; ++e) {
      scale = scale > 8 ? 0.125F : 2 * scale;
      of_entries[e] = scale;
      for (float& value : values.subspan(e * values.size() / entries, values.size() / entries)) value /= scale;
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(of_entries.data());
    scales[stem + ".scale"] = {DType::kF32, {entries}, {bytes, bytes + entries * sizeof(float)}};
    scales[stem + ".input_scale"] = scales[stem + ".scale"];
  }
  tensors.merge(scales);
}

TEST_F(Families, AMatrixMayHaveAScaleBesideIt) {
  for (const char* name : {"llama", "gpt2", "gpt_oss", "granitemoe", "qwen35moe", "lfm2", "gemma2", "phi3"}) {
    SCOPED_TRACE(name);
    const std::vector<float> logits = Logits(Tiny(name) / "model.gguf");
    const fs::path scaled = ChangedFile(name, [](Metadata&, Tensors& tensors) { MoveScales(tensors); });
    EXPECT_EQ(Logits(scaled), logits);
    const Checkpoint checkpoint = Checkpoint::Open(scaled);
    ThreadPool pool(1);
    const Conversion conversion(checkpoint, Conversion::Form::kGguf, {});
    conversion.WriteGguf(folder_ / "plain.gguf", conversion.metadata(), pool,
                         [](const std::string&, size_t, size_t) {});
    EXPECT_EQ(Logits(folder_ / "plain.gguf"), logits) << "values that hold their scale";
  }
}

TEST_F(Families, BlocksKeepTheirScale) {
  const Checkpoint checkpoint = Checkpoint::Open(Tiny("llama") / "model-q8_0.gguf");
  Tensors tensors = TensorsOf(checkpoint);
  const std::string name = "blk.0.attn_output.weight";
  ASSERT_EQ(tensors.at(name).type, DType::kQ8_0);
  const float scale = 0.75;
  const auto* bytes = reinterpret_cast<const std::byte*>(&scale);
  tensors["blk.0.attn_output.scale"] = {DType::kF32, {1}, {bytes, bytes + sizeof(scale)}};
  GgufWriter writer(folder_ / "scaled.gguf", checkpoint.gguf()->metadata(), SpecsOf(tensors));
  for (const auto& [tensor_name, tensor] : tensors) writer.Append(tensor_name, tensor.bytes);
  writer.Commit();
  const std::vector<float> logits = Logits(folder_ / "scaled.gguf");
  EXPECT_GT(Apart(logits, Logits(Tiny("llama") / "model-q8_0.gguf")), 0.001F);
  const Checkpoint scaled = Checkpoint::Open(folder_ / "scaled.gguf");
  ThreadPool pool(1);
  const Conversion conversion(scaled, Conversion::Form::kGguf, {});
  conversion.WriteGguf(folder_ / "again.gguf", conversion.metadata(), pool, [](const std::string&, size_t, size_t) {});
  EXPECT_EQ(Logits(folder_ / "again.gguf"), logits);
  EXPECT_TRUE(Checkpoint::Open(folder_ / "again.gguf").tensors().Find("blk.0.attn_output.scale"));
}

TEST_F(Families, WhatIsNoScaleIsRefused) {
  const auto why = [&](const std::string& name, DType type, std::vector<uint64_t> shape, float value) {
    return WhyNot(ChangedFile("mixtral", [&](Metadata&, Tensors& tensors) {
      size_t bytes = RowBytes(type, 1);
      for (const uint64_t size : shape) bytes *= size;
      Tensor scale{type, shape, std::vector<std::byte>(bytes)};
      std::memcpy(scale.bytes.data(), &value, std::min(bytes, sizeof(value)));
      tensors[name] = std::move(scale);
    }));
  };
  EXPECT_EQ(why("blk.0.attn_q.scale", DType::kF32, {1}, 1), "");
  EXPECT_TRUE(why("blk.0.attn_q.scale", DType::kF32, {2}, 1)
                  .ends_with("tensor blk.0.attn_q.scale of type F32 and shape [2] is no scale of blk.0.attn_q.weight: "
                             "finite F32, [1]"));
  EXPECT_NE(why("blk.0.attn_q.scale", DType::kF16, {1}, 1), "");
  EXPECT_NE(why("blk.0.attn_q.scale", DType::kF32, {1}, NAN), "");
  EXPECT_NE(why("blk.0.attn_q.scale", DType::kF32, {1}, INFINITY), "");
  EXPECT_NE(why("blk.0.ffn_up_exps.scale", DType::kF32, {3}, 1), "");
  EXPECT_NE(why("blk.0.attn_norm.scale", DType::kF32, {1}, 1), "");
  EXPECT_NE(why("token_embd.scale", DType::kF32, {1}, 1), "");
  EXPECT_NE(why("blk.0.other.input_scale", DType::kF32, {1}, 1), "");
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
TEST_F(Families, ALanguageModelInsideEachFamilyThatHasOne) {
  struct Case {
    const char *name, *type, *tied;
  };
  for (const Case& c :
       {Case{"gemma3", "gemma3", ""}, Case{"qwen35", "qwen3_5", "true"}, Case{"qwen35moe", "qwen3_5_moe", "false"},
        Case{"gemma4_small", "gemma4", ""}, Case{"gemma4_big", "gemma4_unified", "true"}}) {
    const fs::path path = ChangedFolder(c.name, [&](json::object& config, Tensors& tensors) {
      json::object text = std::move(config);
      text.erase("tie_word_embeddings");
      config = {{"model_type", c.type}, {"text_config", std::move(text)}, {"vision_config", json::object()}};
      if (*c.tied) config["tie_word_embeddings"] = json::parse(c.tied);
      Tensors moved;
      for (const auto& [name, tensor] : tensors) {
        moved[name.starts_with("model.") ? "model.language_model." + name.substr(6) : name] = tensor;
      }
      tensors = std::move(moved);
    });
    EXPECT_EQ(Logits(Tiny(c.name)), Logits(path)) << c.name;
  }
}

// What transformers writes when it saves a model of this family.
TEST_F(Families, SizesOfSingleLayersByTheirNumber) {
  const json::object layers = {{"2", Gemma4Heads(16, 1)}, {"4", Gemma4Heads(16, 1)}};
  const fs::path saved =
      Changed("gemma4_big",
              {{"-global_head_dim", nullptr}, {"-num_global_key_value_heads", nullptr}, {"per_layer_config", layers}});
  EXPECT_EQ(Logits(Tiny("gemma4_big")), Logits(saved));
  EXPECT_TRUE(ConfigOf(Checkpoint::Open(saved)).warnings.empty());
  const fs::path both = Changed("gemma4_big", {{"global_head_dim", 64}, {"per_layer_config", layers}});
  EXPECT_EQ(Logits(Tiny("gemma4_big")), Logits(both));
  const std::vector<Warning> warnings = ConfigOf(Checkpoint::Open(both)).warnings;
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].thing, "global_head_dim");
  EXPECT_EQ(warnings[1].thing, "num_global_key_value_heads");
}

// Those with a window may have heads of their own number, too.
TEST_F(Families, KeyHeadsOfLayersWithAWindowByTheirNumber) {
  json::object layers = {{"2", Gemma4Heads(16, 1)}, {"4", Gemma4Heads(16, 1)}};
  for (const char* windowed : {"0", "1", "3"}) layers[windowed] = {{"num_key_value_heads", 2}};
  EXPECT_EQ(Logits(Tiny("gemma4_big")),
            Logits(Changed("gemma4_big", {{"num_key_value_heads", 4}, {"per_layer_config", layers}})));
}

TEST_F(Families, AnEmptyScalingTakesNothingFromTheOther) {
  json::object rope = LatentYarn(0.8, 0.4);
  const fs::path one = Changed("deepseek_v2", {{"-rope_scaling", nullptr}, {"rope_parameters", rope}});
  const std::vector<float> logits = Logits(one);
  EXPECT_EQ(logits, Logits(Changed("deepseek_v2", {{"rope_scaling", json::object()}, {"rope_parameters", rope}})));
}

// Whatever layer_types says of it.
TEST_F(Families, TheLastLayerOfGemma4SeesEverything) {
  json::array types = testing::ReadJson(Tiny("gemma4_big") / "config.json").at("layer_types").as_array();
  types.back() = "sliding_attention";
  const fs::path path = Changed("gemma4_big", {{"layer_types", types}});
  EXPECT_EQ(Logits(Tiny("gemma4_big")), Logits(path));
  const ModelConfig config = ConfigOf(Checkpoint::Open(path));
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].thing, "layer_types");
}

// Files as their makers publish them hold keys and values of layers that take them from others.
TEST_F(Families, LayersThatShareKeysReadNoneOfTheirOwn) {
  const fs::path file = ChangedFile("gemma4_small", [](Metadata&, Tensors& tensors) {
    for (const char* part : {"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"}) {
      tensors[fmt::format("blk.5.{}", part)] = tensors.at(fmt::format("blk.3.{}", part));
      tensors[fmt::format("blk.6.{}", part)] = tensors.at(fmt::format("blk.4.{}", part));
    }
  });
  EXPECT_EQ(Logits(Tiny("gemma4_small") / "model.gguf"), Logits(file));
  const fs::path folder = ChangedFolder("gemma4_small", [](json::object&, Tensors& tensors) {
    for (const char* part : {"k_proj.weight", "v_proj.weight", "k_norm.weight"}) {
      tensors[fmt::format("model.layers.6.self_attn.{}", part)] =
          tensors.at(fmt::format("model.layers.4.self_attn.{}", part));
    }
  });
  EXPECT_EQ(Logits(Tiny("gemma4_small")), Logits(folder));
  EXPECT_TRUE(ConfigOf(Checkpoint::Open(folder)).warnings.empty());
}

// Lists with one size a layer.
TEST_F(Families, ListsOfSizesThatLieAreRefusedByName) {
  const auto why = [&](const char* key, std::vector<int64_t> sizes) {
    return WhyNot(ChangedFile(
        "gemma4_small", [&](Metadata& metadata, Tensors&) { metadata.Set(key, Type::kInt32, std::move(sizes)); }));
  };
  const auto expect = [](const std::string& message, std::string_view words) {
    EXPECT_NE(message.find(words), std::string::npos) << message;
  };
  expect(why("gemma4.attention.head_count_kv", {1, 1, 1}), "gemma4.attention.head_count_kv is a list of 3");
  expect(why("gemma4.attention.head_count_kv", {1, 1, 0, 1, 1, 1, 1}), "gemma4.attention.head_count_kv is 0");
  expect(why("gemma4.attention.head_count_kv", {1, 1, 3, 1, 1, 1, 1}), "3 kv_heads of layer 2");
  expect(why("gemma4.attention.head_count_kv", {1, 1, 1, 1, 1, 1, 2}), "layer 6 cannot attend to the keys of layer 4");
  expect(why("gemma4.feed_forward_length", {20, 20, 20, 20, 20, 40}), "gemma4.feed_forward_length is a list of 6");
  expect(why("gemma4.feed_forward_length", {20, 20, 20, -1, 20, 40, 40}), "gemma4.feed_forward_length is -1");
  expect(why("gemma4.feed_forward_length", {20, 20, 24, 20, 20, 40, 40}), "blk.2.ffn_gate.weight has shape");
}

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
