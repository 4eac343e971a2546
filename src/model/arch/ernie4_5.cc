// ERNIE 4.5, dense or with a mixture of experts: Llama's layer, whose rotary pairs are neighbours in folders, too.
// https://huggingface.co/docs/transformers/model_doc/ernie4_5, https://huggingface.co/docs/transformers/model_doc/ernie4_5_moe.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "ernie4_5", kMoeName = "ernie4_5-moe";
constexpr KeyRule kKeys[] = {{"hidden_act"}, {"use_bias", KeyUse::kOnly, "[false]", "biases in this family"}};
constexpr KeyRule kGgufKeys[] = {{"rope.dimension_sections", KeyUse::kHarmless}};  // all the same for text
constexpr KeyRule kMoeKeys[] = {
    {"hidden_act"},
    {"use_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"moe_num_experts"},
    {"moe_k"},
    {"moe_intermediate_size"},
    {"moe_num_shared_experts"},
    {"moe_layer_start_index"},
    {"moe_layer_end_index"},
    {"moe_layer_interval"},
    {"moe_norm_min"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr HfType kHfMoeTypes[] = {{"ernie4_5_moe", "Ernie4_5_MoeForCausalLM", kMoeKeys}};
constexpr HfExpertKeys kExpertKeys{.count = "moe_num_experts", .used = "moe_k"};
constexpr HfExpertNames kExpertNames{.shared = "mlp.shared_experts"};
constexpr HfType kHfTypes[] = {{"ernie4_5", "Ernie4_5ForCausalLM", kKeys}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  ModelConfig config = CommonFromGguf(metadata, tensors, name);
  RopeConfig rope = RopeFromGguf(GgufFields(metadata, name), tensors, options, config);
  rope.interleaved = true;
  UseOneRope(std::move(rope), config);
  return config;
}

ModelConfig FromGgufDense(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  return FromGguf(metadata, tensors, options, kName);
}

ModelConfig FromGgufMoe(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kMoeName);
  ExpertsFromGguf(GgufFields(metadata, kMoeName), tensors, config);
  return config;
}

ModelConfig FromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   std::string_view name, const HfDefaults& defaults) {
  ModelConfig config = CommonFromHf(fields, tensors, name, defaults);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  RopeConfig rope = RopeFromHf(fields, {.theta = 500000}, options, config);
  rope.interleaved = true;
  UseOneRope(std::move(rope), config);
  return config;
}

ModelConfig FromHfDense(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  return FromHf(HfFields(json), tensors, options, kName,
                {.norm_epsilon = 1e-5, .kv_heads = 2, .head_dim = 128, .tied = true});
}

// Experts in every moe_layer_interval-th layer from moe_layer_start_index to moe_layer_end_index.
void SparseLayers(const HfFields& fields, ModelConfig& config) {
  const size_t start = fields.OptionalSize("moe_layer_start_index").value_or(1);
  const size_t interval = fields.OptionalSize("moe_layer_interval").value_or(1);
  if (interval == 0) fields.Reject("moe_layer_interval", "must be at least 1");
  const double stated = fields.Float("moe_layer_end_index", -1);
  const double end = stated == -1 ? static_cast<double>(config.layers) - 1 : stated;
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    config.shapes[layer].experts = (layer + 1) % interval == 0 && layer >= start && static_cast<double>(layer) <= end;
  }
}

ModelConfig FromHfMoe(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = FromHf(fields, tensors, options, kMoeName, {.norm_epsilon = 1e-5, .kv_heads = 4, .tied = true});
  ExpertsFromHf(fields, kExpertKeys, config);
  // The least that weights are divided by: their sum is at least used / count.
  if (fields.Float("moe_norm_min", 1e-12) > 1e-4) fields.Refuse("moe_norm_min", "must be at most 0.0001");
  config.experts.choice_bias = true;
  config.experts.shared_feed_forward =
      fields.OptionalSize("moe_num_shared_experts").value_or(2) * config.experts.feed_forward;
  SparseLayers(fields, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  if (config.architecture == kMoeName) GgufKeys(kMoeName, out).Size("interleave_moe_layer_step", 1);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) { return CommonToHf(config, kHfTypes[0]); }

boost::json::object ToHfMoe(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfMoeTypes[0]);
  ExpertsToHf(config, kExpertKeys, out);
  out.erase("head_dim");
  out["moe_num_shared_experts"] = config.experts.shared_feed_forward / config.experts.feed_forward;
  const auto sparse = [](const LayerShape& shape) { return shape.experts; };
  const auto first = std::ranges::find_if(config.shapes, sparse);
  const auto behind = std::find_if_not(first, config.shapes.end(), sparse);
  out["moe_layer_start_index"] = first - config.shapes.begin();
  out["moe_layer_end_index"] = behind == config.shapes.end() ? -1 : behind - config.shapes.begin() - 1;
  return out;
}

Location LocateHfMoe(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (parameter.role != Role::kExpertChoiceBias) return LocateHfExperts(kExpertNames, config, parameter, source);
  return Flat(fmt::format("model.layers.{}.mlp.moe_statics.e_score_correction_bias", parameter.layer),
              {1, config.experts.count});
}

}  // namespace

extern const Architecture kErnie45 = {kName, "ERNIE 4.5, dense", kHfTypes,    kGgufKeys,
                                      true,  FromGgufDense,      FromHfDense, ToGguf,
                                      ToHf,  LocateGguf,         LocateHf,    PreNormLayer};
extern const Architecture kErnie45Moe = {kMoeName,    "ERNIE 4.5 with experts: 21B-A3B",
                                         kHfMoeTypes, kGgufExpertKeys,
                                         true,        FromGgufMoe,
                                         FromHfMoe,   ToGguf,
                                         ToHfMoe,     LocateGguf,
                                         LocateHfMoe, PreNormLayer};

}  // namespace sheepop
