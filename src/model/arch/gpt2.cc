// GPT-2: layer norm, learned positions, one fused q, k, v product with biases, GELU. Radford et al., 2019, "Language Models
// are Unsupervised Multitask Learners"; https://huggingface.co/docs/transformers/model_doc/gpt2.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "model/arch/llama.h"
#include "model/config_reading.h"

namespace sheepop {
namespace {

constexpr std::array<std::string_view, 1> kHfTypes = {"gpt2"};

void Common(ModelConfig& config) {
  config.norm = NormType::kLayer;
  config.activation = Activation::kGelu;
  config.gated = false;
  config.attention_bias = config.projection_bias = true;
  config.learned_positions = true;
  UseOneRope({}, config);
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions&) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kGpt2);
  config.norm_epsilon =
      static_cast<float>(GgufFields(metadata, kGpt2.name).Float("attention.layer_norm_epsilon", 1e-5));
  Common(config);
  return config;
}

// Hugging Face names carry a "transformer." prefix or none.
std::string Prefixed(const TensorSource& tensors, std::string name) {
  return tensors.Find("transformer.wte.weight") ? "transformer." + name : name;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions&) {
  const HfFields fields(json);
  ModelConfig config;
  config.architecture = kGpt2.name;
  config.layers = fields.Size("n_layer");
  config.hidden = fields.Size("n_embd");
  config.heads = config.kv_heads = fields.Size("n_head");
  if (config.heads == 0) throw Error(ErrorCategory::kCorrupt, "config.json: n_head is 0");
  config.head_dim = config.hidden / config.heads;
  config.feed_forward = fields.OptionalSize("n_inner").value_or(4 * config.hidden);
  config.context = fields.Size("n_positions");
  config.vocab = fields.Size("vocab_size");
  config.norm_epsilon = static_cast<float>(fields.Float("layer_norm_epsilon", 1e-5));
  config.attention_scale = 1 / std::sqrt(static_cast<float>(std::max<size_t>(1, config.head_dim)));
  config.tied_embeddings = tensors.Find("lm_head.weight") == nullptr;
  if (config.layers <= 4096) config.layer_window.assign(config.layers, 0);
  const std::string activation = fields.String("activation_function").value_or("gelu_new");
  if (activation != "gelu_new" && activation != "gelu_pytorch_tanh") {
    throw Error(ErrorCategory::kUnsupported, "config.json: activation_function {} is not supported for gpt2",
                activation);
  }
  Common(config);
  return config;
}

struct Slice {
  std::string_view name;
  size_t part;  // of the fused q, k, v
  bool fused, matrix;
};

Slice SliceOf(Role role) {
  switch (role) {
    case Role::kQuery: return {"attn_qkv.weight", 0, true, true};
    case Role::kKey: return {"attn_qkv.weight", 1, true, true};
    case Role::kValue: return {"attn_qkv.weight", 2, true, true};
    case Role::kQueryBias: return {"attn_qkv.bias", 0, true, false};
    case Role::kKeyBias: return {"attn_qkv.bias", 1, true, false};
    case Role::kValueBias: return {"attn_qkv.bias", 2, true, false};
    default: return {};
  }
}

Location LocateGpt2Gguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Slice slice = SliceOf(parameter.role);
  if (!slice.fused) return LocateGguf(config, parameter, source);
  return {fmt::format("blk.{}.{}", parameter.layer, slice.name), true, slice.part * config.hidden};
}

Location LocateGpt2Hf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  struct Name {
    Role role;
    std::string_view name;
  };
  static constexpr std::array<Name, 17> kNames = {{
      {Role::kTokenEmbedding, "wte.weight"},
      {Role::kPositionEmbedding, "wpe.weight"},
      {Role::kOutputNorm, "ln_f.weight"},
      {Role::kOutputNormBias, "ln_f.bias"},
      {Role::kAttentionNorm, "ln_1.weight"},
      {Role::kAttentionNormBias, "ln_1.bias"},
      {Role::kQuery, "attn.c_attn.weight"},
      {Role::kQueryBias, "attn.c_attn.bias"},
      {Role::kAttentionOutput, "attn.c_proj.weight"},
      {Role::kAttentionOutputBias, "attn.c_proj.bias"},
      {Role::kFeedForwardNorm, "ln_2.weight"},
      {Role::kFeedForwardNormBias, "ln_2.bias"},
      {Role::kUp, "mlp.c_fc.weight"},
      {Role::kUpBias, "mlp.c_fc.bias"},
      {Role::kDown, "mlp.c_proj.weight"},
      {Role::kDownBias, "mlp.c_proj.bias"},
      {Role::kOutput, "lm_head.weight"},
  }};
  if (parameter.role == Role::kOutput) return {"lm_head.weight"};
  const Slice slice = SliceOf(parameter.role);
  const Role role = !slice.fused ? parameter.role : slice.matrix ? Role::kQuery : Role::kQueryBias;
  const auto found = std::ranges::find(kNames, role, &Name::role);
  if (found == kNames.end()) {
    throw Error(ErrorCategory::kUnsupported, "{} has no place in a Hugging Face folder", parameter.name);
  }
  const bool outside = found->name.starts_with("w") || found->name.starts_with("ln_f");
  const std::string name = outside ? std::string(found->name) : fmt::format("h.{}.{}", parameter.layer, found->name);
  const bool conv = !outside && parameter.is_matrix();
  return {Prefixed(source, name), slice.fused, slice.fused ? slice.part * config.hidden : 0, conv};
}

}  // namespace

const Architecture kGpt2 = {"gpt2", kHfTypes,       "GPT2LMHeadModel", FromGguf,
                            FromHf, LocateGpt2Gguf, LocateGpt2Hf,      LlamaLayer};

}  // namespace sheepop
