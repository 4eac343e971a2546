// Qwen 2 (biases on q, k, v) and Qwen 3 (RMS norm of each query and key head instead). arXiv:2407.10671, arXiv:2505.09388.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName2 = "qwen2", kName3 = "qwen3";
constexpr KeyRule kKeys2[] = {
    {"hidden_act"}, {"use_sliding_window"}, {"sliding_window"}, {"max_window_layers"}, {"layer_types"},
};
constexpr KeyRule kKeys3[] = {
    {"hidden_act"},     {"use_sliding_window"},
    {"sliding_window"}, {"max_window_layers"},
    {"layer_types"},    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
};
constexpr HfType kHfTypes2[] = {{"qwen2", "Qwen2ForCausalLM", kKeys2}};
constexpr HfType kHfTypes3[] = {{"qwen3", "Qwen3ForCausalLM", kKeys3}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  ModelConfig config = CommonFromGguf(metadata, tensors, name);
  UseOneRope(RopeFromGguf(GgufFields(metadata, name), tensors, options, config), config);
  return config;
}

ModelConfig FromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   std::string_view name, const HfDefaults& defaults) {
  ModelConfig config = CommonFromHf(fields, tensors, name, defaults);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  const size_t stated = WindowFromHf(fields, 4096);
  const size_t window = fields.Bool("use_sliding_window", false) ? stated : 0;
  const size_t first = fields.OptionalSize("max_window_layers").value_or(28);
  if (WindowsFromLayerTypes(fields, window, config)) return config;
  for (size_t layer = first; layer < config.shapes.size(); ++layer) config.shapes[layer].window = window;
  return config;
}

ModelConfig FromGguf2(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kName2);
  config.attention_bias = true;
  return config;
}

ModelConfig FromGguf3(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kName3);
  config.query_key_norm = true;
  return config;
}

ModelConfig FromHf2(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromHf(HfFields(json), tensors, options, kName2, {.kv_heads = 32});
  config.attention_bias = true;
  return config;
}

ModelConfig FromHf3(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromHf(HfFields(json), tensors, options, kName3, {.kv_heads = 32, .head_dim = 128});
  config.query_key_norm = true;
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }
boost::json::object ToHf(const ModelConfig& config, const HfType& type) {
  boost::json::object out = CommonToHf(config, type);
  const size_t window = std::ranges::max(config.shapes, {}, &LayerShape::window).window;
  if (window == 0) return out;
  out["use_sliding_window"] = true;
  out["sliding_window"] = window;
  out["layer_types"] = LayerTypesToHf(config);
  return out;
}

boost::json::object ToHf2(const ModelConfig& config) { return ToHf(config, kHfTypes2[0]); }
boost::json::object ToHf3(const ModelConfig& config) { return ToHf(config, kHfTypes3[0]); }

}  // namespace

extern const Architecture kQwen2 = {kName2, "Qwen 1.5 to 2.5", kHfTypes2, {},          true, FromGguf2, FromHf2, ToGguf,
                                    ToHf2,  LocateGguf,        LocateHf,  PreNormLayer};
extern const Architecture kQwen3 = {kName3,  "Qwen 3", kHfTypes3, {},         true,     FromGguf3,
                                    FromHf3, ToGguf,   ToHf3,     LocateGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
