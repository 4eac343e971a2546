// LFM2: gated short convolutions with some layers of attention between them, dense or with a mixture of experts that
// sigmoids choose. arXiv:2511.23404; https://huggingface.co/docs/transformers/model_doc/lfm2.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "lfm2", kMoeName = "lfm2moe";
constexpr KeyRule kKeys[] = {
    {"norm_eps"},
    {"conv_L_cache"},
    {"layer_types"},
    {"full_attn_idxs"},
    {"tie_embedding"},
    {"conv_bias", KeyUse::kOnly, "[false]", "convolutions with biases"},
    // The width of a layer is that of its tensors, whatever it was computed from.
    {"block_ff_dim", KeyUse::kHarmless},
    {"block_multiple_of", KeyUse::kHarmless},
    {"block_ffn_dim_multiplier", KeyUse::kHarmless},
    {"block_auto_adjust_ff_dim", KeyUse::kHarmless},
    {"block_dim", KeyUse::kHarmless},
    {"block_mlp_init_scale", KeyUse::kHarmless},
    {"block_norm_eps", KeyUse::kHarmless},
    {"block_out_init_scale", KeyUse::kHarmless},
    {"block_use_swiglu", KeyUse::kOnly, "[true]", "another activation"},
    {"block_use_xavier_init", KeyUse::kHarmless},
    {"conv_dim", KeyUse::kHarmless},
    {"conv_dim_out", KeyUse::kHarmless},
    {"conv_use_xavier_init", KeyUse::kHarmless},
    {"num_heads", KeyUse::kHarmless},
    {"theta", KeyUse::kHarmless},
    {"use_pos_enc", KeyUse::kHarmless},
};
constexpr KeyRule kMoeKeys[] = {
    {"norm_eps"},
    {"conv_L_cache"},
    {"layer_types"},
    {"tie_embedding"},
    {"conv_bias", KeyUse::kOnly, "[false]", "convolutions with biases"},
    {"num_dense_layers"},
    {"num_experts"},
    {"num_local_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"norm_topk_prob"},
    {"routed_scaling_factor"},
    {"use_expert_bias"},
    {"output_router_logits", KeyUse::kHarmless},
};
constexpr KeyRule kGgufKeys[] = {{"shortconv.l_cache"}};
constexpr auto kGgufMoeKeys = JoinKeys(kGgufKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{"lfm2", "Lfm2ForCausalLM", kKeys}};
constexpr HfType kHfMoeTypes[] = {{"lfm2_moe", "Lfm2MoeForCausalLM", kMoeKeys}};
constexpr HfExpertKeys kExpertKeys{};
constexpr HfExpertNames kExpertNames{.router = "feed_forward.gate.weight",
                                     .choice_bias = "feed_forward.expert_bias",
                                     .experts = "feed_forward.experts",
                                     .gate = "w1",
                                     .up = "w3",
                                     .down = "w2",
                                     .gate_up_of_all = "feed_forward.experts.gate_up_proj",
                                     .down_of_all = "feed_forward.experts.down_proj"};
constexpr double kTheta = 1e6;
constexpr float kSumFloor = 1e-6F;

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  const GgufFields fields(metadata, name);
  ModelConfig config = CommonFromGguf(metadata, tensors, name, {.without_heads = Mixer::kShortConvolution});
  config.query_key_norm = true;
  config.convolution = fields.Size("shortconv.l_cache", kMostConvolution);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  return config;
}

ModelConfig FromGgufDense(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  return FromGguf(metadata, tensors, options, kName);
}
ModelConfig FromGgufMoe(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kMoeName);
  config.experts.score = RouterScore::kSigmoid;
  config.experts.sum_floor = kSumFloor;
  ExpertsFromGguf(GgufFields(metadata, kMoeName), tensors, config);
  return config;
}

// layer_types: "conv" and "full_attention"; older files list the layers with attention.
void MixersFromHf(const HfFields& fields, ModelConfig& config) {
  if (const boost::json::array* types = fields.Array("layer_types")) {
    if (types->size() != config.shapes.size()) {
      fields.Reject("layer_types", fmt::format("must have one entry for each of the {} layers", config.layers));
    }
    for (size_t layer = 0; layer < types->size(); ++layer) {
      const boost::json::value& type = (*types)[layer];
      if (type == "conv") {
        config.shapes[layer].mixer = Mixer::kShortConvolution;
      } else if (type != "full_attention") {
        fields.Refuse("layer_types", fmt::format("layer {} must be full_attention or conv", layer));
      }
    }
    return;
  }
  const boost::json::array* attention = fields.Array("full_attn_idxs");
  if (!attention) return;
  for (LayerShape& shape : config.shapes) shape.mixer = Mixer::kShortConvolution;
  for (const boost::json::value& entry : *attention) {
    boost::system::error_code error;
    const auto layer = entry.to_number<uint64_t>(error);
    if (error || layer >= config.shapes.size()) fields.Reject("full_attn_idxs", "must be a list of layers, from 0 on");
    config.shapes[layer].mixer = Mixer::kAttention;
  }
}

ModelConfig FromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   std::string_view name) {
  const bool tied = fields.Bool("tie_embedding", true);
  ModelConfig config = CommonFromHf(fields, tensors, name,
                                    {.norm_epsilon = 1e-5, .epsilon_key = "norm_eps", .kv_heads = 8, .tied = tied});
  config.query_key_norm = true;
  config.convolution = 3;
  if (const auto length = fields.OptionalSize("conv_L_cache")) {
    if (*length < 1 || *length > kMostConvolution) {
      fields.Reject("conv_L_cache", fmt::format("must be 1 to {}", kMostConvolution));
    }
    config.convolution = *length;
  }
  MixersFromHf(fields, config);
  UseOneRope(RopeFromHf(fields, {.theta = kTheta}, options, config), config);
  return config;
}

ModelConfig FromHfDense(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromHf(HfFields(json), tensors, options, kName);
  const TensorInfo* up = tensors.Find("model.layers.0.feed_forward.w3.weight");
  if (up && up->shape.size() == 2) config.feed_forward = up->shape[0];
  return config;
}

ModelConfig FromHfMoe(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = FromHf(fields, tensors, options, kMoeName);
  ExpertsFromHf(fields, kExpertKeys, config);
  config.experts.score = RouterScore::kSigmoid;
  config.experts.sum_floor = kSumFloor;
  config.experts.normalised = fields.Bool("norm_topk_prob", true);
  config.experts.scale = static_cast<float>(fields.Float("routed_scaling_factor", 1));
  config.experts.choice_bias = fields.Bool("use_expert_bias", true);
  const size_t dense = fields.OptionalSize("num_dense_layers").value_or(2);
  for (size_t layer = 0; layer < std::min(dense, config.shapes.size()); ++layer) config.shapes[layer].experts = false;
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(config.architecture, out);
  keys.Size("shortconv.l_cache", config.convolution);
  std::vector<int64_t> heads;
  for (const LayerShape& shape : config.shapes) {
    heads.push_back(shape.mixer == Mixer::kAttention ? static_cast<int64_t>(config.kv_heads) : 0);
  }
  keys.Sizes("attention.head_count_kv", heads);
  return out;
}

boost::json::object ToHf(const ModelConfig& config, const HfType& type) {
  boost::json::object out = CommonToHf(config, type);
  out.erase("rms_norm_eps");
  out.erase("hidden_act");
  out["norm_eps"] = ShortDecimal(static_cast<double>(config.norm_epsilon));
  out["conv_L_cache"] = config.convolution;
  out["conv_bias"] = false;
  boost::json::array types;
  for (const LayerShape& shape : config.shapes) {
    types.emplace_back(shape.mixer == Mixer::kAttention ? "full_attention" : "conv");
  }
  out["layer_types"] = std::move(types);
  return out;
}

boost::json::object ToHfDense(const ModelConfig& config) {
  boost::json::object out = ToHf(config, kHfTypes[0]);
  out["block_auto_adjust_ff_dim"] = false;
  return out;
}

boost::json::object ToHfMoe(const ModelConfig& config) {
  boost::json::object out = ToHf(config, kHfMoeTypes[0]);
  ExpertsToHf(config, kExpertKeys, out);
  out["norm_topk_prob"] = config.experts.normalised;
  out["routed_scaling_factor"] = ShortDecimal(static_cast<double>(config.experts.scale));
  out["use_expert_bias"] = config.experts.choice_bias;
  out["num_dense_layers"] = std::ranges::find(config.shapes, true, &LayerShape::experts) - config.shapes.begin();
  return out;
}

Location LocateGgufLfm2(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (parameter.role == Role::kConvolution) return Flat(parameter.name, {config.hidden, config.convolution});
  if (parameter.role == Role::kOutputNorm) return {"token_embd_norm.weight"};
  return LocateGguf(config, parameter, source);
}

Location LocateHfLfm2(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto in_layer = [&](std::string_view name) {
    return NameInHf(source, fmt::format("model.layers.{}.{}", parameter.layer, name));
  };
  switch (parameter.role) {
    case Role::kConvolution: return Flat(in_layer("conv.conv.weight"), {config.hidden, 1, config.convolution});
    case Role::kConvolutionInput: return {in_layer("conv.in_proj.weight")};
    case Role::kConvolutionOutput: return {in_layer("conv.out_proj.weight")};
    case Role::kAttentionNorm: return {in_layer("operator_norm.weight")};
    case Role::kFeedForwardNorm: return {in_layer("ffn_norm.weight")};
    case Role::kAttentionOutput: return {in_layer("self_attn.out_proj.weight")};
    case Role::kQueryNorm: return {in_layer("self_attn.q_layernorm.weight")};
    case Role::kKeyNorm: return {in_layer("self_attn.k_layernorm.weight")};
    case Role::kGate: return {in_layer("feed_forward.w1.weight")};
    case Role::kUp: return {in_layer("feed_forward.w3.weight")};
    case Role::kDown: return {in_layer("feed_forward.w2.weight")};
    case Role::kOutputNorm: return {NameInHf(source, "model.embedding_norm.weight")};
    default: return LocateHfExperts(kExpertNames, config, parameter, source);
  }
}

}  // namespace

extern const Architecture kLfm2 = {kName,     "LFM2 and LFM2.5", kHfTypes,     kGgufKeys,
                                   true,      FromGgufDense,     FromHfDense,  ToGguf,
                                   ToHfDense, LocateGgufLfm2,    LocateHfLfm2, PreNormMixedLayer};
extern const Architecture kLfm2Moe = {kMoeName,     "LFM2 with experts: 8B-A1B, 24B-A2B",
                                      kHfMoeTypes,  kGgufMoeKeys,
                                      true,         FromGgufMoe,
                                      FromHfMoe,    ToGguf,
                                      ToHfMoe,      LocateGgufLfm2,
                                      LocateHfLfm2, PreNormMixedLayer};

}  // namespace sheepop
