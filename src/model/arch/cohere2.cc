// Cohere's Command R7B and Aya: attention and feed-forward side by side behind one layer norm without a bias, scaled logits,
// windows in three layers of four; the others turn nothing. https://huggingface.co/docs/transformers/model_doc/cohere2.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "cohere2";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"layer_norm_eps"},
    {"logit_scale"},
    {"sliding_window"},
    {"sliding_window_pattern"},
    {"_sliding_window_pattern", KeyUse::kHarmless},  // written beside layer_types, which say the same
    {"layer_types"},
    {"rms_norm_eps", KeyUse::kHarmless},  // what follows is read by other programs
    {"rotary_pct", KeyUse::kOnly, "[1]", "heads that turn in part"},
    {"layer_switch", KeyUse::kHarmless},
    {"order_of_interleaved_layers", KeyUse::kHarmless},
    {"position_embedding_type", KeyUse::kHarmless},
    {"use_embedding_sharing", KeyUse::kHarmless},
    {"use_gated_activation", KeyUse::kHarmless},
    {"use_parallel_block", KeyUse::kHarmless},
    {"use_parallel_embedding", KeyUse::kHarmless},
    {"use_qk_norm", KeyUse::kHarmless},
    {"model_max_length", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
};
constexpr KeyRule kGgufKeys[] = {{"attention.layer_norm_epsilon"},
                                 {"attention.sliding_window"},
                                 {"attention.sliding_window_pattern"},
                                 {"rope.freq_base_swa"},
                                 {"logit_scale"}};
constexpr HfType kHfTypes[] = {{"cohere2", "Cohere2ForCausalLM", kKeys}};
constexpr size_t kPeriod = 4;  // one layer in so many sees everything

void Common(RopeConfig rope, ModelConfig& config) {
  config.norm = NormType::kLayer;
  config.norm_bias = false;
  config.parallel_branches = true;
  rope.interleaved = true;  // in folders, too
  config.ropes = {std::move(rope)};
  for (LayerShape& shape : config.shapes) shape.rope = shape.window > 0 ? 0 : kNoRope;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName, {.norm = NormType::kLayer});
  const GgufFields fields(metadata, kName);
  WindowsFromGguf(fields, fields.Size("attention.sliding_window", SIZE_MAX), kPeriod, config);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.theta = fields.Float("rope.freq_base_swa", rope.theta);
  Common(std::move(rope), config);
  config.logit_scale = static_cast<float>(fields.Multiplier("logit_scale"));
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config =
      CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5, .epsilon_key = "layer_norm_eps", .tied = true});
  if (config.head_dim * config.heads != config.hidden) {
    fields.Refuse("head_dim", "heads of this class are hidden_size / num_attention_heads wide");
  }
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  const size_t window = WindowFromHf(fields, 4096);
  const size_t period = fields.OptionalSize("sliding_window_pattern").value_or(kPeriod);
  if (!WindowsFromLayerTypes(fields, window, config)) {
    if (period == 0) fields.Reject("sliding_window_pattern", "must be at least 1");
    if (window == 0 && period != 1) fields.Reject("sliding_window", "must be at least 1: some layers have a window");
    AlternateWindows(window, period, config);
  }
  Common(RopeFromHf(fields, {}, options, config), config);
  config.logit_scale = static_cast<float>(fields.Multiplier("logit_scale", 0.0625));
  return config;
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.shapes, {}, &LayerShape::window).window; }

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  GgufKeys keys(kName, out);
  keys.Size("attention.sliding_window", Window(config));
  keys.Flags("attention.sliding_window_pattern", WindowFlags(config));
  keys.Float("logit_scale", static_cast<double>(config.logit_scale));
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  out.erase("head_dim");  // which the class computes
  out["sliding_window"] = Window(config);
  out["layer_types"] = LayerTypesToHf(config);
  out["logit_scale"] = ShortDecimal(static_cast<double>(config.logit_scale));
  return out;
}

}  // namespace

extern const Architecture kCohere2 = {kName,    "Command R7B, Cohere 2",
                                      kHfTypes, kGgufKeys,
                                      true,     FromGguf,
                                      FromHf,   ToGguf,
                                      ToHf,     LocateGguf,
                                      LocateHf, ParallelLayer};

}  // namespace sheepop
