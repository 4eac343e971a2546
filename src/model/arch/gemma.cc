// Gemma 2 and 3: scaled embeddings, norms before and after each branch, GeGLU, sliding windows in most layers; Gemma 2 caps
// scores and logits, Gemma 3 norms queries and keys and turns local layers with a base of their own.
// arXiv:2408.00118, arXiv:2503.19786; https://huggingface.co/docs/transformers/model_doc/gemma3.

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName2 = "gemma2", kName3 = "gemma3";
constexpr KeyRule kKeys2[] = {
    {"hidden_activation"},
    {"hidden_act", KeyUse::kHarmless},  // the class reads hidden_activation
    {"query_pre_attn_scalar"},
    {"sliding_window"},
    {"layer_types"},
    {"attn_logit_softcapping"},
    {"final_logit_softcapping"},
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"use_bidirectional_attention", KeyUse::kOnly, "[false]", "attention to what comes later"},
};
constexpr KeyRule kKeys3[] = {
    {"hidden_activation"},
    {"hidden_act", KeyUse::kHarmless},
    {"query_pre_attn_scalar"},
    {"sliding_window"},
    {"sliding_window_pattern"},
    {"_sliding_window_pattern", KeyUse::kHarmless},  // written beside layer_types, which say the same
    {"layer_types"},
    {"attn_logit_softcapping", KeyUse::kOnly, "[]", "soft caps of attention in this family"},  // the class ignores it
    {"final_logit_softcapping"},
    {"rope_local_base_freq"},
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"use_bidirectional_attention", KeyUse::kOnly, "[false]", "attention to what comes later"},
};
constexpr KeyRule kGgufKeys2[] = {
    {"attention.sliding_window"}, {"attn_logit_softcapping"}, {"final_logit_softcapping"}};
constexpr KeyRule kGgufKeys3[] = {{"attention.sliding_window"},
                                  {"attention.sliding_window_pattern"},
                                  {"rope.local.freq_base"},
                                  {"rope.freq_base_swa"},
                                  {"final_logit_softcapping"}};
constexpr KeyRule kNestedKeys[] = {
    {"boi_token_index", KeyUse::kHarmless},  // of what reads images
    {"eoi_token_index", KeyUse::kHarmless},
    {"image_token_index", KeyUse::kHarmless},
    {"mm_tokens_per_image", KeyUse::kHarmless},
};
constexpr HfType kHfTypes2[] = {{"gemma2", "Gemma2ForCausalLM", kKeys2}};
constexpr HfType kHfTypes3[] = {{"gemma3_text", "Gemma3ForCausalLM", kKeys3},
                                {"gemma3", "Gemma3ForConditionalGeneration", kNestedKeys, false, true}};
constexpr double kLocalTheta = 10000;
constexpr size_t kPeriod2 = 2, kPeriod3 = 6;  // one in so many layers sees everything

void Common(ModelConfig& config) {
  config.post_norms = true;
  config.activation = Activation::kGelu;
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden));
}

// The largest Gemmas scale by the hidden width a head instead of head_dim, which their GGUF files do not say.
void LargestScale(size_t layers, ModelConfig& config) {
  if (config.layers != layers) return;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.hidden) / static_cast<float>(config.heads));
}

ModelConfig FromGguf2(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName2);
  const GgufFields fields(metadata, kName2);
  Common(config);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  config.attention_softcap = static_cast<float>(fields.Float("attn_logit_softcapping", 50));
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 30));
  const size_t window = fields.OptionalSize("attention.sliding_window").value_or(4096);
  if (window == 0) fields.Reject("attention.sliding_window", window, "must be at least 1");
  AlternateWindows(window, kPeriod2, config);
  LargestScale(46, config);
  return config;
}

ModelConfig FromGguf3(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName3);
  const GgufFields fields(metadata, kName3);
  Common(config);
  config.query_key_norm = true;
  WindowsFromGguf(fields, fields.Size("attention.sliding_window", SIZE_MAX), kPeriod3, config);
  RopeConfig local;
  local.dims = config.head_dim;
  local.theta = fields.Float("rope.local.freq_base", fields.Float("rope.freq_base_swa", kLocalTheta));
  UseTwoRopes(RopeFromGguf(fields, tensors, options, config), std::move(local), config);
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 0));
  LargestScale(62, config);
  return config;
}

// 0 for null; `otherwise` where the key is absent.
float SoftCap(const HfFields& fields, std::string_view field, double otherwise) {
  if (fields.IsNull(field)) return 0;
  const double cap = fields.Float(field, otherwise);
  if (cap <= 0 && fields.Has(field)) fields.Reject(field, "must be above 0, or null for none");
  return static_cast<float>(cap);
}

// What both classes read. `caps`: the soft caps of attention and of logits where the keys are absent.
ModelConfig HfCommon(const HfFields& fields, const TensorSource& tensors, std::string_view name,
                     std::pair<double, double> caps) {
  ModelConfig config = CommonFromHf(fields, tensors, name, {.kv_heads = 4, .head_dim = 256, .tied = true});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_activation", "gelu_pytorch_tanh");
  const double scalar = fields.Float("query_pre_attn_scalar", 256);
  if (!(scalar > 0)) fields.Reject("query_pre_attn_scalar", "must be above 0");
  config.attention_scale = 1 / std::sqrt(static_cast<float>(scalar));
  config.attention_softcap = SoftCap(fields, "attn_logit_softcapping", caps.first);
  config.final_softcap = SoftCap(fields, "final_logit_softcapping", caps.second);
  return config;
}

void HfWindows(const HfFields& fields, size_t period, ModelConfig& config) {
  const size_t window = WindowFromHf(fields, 4096);
  if (WindowsFromLayerTypes(fields, window, config)) return;
  AlternateWindows(window, period, config);
  if (window == 0 && period != 1) fields.Reject("sliding_window", "must be at least 1: some layers have a window");
}

ModelConfig FromHf2(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = HfCommon(fields, tensors, kName2, {50, 30});
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  HfWindows(fields, kPeriod2, config);
  return config;
}

ModelConfig TextFromHf3(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = HfCommon(fields, tensors, kName3, {0, 0});
  config.query_key_norm = true;
  const size_t period = fields.OptionalSize("sliding_window_pattern").value_or(kPeriod3);
  if (period == 0) fields.Reject("sliding_window_pattern", "must be at least 1");
  HfWindows(fields, period, config);
  TwoRopesFromHf(fields, {.theta = 1e6, .nested = true},
                 {.theta = kLocalTheta, .theta_key = "rope_local_base_freq", .nested = true}, options, config);
  return config;
}

ModelConfig FromHf3(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  if (fields.String("model_type") != "gemma3") return TextFromHf3(fields, tensors, options);
  return InsideFromHf(fields, tensors, true, [&](const HfFields& text) { return TextFromHf3(text, tensors, options); });
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.shapes, {}, &LayerShape::window).window; }

// One in how many layers sees everything; 0 when there is no such rule.
size_t WindowPeriod(const ModelConfig& config) {
  const auto full = std::ranges::find(config.shapes, size_t{0}, &LayerShape::window);
  const auto period = static_cast<size_t>(full - config.shapes.begin()) + 1;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    if ((config.shapes[layer].window == 0) != ((layer + 1) % period == 0)) return 0;
  }
  return period;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  GgufKeys keys(config.architecture, out);
  keys.Size("attention.sliding_window", Window(config));
  if (config.ropes.size() > 1) {
    if (config.ropes[1].theta != kLocalTheta) keys.Float("rope.freq_base_swa", config.ropes[1].theta);
    const size_t period = WindowPeriod(config);
    if (period > 0 && period != kPeriod3) keys.Size("attention.sliding_window_pattern", period);
  }
  if (config.attention_softcap > 0) {
    keys.Float("attn_logit_softcapping", static_cast<double>(config.attention_softcap));
  }
  if (config.final_softcap > 0) keys.Float("final_logit_softcapping", static_cast<double>(config.final_softcap));
  return out;
}

// The shortest decimal from which FromHf computes this scale. transformers takes no 8.0 for 8.
boost::json::value QueryScalar(float scale) {
  const double scalar = ShortestDecimal(1 / (static_cast<double>(scale) * static_cast<double>(scale)),
                                        [&](double near) { return 1 / std::sqrt(static_cast<float>(near)) == scale; });
  if (scalar == std::round(scalar)) return static_cast<int64_t>(scalar);
  return scalar;
}

boost::json::object ToHf(const ModelConfig& config, const HfType& type) {
  boost::json::object out = CommonToHf(config, type);
  out["query_pre_attn_scalar"] = QueryScalar(config.attention_scale);
  out["hidden_activation"] = out["hidden_act"];
  out["sliding_window"] = Window(config);
  out["layer_types"] = LayerTypesToHf(config);
  const auto cap = [](float value) {
    return value > 0 ? boost::json::value(ShortDecimal(static_cast<double>(value))) : nullptr;
  };
  out["attn_logit_softcapping"] = cap(config.attention_softcap);
  out["final_logit_softcapping"] = cap(config.final_softcap);
  if (config.ropes.size() > 1) out["rope_local_base_freq"] = ShortDecimal(config.ropes[1].theta);
  return out;
}

boost::json::object ToHf2(const ModelConfig& config) { return ToHf(config, kHfTypes2[0]); }
boost::json::object ToHf3(const ModelConfig& config) { return ToHf(config, kHfTypes3[0]); }

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  Location location = LocateHf(config, parameter, source);
  if (parameter.role == Role::kFeedForwardNorm) {
    location.tensor =
        NameInHf(source, fmt::format("model.layers.{}.pre_feedforward_layernorm.weight", parameter.layer));
  }
  if (!parameter.is_matrix()) location.offset = 1;
  return location;
}

}  // namespace

extern const Architecture kGemma2 = {kName2,  "Gemma 2", kHfTypes2, kGgufKeys2, true,       FromGguf2,
                                     FromHf2, ToGguf,    ToHf2,     LocateGguf, LocateInHf, SandwichNormLayer};
extern const Architecture kGemma3 = {kName3,  "Gemma 3, text", kHfTypes3, kGgufKeys3, true,       FromGguf3,
                                     FromHf3, ToGguf,          ToHf3,     LocateGguf, LocateInHf, SandwichNormLayer};

}  // namespace sheepop
