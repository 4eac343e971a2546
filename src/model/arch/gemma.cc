// Gemma 2 and 3: scaled embeddings, norms before and after each branch, GeGLU, sliding windows in most layers; Gemma 2 caps
// scores and logits, Gemma 3 norms queries and keys and turns local layers with a base of their own.
// arXiv:2408.00118, arXiv:2503.19786; https://huggingface.co/docs/transformers/model_doc/gemma3.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "model/config_reading.h"
#include "model/decoder_pass.h"

namespace sheepop {
namespace {

constexpr std::array<std::string_view, 1> kHf2 = {"gemma2"};
constexpr std::array<std::string_view, 2> kHf3 = {"gemma3_text", "gemma3"};
constexpr double kLocalTheta = 10000;

void Common(ModelConfig& config) {
  config.post_norms = true;
  config.activation = Activation::kGelu;
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden));
}

// Every `period`-th layer sees everything, the others the window.
void AlternateWindows(size_t window, size_t period, ModelConfig& config) {
  for (size_t layer = 0; layer < config.layers; ++layer) {
    config.layer_window[layer] = (layer + 1) % period == 0 ? 0 : window;
  }
}

void LocalRope(double theta, ModelConfig& config) {
  RopeConfig local;
  local.frequencies = RopeFrequencies(theta, config.head_dim);
  config.ropes.push_back(std::move(local));
  for (size_t layer = 0; layer < config.layers; ++layer) config.layer_rope[layer] = config.layer_window[layer] ? 1 : 0;
}

// The largest Gemmas scale by the hidden width a head instead of head_dim, which their GGUF files do not say.
void LargestScale(size_t layers, ModelConfig& config) {
  if (config.layers != layers) return;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.hidden) / static_cast<float>(config.heads));
}

ModelConfig Gemma2FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kGemma2);
  const GgufFields fields(metadata, kGemma2.name);
  Common(config);
  RopeFromGguf(metadata, tensors, kGemma2, options, config);
  config.attention_softcap = static_cast<float>(fields.Float("attn_logit_softcapping", 50));
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 30));
  AlternateWindows(fields.OptionalSize("attention.sliding_window").value_or(4096), 2, config);
  LargestScale(46, config);
  return config;
}

ModelConfig Gemma3FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kGemma3);
  const GgufFields fields(metadata, kGemma3.name);
  Common(config);
  config.query_key_norm = true;
  RopeFromGguf(metadata, tensors, kGemma3, options, config);
  AlternateWindows(fields.Size("attention.sliding_window"),
                   fields.OptionalSize("attention.sliding_window_pattern").value_or(6), config);
  LocalRope(fields.Float("rope.local.freq_base", fields.Float("rope.freq_base_swa", kLocalTheta)), config);
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 0));
  LargestScale(62, config);
  return config;
}

void HfWindows(const HfFields& fields, size_t default_period, ModelConfig& config) {
  const size_t window = fields.Size("sliding_window");
  const boost::json::array* types = fields.Array("layer_types");
  if (!types) {
    AlternateWindows(window, fields.OptionalSize("sliding_window_pattern").value_or(default_period), config);
    return;
  }
  config.layer_window.clear();
  for (const boost::json::value& type : *types) {
    config.layer_window.push_back(type.is_string() && type.get_string() == "sliding_attention" ? window : 0);
  }
}

void HfCommon(const HfFields& fields, ModelConfig& config) {
  Common(config);
  config.tied_embeddings = fields.Bool("tie_word_embeddings", true);
  config.attention_scale =
      1 / std::sqrt(static_cast<float>(fields.Float("query_pre_attn_scalar", static_cast<double>(config.head_dim))));
  config.attention_softcap = static_cast<float>(fields.Float("attn_logit_softcapping", 0));
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 0));
}

ModelConfig Gemma2FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromHf(json, tensors, kGemma2);
  const HfFields fields(json);
  HfCommon(fields, config);
  RopeFromHf(json, options, config);
  HfWindows(fields, 2, config);
  return config;
}

ModelConfig Gemma3FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromHf(json, tensors, kGemma3);
  const HfFields fields(json);
  HfCommon(fields, config);
  config.query_key_norm = true;
  HfWindows(fields, 6, config);
  const boost::json::object* both = fields.Object("rope_parameters");
  const boost::json::object none;
  const HfFields parameters(both ? *both : none);
  const boost::json::object* global = parameters.Object("full_attention");
  const boost::json::object* local = parameters.Object("sliding_attention");
  if (!global) global = fields.Object("rope_scaling");
  UseOneRope(RopeFromHf(json, global, fields.Float("rope_theta", 1e6), options, config), config);
  const double theta = local ? HfFields(*local).Float("rope_theta", kLocalTheta) : kLocalTheta;
  LocalRope(fields.Float("rope_local_base_freq", theta), config);
  return config;
}

Location LocateGemmaHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  Location location = LocateHf(config, parameter, source);
  if (parameter.role == Role::kFeedForwardNorm) {
    location.tensor = fmt::format("model.layers.{}.pre_feedforward_layernorm.weight", parameter.layer);
  }
  if (!parameter.is_matrix()) location.offset = 1;
  return location;
}

void GemmaLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostAttentionNorm, layer);
  pass.Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer);
  pass.FeedForward(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostFeedForwardNorm, layer);
}

}  // namespace

const Architecture kGemma2 = {"gemma2",     kHf2,       "Gemma2ForCausalLM", Gemma2FromGguf,
                              Gemma2FromHf, LocateGguf, LocateGemmaHf,       GemmaLayer};
const Architecture kGemma3 = {"gemma3",     kHf3,       "Gemma3ForCausalLM", Gemma3FromGguf,
                              Gemma3FromHf, LocateGguf, LocateGemmaHf,       GemmaLayer};

}  // namespace sheepop
