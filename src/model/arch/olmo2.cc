// OLMo 2 and 3: norms behind the branches alone, queries and keys normed whole. OLMo 3 has windows in three layers of four,
// and scales the positions of the others. arXiv:2501.00656; https://huggingface.co/docs/transformers/model_doc/olmo3.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "olmo2", kName3 = "olmo3", kBias = "biases in this family";
constexpr KeyRule kKeys2[] = {{"hidden_act"}, {"attention_bias", KeyUse::kOnly, "[false]", kBias}};
constexpr KeyRule kKeys3[] = {
    {"hidden_act"}, {"sliding_window"}, {"layer_types"}, {"attention_bias", KeyUse::kOnly, "[false]", kBias}};
constexpr KeyRule kGgufKeys[] = {
    {"attention.sliding_window"}, {"attention.sliding_window_pattern"}, {"rope.freq_base_swa"}};
constexpr HfType kHfTypes[] = {{"olmo2", "Olmo2ForCausalLM", kKeys2}, {kName3, "Olmo3ForCausalLM", kKeys3}};
constexpr size_t kPeriod = 4;  // one layer in so many sees everything
constexpr double kTheta3 = 500000;

void Common(ModelConfig& config) {
  config.pre_norms = false;
  config.post_norms = true;
  config.query_key_norm = config.query_key_norm_whole = true;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  Common(config);
  RopeConfig global = RopeFromGguf(fields, tensors, options, config);
  const size_t window = fields.OptionalSize("attention.sliding_window").value_or(0);
  if (window == 0) {
    UseOneRope(std::move(global), config);
    return config;
  }
  RopeConfig local;
  local.dims = global.dims;
  local.theta = fields.Float("rope.freq_base_swa", global.theta);
  WindowsFromGguf(fields, window, kPeriod, config);
  UseTwoRopes(std::move(global), std::move(local), config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  if (fields.String("model_type") != kName3) {
    UseOneRope(RopeFromHf(fields, {}, options, config), config);
    return config;
  }
  const size_t window = WindowFromHf(fields, 4096);
  if (!WindowsFromLayerTypes(fields, window, config)) {
    if (window == 0) fields.Reject("sliding_window", "must be at least 1: some layers have a window");
    AlternateWindows(window, kPeriod, config);
  }
  // rope_theta at the top is that of layers without a window alone.
  TwoRopesFromHf(fields, {.theta = kTheta3, .nested = true}, {.theta = kTheta3, .theta_key = "", .nested = true},
                 options, config);
  return config;
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.shapes, {}, &LayerShape::window).window; }

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  if (config.ropes.size() < 2) return out;
  GgufKeys keys(kName, out);
  keys.Size("attention.sliding_window", Window(config));
  keys.Flags("attention.sliding_window_pattern", WindowFlags(config));
  if (config.ropes[1].theta != config.ropes[0].theta) keys.Float("rope.freq_base_swa", config.ropes[1].theta);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  const bool windows = config.ropes.size() > 1;
  boost::json::object out = CommonToHf(config, kHfTypes[windows ? 1 : 0]);
  out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  if (!windows) return out;
  out["sliding_window"] = Window(config);
  out["layer_types"] = LayerTypesToHf(config);
  out.erase("rope_theta");
  out.erase("rope_scaling");
  out["rope_parameters"] = {{"full_attention", RopeParametersToHf(config.ropes[0])},
                            {"sliding_attention", RopeParametersToHf(config.ropes[1])}};
  return out;
}

}  // namespace

extern const Architecture kOlmo2 = {kName,  "OLMo 2 and 3", kHfTypes, kGgufKeys,  true,     FromGguf,
                                    FromHf, ToGguf,         ToHf,     LocateGguf, LocateHf, PostNormLayer};

}  // namespace sheepop
