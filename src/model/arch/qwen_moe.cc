// Qwen's mixtures of experts: Qwen 3 (30B-A3B, Coder) and Qwen 1.5 and 2, which add a shared expert behind a gate of its own.
// arXiv:2505.09388, arXiv:2407.10671; https://huggingface.co/docs/transformers/model_doc/qwen3_moe.
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName2 = "qwen2moe", kName3 = "qwen3moe";
constexpr KeyRule kKeys2[] = {
    {"hidden_act"},
    {"use_sliding_window"},
    {"sliding_window"},
    {"max_window_layers"},
    {"layer_types"},
    {"qkv_bias", KeyUse::kOnly, "[true]", "no biases in this family"},
    {"num_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"shared_expert_intermediate_size"},
    {"norm_topk_prob"},
    {"decoder_sparse_step"},
    {"mlp_only_layers"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr KeyRule kKeys3[] = {
    {"hidden_act"},
    {"use_sliding_window"},
    {"sliding_window"},
    {"max_window_layers", KeyUse::kHarmless},  // the class gives its window to every layer
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"num_experts"},
    {"num_local_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"norm_topk_prob"},
    {"decoder_sparse_step"},
    {"mlp_only_layers"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr HfType kHfTypes2[] = {{"qwen2_moe", "Qwen2MoeForCausalLM", kKeys2}};
constexpr HfType kHfTypes3[] = {{"qwen3_moe", "Qwen3MoeForCausalLM", kKeys3}};
constexpr HfExpertKeys kExpertKeys{};

ModelConfig FromGguf2(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName2);
  ModelConfig config = CommonFromGguf(metadata, tensors, kName2);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  config.attention_bias = true;
  config.experts.normalised = false;
  ExpertsFromGguf(fields, tensors, config);
  return config;
}

ModelConfig FromGguf3(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName3);
  ModelConfig config = CommonFromGguf(metadata, tensors, kName3);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  config.query_key_norm = true;
  ExpertsFromGguf(fields, tensors, config);
  return config;
}

// Every decoder_sparse_step-th layer has experts, but for those that mlp_only_layers names.
void SparseLayers(const HfFields& fields, ModelConfig& config) {
  const size_t step = fields.OptionalSize("decoder_sparse_step").value_or(1);
  if (step == 0) fields.Reject("decoder_sparse_step", "must be at least 1");
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) config.shapes[layer].experts = (layer + 1) % step == 0;
  const boost::json::array* dense = fields.Array("mlp_only_layers");
  for (size_t i = 0; dense && i < dense->size(); ++i) {
    boost::system::error_code error;
    const auto layer = (*dense)[i].to_number<uint64_t>(error);
    if (error || layer >= config.shapes.size()) fields.Reject("mlp_only_layers", "must be a list of layers, from 0 on");
    config.shapes[layer].experts = false;
  }
}

ModelConfig FromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   std::string_view name, const HfDefaults& defaults) {
  ModelConfig config = CommonFromHf(fields, tensors, name, defaults);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  ExpertsFromHf(fields, kExpertKeys, config);
  config.experts.normalised = fields.Bool("norm_topk_prob", false);
  SparseLayers(fields, config);
  return config;
}

ModelConfig FromHf2(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = FromHf(fields, tensors, options, kName2, {.kv_heads = 16});
  config.attention_bias = true;
  config.experts.shared_feed_forward = fields.Size("shared_expert_intermediate_size", SIZE_MAX);
  config.experts.shared_gate = true;
  const size_t stated = WindowFromHf(fields, 4096);
  const size_t window = fields.Bool("use_sliding_window", false) ? stated : 0;
  const size_t windowed = fields.OptionalSize("max_window_layers").value_or(28);
  if (WindowsFromLayerTypes(fields, window, config)) return config;
  for (size_t layer = 0; layer < std::min(windowed, config.shapes.size()); layer += 2) {
    config.shapes[layer].window = window;
  }
  return config;
}

ModelConfig FromHf3(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = FromHf(fields, tensors, options, kName3, {.kv_heads = 4});
  config.query_key_norm = true;
  const size_t stated = WindowFromHf(fields, 4096);
  if (fields.Bool("use_sliding_window", false)) UseOneWindow(stated, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  return out;
}

boost::json::object ToHf(const ModelConfig& config, const HfType& type) {
  boost::json::object out = CommonToHf(config, type);
  ExpertsToHf(config, kExpertKeys, out);
  out["norm_topk_prob"] = config.experts.normalised;
  boost::json::array dense;
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    if (!config.shapes[layer].experts) dense.emplace_back(layer);
  }
  if (!dense.empty()) out["mlp_only_layers"] = std::move(dense);
  const size_t window = std::ranges::max(config.shapes, {}, &LayerShape::window).window;
  if (window == 0) return out;
  out["use_sliding_window"] = true;
  out["sliding_window"] = window;
  return out;
}

boost::json::object ToHf2(const ModelConfig& config) {
  boost::json::object out = ToHf(config, kHfTypes2[0]);
  out["shared_expert_intermediate_size"] = config.experts.shared_feed_forward;
  if (out.contains("sliding_window")) out["layer_types"] = LayerTypesToHf(config);
  return out;
}

boost::json::object ToHf3(const ModelConfig& config) { return ToHf(config, kHfTypes3[0]); }

Location LocateHfQwen(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  return LocateHfExperts({}, config, parameter, source);
}

}  // namespace

extern const Architecture kQwen2Moe = {kName2,       "Qwen 1.5 and 2 with experts",
                                       kHfTypes2,    kGgufExpertKeys,
                                       true,         FromGguf2,
                                       FromHf2,      ToGguf,
                                       ToHf2,        LocateGguf,
                                       LocateHfQwen, PreNormLayer};
extern const Architecture kQwen3Moe = {kName3,       "Qwen 3 with experts: 30B-A3B, Coder",
                                       kHfTypes3,    kGgufExpertKeys,
                                       true,         FromGguf3,
                                       FromHf3,      ToGguf,
                                       ToHf3,        LocateGguf,
                                       LocateHfQwen, PreNormLayer};

}  // namespace sheepop
