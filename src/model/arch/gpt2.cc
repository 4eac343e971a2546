// GPT-2: layer norm, learned positions, one fused q, k, v product with biases, GELU. Radford et al., 2019, "Language Models
// are Unsupervised Multitask Learners"; https://huggingface.co/docs/transformers/model_doc/gpt2.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "gpt2";
constexpr std::string_view kNotByThat = "the class's own name of it";
constexpr KeyRule kKeys[] = {
    {"n_positions"},
    {"n_embd"},
    {"n_layer"},
    {"n_head"},
    {"n_inner"},
    {"activation_function"},
    {"layer_norm_epsilon"},
    {"scale_attn_weights"},
    {"n_ctx", KeyUse::kHarmless},
    {"resid_pdrop", KeyUse::kHarmless},
    {"embd_pdrop", KeyUse::kHarmless},
    {"attn_pdrop", KeyUse::kHarmless},
    {"summary_type", KeyUse::kHarmless},
    {"summary_use_proj", KeyUse::kHarmless},
    {"summary_activation", KeyUse::kHarmless},
    {"summary_proj_to_labels", KeyUse::kHarmless},
    {"summary_first_dropout", KeyUse::kHarmless},
    {"reorder_and_upcast_attn", KeyUse::kHarmless},  // of sums that are in fp32 here anyway
    {"scale_attn_by_inverse_layer_idx", KeyUse::kOnly, "[false]", "attention scaled by layer"},
    {"hidden_size", KeyUse::kOnly, "[]", kNotByThat},
    {"max_position_embeddings", KeyUse::kOnly, "[]", kNotByThat},
    {"num_attention_heads", KeyUse::kOnly, "[]", kNotByThat},
    {"num_hidden_layers", KeyUse::kOnly, "[]", kNotByThat},
};
constexpr KeyRule kGgufKeys[] = {{"attention.layer_norm_epsilon"}};
constexpr HfType kHfTypes[] = {{"gpt2", "GPT2LMHeadModel", kKeys, false}};

void Common(ModelConfig& config) {
  config.norm = NormType::kLayer;
  config.activation = Activation::kGelu;
  config.gated = false;
  config.attention_bias = config.projection_bias = true;
  config.learned_positions = true;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions&) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName, {.norm = NormType::kLayer});
  Common(config);
  return config;
}

// Hugging Face names carry a "transformer." prefix, as the whole model's have, or none.
std::string Prefixed(const TensorSource& tensors, const std::string& name) {
  return tensors.Find("wte.weight") ? name : "transformer." + name;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions&) {
  const HfFields fields(json);
  ModelConfig config;
  config.architecture = kName;
  config.layers = fields.Size("n_layer", kMostLayers);
  config.hidden = fields.Size("n_embd", kMostHidden);
  config.heads = config.kv_heads = fields.Size("n_head", kMostHeads);
  if (config.hidden % config.heads != 0) {
    fields.Reject("n_head", fmt::format("must divide n_embd, {}", config.hidden));
  }
  config.feed_forward = fields.OptionalSize("n_inner").value_or(4 * config.hidden);
  config.context = fields.Size("n_positions", kMostContext);
  config.vocab = fields.Size("vocab_size", kMostVocab);
  if (const TensorInfo* table = tensors.Find(Prefixed(tensors, "wte.weight")); table && !table->shape.empty()) {
    CheckVocab(fields, table->name, table->shape[0]);
  }
  config.norm_epsilon = static_cast<float>(EpsilonFromHf(fields, "layer_norm_epsilon", 1e-5, config));
  config.tied_embeddings = TiedFromHf(fields, tensors, true);
  ActivationFromHf(fields, "activation_function", "gelu_new", false);
  FinishCommon(config);
  if (!fields.Bool("scale_attn_weights", true)) config.attention_scale = 1;
  Common(config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = NamesToHf(config, kHfTypes[0]);
  out["n_embd"] = config.hidden;
  out["n_layer"] = config.layers;
  out["n_head"] = config.heads;
  out["n_positions"] = config.context;
  out["n_ctx"] = config.context;
  out["n_inner"] = config.feed_forward;
  out["layer_norm_epsilon"] = ShortDecimal(static_cast<double>(config.norm_epsilon));
  out["activation_function"] = "gelu_new";
  if (config.attention_scale == 1 && config.head_dim > 1) out["scale_attn_weights"] = false;
  return out;
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

Location LocateInGguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Slice slice = SliceOf(parameter.role);
  if (!slice.fused) return LocateGguf(config, parameter, source);
  return {fmt::format("blk.{}.{}", parameter.layer, slice.name), true, slice.part * config.hidden};
}

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
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

extern const Architecture kGpt2 = {kName,  "GPT-2", kHfTypes, kGgufKeys,    false,      FromGguf,
                                   FromHf, ToGguf,  ToHf,     LocateInGguf, LocateInHf, PreNormLayer};

}  // namespace sheepop
