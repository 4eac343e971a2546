// Hunyuan, dense: Llama's layer with each query and key head normed after the rotation; its scaling of positions is a larger
// base. https://huggingface.co/docs/transformers/model_doc/hunyuan_v1_dense.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "hunyuan-dense", kBias = "biases in this family";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"eod_token_id", KeyUse::kHarmless},
    {"attention_head_dim", KeyUse::kHarmless},  // what the class itself does not read
    {"use_qk_norm", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
    {"mlp_bias", KeyUse::kHarmless},
};
constexpr HfType kHfTypes[] = {{"hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM", kKeys}};

void Common(ModelConfig& config) { config.query_key_norm = config.query_key_norm_late = true; }

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  Common(config);
  UseOneRope(RopeFromGguf(GgufFields(metadata, kName), tensors, options, config), config);
  return config;
}

// A base times a power of alpha is what this class makes of "dynamic" scaling; nullopt for any other.
std::optional<double> Alpha(const HfFields& fields, std::string_view name) {
  const boost::json::object* parameters = fields.Object(name);
  if (!parameters) return std::nullopt;
  const std::string prefix = fmt::format("{}.", name);
  const HfFields rope(*parameters, prefix);
  if (rope.String(rope.Has("rope_type") ? "rope_type" : "type") != "dynamic") return std::nullopt;
  const double alpha = rope.Float("alpha");
  if (!(alpha > 0)) rope.Reject("alpha", "must be above 0");
  return alpha;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  const std::string_view name = fields.Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
  const auto alpha = Alpha(fields, name);
  if (!alpha) {
    UseOneRope(RopeFromHf(fields, {}, options, config), config);
    return config;
  }
  RopeConfig rope;
  rope.dims = config.head_dim;
  const auto dims = static_cast<double>(rope.dims);
  const double theta = HfFields(*fields.Object(name)).Float("rope_theta", fields.Float("rope_theta", 10000));
  if (rope.dims < 4 || rope.dims % 2 != 0) fields.Reject("head_dim", "must be even and at least 4");
  rope.theta = theta * std::pow(*alpha, dims / (dims - 2));
  UseOneRope(std::move(rope), config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }
boost::json::object ToHf(const ModelConfig& config) { return CommonToHf(config, kHfTypes[0]); }

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto named = [&](std::string_view name) -> Location {
    return {fmt::format("model.layers.{}.self_attn.{}.weight", parameter.layer, name)};
  };
  if (parameter.role == Role::kQueryNorm) return named("query_layernorm");
  if (parameter.role == Role::kKeyNorm) return named("key_layernorm");
  return LocateHf(config, parameter, source);
}

}  // namespace

extern const Architecture kHunyuan = {kName,  "Hunyuan, dense", kHfTypes, {},         true,       FromGguf,
                                      FromHf, ToGguf,           ToHf,     LocateGguf, LocateInHf, PreNormLayer};

}  // namespace sheepop
