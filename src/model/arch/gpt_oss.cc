// gpt-oss: a mixture of experts with biases and a clamped SwiGLU in every layer, a sink for each query head, windows in every
// other layer, YaRN whose bounds are not rounded. arXiv:2508.10925;
// https://huggingface.co/docs/transformers/model_doc/gpt_oss.
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "gpt-oss";
constexpr std::string_view kOther = "another activation of experts";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"sliding_window"},
    {"layer_types"},
    {"num_local_experts"},
    {"num_experts"},
    {"num_experts_per_tok"},
    {"experts_per_token", KeyUse::kHarmless},  // an older name of the same, which the class does not read
    {"initial_context_length", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[true]", "projections without biases in this family"},
    {"swiglu_alpha", KeyUse::kOnly, "[1.702]", kOther},
    {"swiglu_limit", KeyUse::kOnly, "[7]", kOther},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr KeyRule kGgufOwnKeys[] = {
    {"attention.sliding_window"}, {"rope.scaling.yarn_beta_fast"}, {"rope.scaling.yarn_beta_slow"}};
constexpr auto kGgufKeys = JoinKeys(kGgufOwnKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{"gpt_oss", "GptOssForCausalLM", kKeys}};
constexpr HfExpertKeys kExpertKeys{.count = "num_local_experts", .feed_forward = "intermediate_size"};
constexpr size_t kWindow = 128;
constexpr double kTheta = 150000;

void Common(ModelConfig& config) {
  config.activation = Activation::kClampedSwiglu;
  config.attention_bias = config.projection_bias = true;
  config.sinks = true;
  config.experts.router_bias = config.experts.bias = true;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName);
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  if (rope.yarn) rope.yarn->truncate = false;  // as the model was trained; files have no key for it
  UseOneRope(std::move(rope), config);
  ExpertsFromGguf(fields, tensors, config);
  Common(config);
  const size_t window = fields.OptionalSize("attention.sliding_window").value_or(kWindow);
  if (window == 0) fields.Reject("attention.sliding_window", window, "must be at least 1");
  AlternateWindows(window, 2, config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5, .kv_heads = 8, .head_dim = 64});
  ActivationFromHf(fields, "hidden_act", "silu");
  const HfRopeRules rules{.theta = kTheta};
  if (fields.Object("rope_parameters") || fields.Object("rope_scaling")) {
    UseOneRope(RopeFromHf(fields, rules, options, config), config);
  } else {
    const boost::json::object usual{{"rope_type", "yarn"}, {"factor", 32},
                                    {"beta_fast", 32},     {"beta_slow", 1},
                                    {"truncate", false},   {"original_max_position_embeddings", 4096}};
    UseOneRope(RopeFromHf(fields, &usual, "rope_parameters", rules, options, config), config);
  }
  ExpertsFromHf(fields, kExpertKeys, config);
  Common(config);
  const size_t window = WindowFromHf(fields, kWindow);
  if (!WindowsFromLayerTypes(fields, window, config)) AlternateWindows(window, 2, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(kName, out);
  keys.Size("attention.sliding_window", config.shapes[0].window);
  if (const auto& yarn = config.ropes[0].yarn) {
    keys.Float("rope.scaling.yarn_beta_fast", yarn->fast);
    keys.Float("rope.scaling.yarn_beta_slow", yarn->slow);
  }
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  out["hidden_act"] = "silu";
  out["attention_bias"] = true;
  out["layer_types"] = LayerTypesToHf(config);
  size_t window = kWindow;
  for (const LayerShape& shape : config.shapes) window = shape.window > 0 ? shape.window : window;
  out["sliding_window"] = window;
  out["num_local_experts"] = config.experts.count;
  out["num_experts_per_tok"] = config.experts.used;
  return out;
}

// The norm before the experts is called by where it stands.
Location LocateGgufOss(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (parameter.role != Role::kFeedForwardNorm || source.Find(parameter.name)) {
    return LocateGguf(config, parameter, source);
  }
  return {GgufName(Role::kPostAttentionNorm, parameter.layer)};
}

// Experts stand as [experts, inputs, outputs], those in MXFP4 as [experts, outputs, inputs]; rows of gate and up in turn.
Location LocateHfOss(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const std::string prefix = "model.layers." + std::to_string(parameter.layer) + ".";
  switch (parameter.role) {
    case Role::kSinks: return {prefix + "self_attn.sinks"};
    case Role::kAttentionOutputBias: return {prefix + "self_attn.o_proj.bias"};
    case Role::kRouter: return {prefix + "mlp.router.weight"};
    case Role::kRouterBias: return {prefix + "mlp.router.bias"};
    default: break;
  }
  if (!IsOfExpert(parameter.role)) return LocateHf(config, parameter, source);
  const bool down = parameter.role == Role::kExpertDown || parameter.role == Role::kExpertDownBias;
  const bool up = parameter.role == Role::kExpertUp || parameter.role == Role::kExpertUpBias;
  Location out{prefix + (down ? "mlp.experts.down_proj" : "mlp.experts.gate_up_proj")};
  if (!parameter.is_matrix()) out.tensor += "_bias";
  const TensorInfo* tensor = source.Find(out.tensor);
  out.transposed = parameter.is_matrix() && !(tensor && tensor->type == DType::kMXFP4);
  out.slice = !down;
  out.row_begin = up ? 1 : 0;
  out.row_step = down ? 1 : 2;
  out.entry = parameter.expert;
  out.entries = config.experts.count;
  return out;
}

}  // namespace

extern const Architecture kGptOss = {kName,  "gpt-oss", kHfTypes, kGgufKeys,     true,        FromGguf,
                                     FromHf, ToGguf,    ToHf,     LocateGgufOss, LocateHfOss, PreNormLayer};

}  // namespace sheepop
