// Ministral 3 and Mistral Small 3: Llama's layer; Ministral scales the queries of late positions and turns by YaRN. The
// class that reads images, too, holds the language model's configuration as its text_config.
// https://huggingface.co/docs/transformers/model_doc/ministral3, https://huggingface.co/docs/transformers/model_doc/mistral3.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "mistral3", kMinistral = "ministral3";
constexpr KeyRule kKeys[] = {{"hidden_act"}, {"sliding_window"}, {"llama_4_scaling", KeyUse::kHarmless}};
constexpr KeyRule kNestedKeys[] = {
    {"image_token_index", KeyUse::kHarmless},  // of what reads images
    {"image_token_id", KeyUse::kHarmless},       {"projector_hidden_act", KeyUse::kHarmless},
    {"vision_feature_layer", KeyUse::kHarmless}, {"multimodal_projector_bias", KeyUse::kHarmless},
    {"spatial_merge_size", KeyUse::kHarmless},
};
constexpr KeyRule kGgufKeys[] = {{"attention.temperature_scale"}, {"rope.scaling.yarn_log_multiplier"}};
constexpr HfType kHfTypes[] = {
    {kMinistral, "Ministral3ForCausalLM", kKeys},
    {kName, "Mistral3ForConditionalGeneration", kNestedKeys, false, true},
};

void Heat(double scale, size_t length, ModelConfig& config) {
  config.query_temperature = {static_cast<float>(scale), scale != 0 ? length : 1};
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  const double strength = fields.Float("rope.scaling.yarn_log_multiplier", 0);
  if (rope.yarn && strength != 0) {
    const double usual = YarnFactor(rope.yarn->factor), divisor = YarnFactor(rope.yarn->factor, strength);
    rope.factor = static_cast<float>(fields.Float("rope.scaling.attn_factor", 1) * usual / divisor);
  }
  const double scale = fields.Float("attention.temperature_scale", 0);
  if (scale != 0) Heat(scale, fields.Size("rope.scaling.original_context_length", SIZE_MAX), config);
  UseOneRope(std::move(rope), config);
  return config;
}

// The temperature stands among the rotary parameters.
void TemperatureFromHf(const HfFields& fields, ModelConfig& config) {
  const bool now = fields.Has("rope_parameters");
  const boost::json::object* parameters = fields.Object(now ? "rope_parameters" : "rope_scaling");
  if (!parameters) fields.Refuse("rope_parameters", "this family needs them");
  const HfFields rope(*parameters, now ? "rope_parameters." : "rope_scaling.");
  const size_t length = rope.Size("original_max_position_embeddings", SIZE_MAX);
  Heat(rope.Float("llama_4_scaling_beta"), length, config);
}

ModelConfig TextFromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options) {
  const bool ministral = fields.String("model_type") == kMinistral;
  ModelConfig config =
      CommonFromHf(fields, tensors, kName,
                   {.norm_epsilon = ministral ? 1e-5 : 1e-6, .kv_heads = 8, .head_dim = ministral ? size_t{128} : 0});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  UseOneWindow(WindowFromHf(fields, ministral ? 0 : 4096), config);
  if (ministral) TemperatureFromHf(fields, config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  if (fields.String("model_type") != kName) return TextFromHf(fields, tensors, options);
  return InsideFromHf(fields, tensors, true, [&](const HfFields& text) { return TextFromHf(text, tensors, options); });
}

// What both forms state of YaRN's factor in this family: the strength that it is divided by the factor of.
double Strength(const RopeConfig& rope) {
  const double scale = rope.yarn->factor, usual = YarnFactor(scale);
  if (usual == 1) return 1;
  const double exact = (usual / static_cast<double>(rope.factor) - 1) / (usual - 1);
  return ShortestDecimal(exact, [&](double near) {
    return static_cast<float>(near == 0 ? usual : usual / YarnFactor(scale, near)) == rope.factor;
  });
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  GgufKeys keys(kName, out);
  if (config.ropes[0].yarn) {
    out.metadata.Remove(fmt::format("{}.rope.scaling.attn_factor", kName));
    keys.Float("rope.scaling.yarn_log_multiplier", Strength(config.ropes[0]));
  }
  if (config.query_temperature.scale == 0) return out;
  keys.Float("attention.temperature_scale", static_cast<double>(config.query_temperature.scale));
  keys.Size("rope.scaling.original_context_length", config.query_temperature.length);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  const size_t window = config.shapes[0].window;
  out["sliding_window"] = window > 0 ? boost::json::value(window) : nullptr;
  boost::json::object rope = RopeParametersToHf(config.ropes[0]);
  if (config.ropes[0].yarn) {
    rope.erase("attention_factor");
    rope["mscale"] = 1.0;
    rope["mscale_all_dim"] = Strength(config.ropes[0]);
  }
  const QueryTemperature& temperature = config.query_temperature;
  rope["llama_4_scaling_beta"] = ShortDecimal(static_cast<double>(temperature.scale));
  if (temperature.scale != 0 || !config.ropes[0].yarn) rope["original_max_position_embeddings"] = temperature.length;
  out.erase("rope_theta");
  out.erase("rope_scaling");
  out["rope_parameters"] = std::move(rope);
  return out;
}

}  // namespace

extern const Architecture kMistral3 = {kName,    "Ministral 3, Mistral Small 3, text",
                                       kHfTypes, kGgufKeys,
                                       true,     FromGguf,
                                       FromHf,   ToGguf,
                                       ToHf,     LocateGguf,
                                       LocateHf, PreNormLayer};

}  // namespace sheepop
