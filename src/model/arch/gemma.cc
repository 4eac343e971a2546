// Gemma 2 and 3: scaled embeddings, norms before and after each branch, GeGLU, sliding windows in most layers; Gemma 2 caps
// scores and logits, Gemma 3 norms queries and keys and turns local layers with a base of their own.
// arXiv:2408.00118, arXiv:2503.19786; https://huggingface.co/docs/transformers/model_doc/gemma3.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName2 = "gemma2", kName3 = "gemma3";
constexpr std::array<HfType, 1> kHfTypes2 = {{{"gemma2", "Gemma2ForCausalLM"}}};
constexpr std::array<HfType, 2> kHfTypes3 = {
    {{"gemma3_text", "Gemma3ForCausalLM"}, {"gemma3", "Gemma3ForConditionalGeneration"}}};
constexpr double kLocalTheta = 10000;
constexpr size_t kPeriod2 = 2, kPeriod3 = 6;  // one in so many layers sees everything

void Common(ModelConfig& config) {
  config.post_norms = true;
  config.activation = Activation::kGelu;
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden));
}

// Every `period`-th layer sees everything, the others the window.
void AlternateWindows(size_t window, size_t period, ModelConfig& config) {
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    config.shapes[layer].window = (layer + 1) % period == 0 ? 0 : window;
  }
}

// Layers with a window turn by `local`.
void UseTwoRopes(RopeConfig global, RopeConfig local, ModelConfig& config) {
  config.ropes = {std::move(global), std::move(local)};
  for (LayerShape& shape : config.shapes) shape.rope = shape.window > 0 ? 1 : 0;
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
  AlternateWindows(fields.OptionalSize("attention.sliding_window").value_or(4096), kPeriod2, config);
  LargestScale(46, config);
  return config;
}

ModelConfig FromGguf3(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName3);
  const GgufFields fields(metadata, kName3);
  Common(config);
  config.query_key_norm = true;
  AlternateWindows(fields.Size("attention.sliding_window"),
                   fields.OptionalSize("attention.sliding_window_pattern").value_or(kPeriod3), config);
  RopeConfig local;
  local.dims = config.head_dim;
  local.theta = fields.Float("rope.local.freq_base", fields.Float("rope.freq_base_swa", kLocalTheta));
  UseTwoRopes(RopeFromGguf(fields, tensors, options, config), std::move(local), config);
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
  if (types->size() != config.shapes.size()) {
    fields.Reject("layer_types", fmt::format("must have one entry for each of the {} layers", config.layers));
  }
  for (size_t layer = 0; layer < types->size(); ++layer) {
    config.shapes[layer].window = (*types)[layer] == "sliding_attention" ? window : 0;
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

ModelConfig FromHf2(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName2, {.kv_heads = 4, .head_dim = 256});
  HfCommon(fields, config);
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  HfWindows(fields, kPeriod2, config);
  return config;
}

ModelConfig FromHf3(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName3, {.kv_heads = 4, .head_dim = 256});
  HfCommon(fields, config);
  config.query_key_norm = true;
  HfWindows(fields, kPeriod3, config);
  const boost::json::object* both = fields.Object("rope_parameters");
  const boost::json::object none;
  const HfFields parameters(both ? *both : none, "rope_parameters.");
  const boost::json::object* global = parameters.Object("full_attention");
  const boost::json::object* local = parameters.Object("sliding_attention");
  if (!global) global = fields.Object("rope_scaling");
  RopeConfig second;
  second.dims = config.head_dim;
  const double theta = local ? HfFields(*local).Float("rope_theta", kLocalTheta) : kLocalTheta;
  second.theta = fields.Float("rope_local_base_freq", theta);
  UseTwoRopes(RopeFromHf(fields, global, "rope_parameters.full_attention", {.theta = 1e6}, options, config),
              std::move(second), config);
  return config;
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

// transformers takes no 8.0 for 8.
boost::json::value QueryScalar(float scale) {
  const double exact = 1 / (static_cast<double>(scale) * static_cast<double>(scale)), scalar = ShortDecimal(exact);
  if (std::abs(scalar - std::round(scalar)) < 1e-3) return static_cast<int64_t>(std::round(scalar));
  return scalar;
}

boost::json::object ToHf(const ModelConfig& config, const HfType& type) {
  boost::json::object out = CommonToHf(config, type);
  out["query_pre_attn_scalar"] = QueryScalar(config.attention_scale);
  out["hidden_activation"] = "gelu_pytorch_tanh";
  out["hidden_act"] = "gelu_pytorch_tanh";
  out["sliding_window"] = Window(config);
  boost::json::array types;
  for (const LayerShape& shape : config.shapes) {
    types.emplace_back(shape.window > 0 ? "sliding_attention" : "full_attention");
  }
  out["layer_types"] = std::move(types);
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
    location.tensor = fmt::format("model.layers.{}.pre_feedforward_layernorm.weight", parameter.layer);
  }
  if (!parameter.is_matrix()) location.offset = 1;
  return location;
}

}  // namespace

extern const Architecture kGemma2 = {kName2, kHfTypes2,  FromGguf2,  FromHf2,          ToGguf,
                                     ToHf2,  LocateGguf, LocateInHf, SandwichNormLayer};
extern const Architecture kGemma3 = {kName3, kHfTypes3,  FromGguf3,  FromHf3,          ToGguf,
                                     ToHf3,  LocateGguf, LocateInHf, SandwichNormLayer};

}  // namespace sheepop
