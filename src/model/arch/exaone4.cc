// EXAONE 4: norms behind the branches alone, each query and key head normed. The large sizes have windows in three layers of
// four; then the others turn nothing. arXiv:2507.11407; https://huggingface.co/docs/transformers/model_doc/exaone4.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "exaone4";
constexpr KeyRule kKeys[] = {{"hidden_act"}, {"sliding_window"}, {"sliding_window_pattern"}, {"layer_types"}};
constexpr KeyRule kGgufKeys[] = {
    {"attention.sliding_window"}, {"attention.sliding_window_pattern"}, {"rope.freq_base_swa"}};
constexpr HfType kHfTypes[] = {{"exaone4", "Exaone4ForCausalLM", kKeys}};
constexpr size_t kPeriod = 4;  // one layer in so many sees everything

void Common(ModelConfig& config) {
  config.pre_norms = false;
  config.post_norms = true;
  config.query_key_norm = true;
}

// Where the model has windows, what sees everything turns nothing.
void TurnWindowsAlone(ModelConfig& config) {
  for (LayerShape& shape : config.shapes) {
    if (shape.window == 0) shape.rope = kNoRope;
  }
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  Common(config);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  const size_t window = fields.OptionalSize("attention.sliding_window").value_or(0);
  if (window > 0) rope.theta = fields.Float("rope.freq_base_swa", rope.theta);
  UseOneRope(std::move(rope), config);
  if (window == 0) return config;
  WindowsFromGguf(fields, window, kPeriod, config);
  TurnWindowsAlone(config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5, .kv_heads = 32});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  const size_t window = WindowFromHf(fields, 4096);
  const size_t period = fields.OptionalSize("sliding_window_pattern").value_or(kPeriod);
  if (!WindowsFromLayerTypes(fields, window, config)) {
    if (window == 0) fields.Reject("layer_types", "without a window this class needs it");
    if (period == 0) fields.Reject("sliding_window_pattern", "must be at least 1");
    AlternateWindows(window, period, config);
  }
  if (window > 0) TurnWindowsAlone(config);
  return config;
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.shapes, {}, &LayerShape::window).window; }

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  if (Window(config) == 0) return out;
  GgufKeys keys(kName, out);
  keys.Size("attention.sliding_window", Window(config));
  keys.Flags("attention.sliding_window_pattern", WindowFlags(config));
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  const size_t window = Window(config);
  out["sliding_window"] = window > 0 ? boost::json::value(window) : nullptr;
  out["layer_types"] = LayerTypesToHf(config);
  return out;
}

}  // namespace

extern const Architecture kExaone4 = {kName,  "EXAONE 4", kHfTypes, kGgufKeys,  true,     FromGguf,
                                      FromHf, ToGguf,     ToHf,     LocateGguf, LocateHf, PostNormLayer};

}  // namespace sheepop
