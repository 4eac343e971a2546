// Mellum 2: Qwen 3's mixture of experts with windows in some layers, which turn by a base of their own.
// https://huggingface.co/docs/transformers/model_doc/mellum.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "mellum";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"sliding_window"},
    {"layer_types"},
    {"mlp_layer_types"},
    {"num_experts"},
    {"num_local_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"norm_topk_prob"},
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"rope_scaling", KeyUse::kOnly, "[]", "rotary parameters that are the same for all layers"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
    {"num_mtp_layers", KeyUse::kHarmless},  // of tensors that are read past
    {"num_nextn_predict_layers", KeyUse::kHarmless},
    {"mtp_layer_types", KeyUse::kHarmless},
    {"mtp_mlp_layer_types", KeyUse::kHarmless},
};
constexpr KeyRule kGgufWindowKeys[] = {
    {"attention.sliding_window"}, {"attention.sliding_window_pattern"}, {"rope.freq_base_swa"}};
constexpr auto kGgufKeys = JoinKeys(kGgufWindowKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{"mellum", "MellumForCausalLM", kKeys}};
constexpr HfExpertKeys kExpertKeys{};
constexpr double kTheta = 500000, kLocalTheta = 10000;
constexpr size_t kPeriod = 4, kWindow = 1024;

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName);
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  config.query_key_norm = true;
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  if (const size_t window = fields.OptionalSize("attention.sliding_window").value_or(0); window > 0) {
    WindowsFromGguf(fields, window, kPeriod, config);
  }
  RopeConfig local;
  local.dims = rope.dims;
  local.theta = fields.Float("rope.freq_base_swa", rope.theta);
  UseTwoRopes(std::move(rope), std::move(local), config);
  ExpertsFromGguf(fields, tensors, config);
  return config;
}

// The class has no base of its own for what rope_parameters states.
void RequireTheta(const HfFields& fields) {
  const boost::json::object* both = fields.Object("rope_parameters");
  if (!both) return;
  const HfFields kinds(*both, "rope_parameters.");
  for (const std::string_view kind : {"full_attention", "sliding_attention"}) {
    const boost::json::object* one = kinds.Object(kind);
    if (!one) kinds.Reject(kind, "this family needs it");
    const std::string prefix = fmt::format("rope_parameters.{}.", kind);
    if (const HfFields rope(*one, prefix); !rope.Has("rope_theta")) rope.Reject("rope_theta", "this family needs it");
  }
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = 4, .head_dim = 128});
  config.query_key_norm = true;
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  WindowsFromLayerTypes(fields, WindowFromHf(fields, kWindow), config);
  RequireTheta(fields);
  TwoRopesFromHf(fields, {.theta = kTheta, .nested = true}, {.theta = kLocalTheta, .nested = true}, options, config);
  ExpertsFromHf(fields, kExpertKeys, config);
  config.experts.normalised = fields.Bool("norm_topk_prob", true);
  ExpertsFromKinds(fields, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(kName, out);
  const size_t window = std::ranges::max(config.shapes, {}, &LayerShape::window).window;
  if (window == 0) return out;
  keys.Size("attention.sliding_window", window);
  keys.Flags("attention.sliding_window_pattern", WindowFlags(config));
  keys.Float("rope.freq_base_swa", config.ropes[1].theta);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  ExpertsToHf(config, kExpertKeys, out);
  out["norm_topk_prob"] = config.experts.normalised;
  out["layer_types"] = LayerTypesToHf(config);
  const size_t window = std::ranges::max(config.shapes, {}, &LayerShape::window).window;
  if (window > 0) out["sliding_window"] = window;
  ExpertKindsToHf(config, out);
  out.erase("rope_theta");
  out.erase("rope_scaling");
  out["rope_parameters"] = boost::json::object{{"full_attention", RopeParametersToHf(config.ropes[0])},
                                               {"sliding_attention", RopeParametersToHf(config.ropes[1])}};
  return out;
}

Location LocateHfMellum(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  return LocateHfExperts({}, config, parameter, source);
}

}  // namespace

extern const Architecture kMellum = {kName,  "Mellum 2", kHfTypes, kGgufKeys,  true,           FromGguf,
                                     FromHf, ToGguf,     ToHf,     LocateGguf, LocateHfMellum, PreNormLayer};

}  // namespace sheepop
