// Qwen 3.5 and what follows it (3.6, 3.8): gated delta nets with a layer of gated attention after every few, dense or with a
// mixture of experts and a shared one behind a gate. https://huggingface.co/docs/transformers/model_doc/qwen3_5,
// https://huggingface.co/docs/transformers/model_doc/qwen3_5_moe; Yang et al., arXiv:2412.06464.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "qwen35", kMoeName = "qwen35moe";
constexpr std::string_view kBias = "biases in this family";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"layer_types"},
    {"full_attention_interval"},
    {"linear_conv_kernel_dim"},
    {"linear_key_head_dim"},
    {"linear_value_head_dim"},
    {"linear_num_key_heads"},
    {"linear_num_value_heads"},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
    {"attn_output_gate", KeyUse::kOnly, "[true]", "attention without a gate in this family"},
    {"mlp_only_layers", KeyUse::kOnly, "[[]]", "dense layers in this family"},
    {"mamba_ssm_dtype", KeyUse::kHarmless},  // states are in fp32 here
    {"mtp_num_hidden_layers", KeyUse::kHarmless},
    {"mtp_use_dedicated_embeddings", KeyUse::kHarmless},
};
constexpr KeyRule kExpertKeysOfHf[] = {
    {"num_experts"},
    {"num_local_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"shared_expert_intermediate_size"},
    {"intermediate_size", KeyUse::kHarmless},  // every layer has experts
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr auto kMoeKeys = JoinKeys(kKeys, kExpertKeysOfHf);
constexpr KeyRule kNestedKeys[] = {
    {"image_token_id", KeyUse::kHarmless},  // of what reads images
    {"video_token_id", KeyUse::kHarmless},
    {"vision_start_token_id", KeyUse::kHarmless},
    {"vision_end_token_id", KeyUse::kHarmless},
};
constexpr KeyRule kGgufKeys[] = {
    {"ssm.conv_kernel"},
    {"ssm.state_size"},
    {"ssm.group_count"},
    {"ssm.time_step_rank"},
    {"ssm.inner_size"},
    {"full_attention_interval"},
    {"attention.recurrent_layers"},
    {"rope.dimension_sections", KeyUse::kHarmless},  // equal for text
};
constexpr auto kGgufMoeKeys = JoinKeys(kGgufKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{"qwen3_5_text", "Qwen3_5ForCausalLM", kKeys},
                               {"qwen3_5", "Qwen3_5ForConditionalGeneration", kNestedKeys, false, true}};
constexpr HfType kHfMoeTypes[] = {{"qwen3_5_moe_text", "Qwen3_5MoeForCausalLM", kMoeKeys},
                                  {"qwen3_5_moe", "Qwen3_5MoeForConditionalGeneration", kNestedKeys, false, true}};
constexpr HfExpertKeys kExpertKeys{};
constexpr size_t kInterval = 4;
constexpr double kTurned = 0.25;  // of a head, where nothing is said

void Common(ModelConfig& config) {
  config.query_key_norm = true;
  config.attention_gate = true;
}

// Every `interval`-th layer has attention.
void AlternateMixers(size_t interval, ModelConfig& config) {
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    config.shapes[layer].mixer = (layer + 1) % interval == 0 ? Mixer::kAttention : Mixer::kDeltaNet;
  }
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  const GgufFields fields(metadata, name);
  ModelConfig config = CommonFromGguf(metadata, tensors, name, {.without_heads = Mixer::kDeltaNet});
  Common(config);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  config.convolution = fields.Size("ssm.conv_kernel", kMostConvolution);
  DeltaNetConfig& delta = config.delta_net;
  delta.key_heads = fields.Size("ssm.group_count", kMostHeads);
  delta.value_heads = fields.Size("ssm.time_step_rank", kMostHeads);
  if (delta.value_heads % delta.key_heads != 0) {
    fields.Reject("ssm.time_step_rank", delta.value_heads,
                  fmt::format("must be a multiple of ssm.group_count, {}", delta.key_heads));
  }
  delta.key_dim = fields.Size("ssm.state_size", kMostHeadDim);
  const size_t values = fields.Size("ssm.inner_size", SIZE_MAX);
  if (values % delta.value_heads != 0) {
    fields.Reject("ssm.inner_size", values, fmt::format("must be a multiple of the {} value heads", delta.value_heads));
  }
  delta.value_dim = values / delta.value_heads;
  delta.alternating = true;                                       // writers order value heads so
  const size_t blocks = fields.Size("block_count", kMostLayers);  // those that predict several tokens included
  if (const auto recurrent = fields.OptionalFlags("attention.recurrent_layers", blocks)) {
    for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
      config.shapes[layer].mixer = (*recurrent)[layer] ? Mixer::kDeltaNet : Mixer::kAttention;
    }
  } else {
    const size_t interval = fields.OptionalSize("full_attention_interval").value_or(kInterval);
    if (interval == 0) fields.Reject("full_attention_interval", interval, "must be at least 1");
    AlternateMixers(interval, config);
  }
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

void MixersFromHf(const HfFields& fields, ModelConfig& config) {
  const boost::json::array* types = fields.Array("layer_types");
  if (!types) {
    const size_t interval = fields.OptionalSize("full_attention_interval").value_or(kInterval);
    if (interval == 0) fields.Reject("full_attention_interval", "must be at least 1");
    return AlternateMixers(interval, config);
  }
  if (types->size() != config.shapes.size()) {
    fields.Reject("layer_types", fmt::format("must have one entry for each of the {} layers", config.layers));
  }
  for (size_t layer = 0; layer < types->size(); ++layer) {
    const boost::json::value& type = (*types)[layer];
    if (type == "linear_attention") {
      config.shapes[layer].mixer = Mixer::kDeltaNet;
    } else if (type != "full_attention") {
      fields.Refuse("layer_types", fmt::format("layer {} must be full_attention or linear_attention", layer));
    }
  }
}

size_t SizeOr(const HfFields& fields, std::string_view field, size_t otherwise, size_t most) {
  return fields.Has(field) ? fields.Size(field, most) : otherwise;
}

ModelConfig TextFromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options, bool moe) {
  const std::string_view feed_forward = moe ? "moe_intermediate_size" : "intermediate_size";
  ModelConfig config =
      CommonFromHf(fields, tensors, moe ? kMoeName : kName,
                   {.feed_forward_key = feed_forward, .kv_heads = moe ? size_t{2} : 4, .head_dim = 256});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {.partial = true, .share = kTurned}, options, config), config);
  config.convolution = SizeOr(fields, "linear_conv_kernel_dim", 4, kMostConvolution);
  config.delta_net = {SizeOr(fields, "linear_num_key_heads", 16, kMostHeads),
                      SizeOr(fields, "linear_num_value_heads", 32, kMostHeads),
                      SizeOr(fields, "linear_key_head_dim", 128, kMostHeadDim),
                      SizeOr(fields, "linear_value_head_dim", 128, kMostHeadDim), false};
  if (config.delta_net.value_heads % config.delta_net.key_heads != 0) {
    fields.Reject("linear_num_value_heads", fmt::format("{} value heads must be a multiple of linear_num_key_heads, {}",
                                                        config.delta_net.value_heads, config.delta_net.key_heads));
  }
  MixersFromHf(fields, config);
  if (!moe) return config;
  ExpertsFromHf(fields, kExpertKeys, config);
  config.experts.shared_feed_forward = fields.Size("shared_expert_intermediate_size", SIZE_MAX);
  config.experts.shared_gate = true;
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const std::string type = fields.String("model_type").value_or("");
  const bool moe = type.find("moe") != std::string::npos;
  if (type.ends_with("_text")) return TextFromHf(fields, tensors, options, moe);
  return InsideFromHf(fields, tensors, false,
                      [&](const HfFields& text) { return TextFromHf(text, tensors, options, moe); });
}

std::vector<bool> Recurrent(const ModelConfig& config) {
  std::vector<bool> out;
  for (const LayerShape& shape : config.shapes) out.push_back(shape.mixer == Mixer::kDeltaNet);
  return out;
}

// How the pairs are shared out over time, height and width, which are equal for text.
std::vector<int64_t> Sections(size_t pairs) {
  const auto count = static_cast<int64_t>(pairs);
  return {(count + 2) / 3, (count + 1) / 3, count / 3};
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(config.architecture, out);
  const DeltaNetConfig& delta = config.delta_net;
  keys.Size("ssm.conv_kernel", config.convolution);
  keys.Size("ssm.state_size", delta.key_dim);
  keys.Size("ssm.group_count", delta.key_heads);
  keys.Size("ssm.time_step_rank", delta.value_heads);
  keys.Size("ssm.inner_size", delta.values());
  keys.Flags("attention.recurrent_layers", Recurrent(config));
  std::vector<int64_t> sections = Sections(config.ropes[0].pairs());
  sections.push_back(0);
  keys.Sizes("rope.dimension_sections", std::move(sections));
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  const bool moe = config.architecture == kMoeName;
  boost::json::object out = CommonToHf(config, moe ? kHfMoeTypes[0] : kHfTypes[0]);
  const DeltaNetConfig& delta = config.delta_net;
  out["linear_conv_kernel_dim"] = config.convolution;
  out["linear_num_key_heads"] = delta.key_heads;
  out["linear_num_value_heads"] = delta.value_heads;
  out["linear_key_head_dim"] = delta.key_dim;
  out["linear_value_head_dim"] = delta.value_dim;
  boost::json::array types;
  for (bool recurrent : Recurrent(config)) types.emplace_back(recurrent ? "linear_attention" : "full_attention");
  out["layer_types"] = std::move(types);
  out.erase("rope_theta");
  out.erase("rope_scaling");
  boost::json::object rope = RopeParametersToHf(config.ropes[0]);
  rope["partial_rotary_factor"] = static_cast<double>(config.ropes[0].dims) / static_cast<double>(config.head_dim);
  const std::vector<int64_t> sections = Sections(config.ropes[0].pairs());
  rope["mrope_section"] = boost::json::array(sections.begin(), sections.end());
  out["rope_parameters"] = std::move(rope);
  out.erase("partial_rotary_factor");
  if (!moe) return out;
  out.erase("intermediate_size");
  ExpertsToHf(config, kExpertKeys, out);
  out["shared_expert_intermediate_size"] = config.experts.shared_feed_forward;
  return out;
}

Location LocateGgufQwen35(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (parameter.role == Role::kDeltaConvolution) {
    return Flat(parameter.name, {config.delta_net.channels(), config.convolution});
  }
  // The norm before the feed-forward is called by where it stands.
  if (parameter.role == Role::kFeedForwardNorm && !source.Find(parameter.name)) {
    return {GgufName(Role::kPostAttentionNorm, parameter.layer)};
  }
  return LocateGguf(config, parameter, source);
}

// Norms are stored less 1, but for those of the delta nets.
Location LocateHfQwen35(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto in_layer = [&](std::string_view name) {
    return NameInHf(source, fmt::format("model.layers.{}.linear_attn.{}", parameter.layer, name));
  };
  switch (parameter.role) {
    case Role::kDeltaInput: return {in_layer("in_proj_qkv.weight")};
    case Role::kDeltaGate: return {in_layer("in_proj_z.weight")};
    case Role::kDeltaBeta: return {in_layer("in_proj_b.weight")};
    case Role::kDeltaAlpha: return {in_layer("in_proj_a.weight")};
    case Role::kDeltaTimeBias: return {in_layer("dt_bias")};
    case Role::kDeltaNorm: return {in_layer("norm.weight")};
    case Role::kDeltaOutput: return {in_layer("out_proj.weight")};
    case Role::kDeltaConvolution:
      return Flat(in_layer("conv1d.weight"), {config.delta_net.channels(), 1, config.convolution});
    case Role::kDeltaDecay: {
      Location out{in_layer("A_log")};
      out.logarithm = true;
      return out;
    }
    default: break;
  }
  Location out = LocateHfExperts({}, config, parameter, source);
  const Role norms[] = {Role::kAttentionNorm, Role::kFeedForwardNorm, Role::kOutputNorm, Role::kQueryNorm,
                        Role::kKeyNorm};
  if (std::ranges::find(norms, parameter.role) != std::end(norms)) out.offset = 1;
  return out;
}

}  // namespace

extern const Architecture kQwen35 = {kName, "Qwen 3.5, 3.6, 3.8", kHfTypes,       kGgufKeys,
                                     true,  FromGgufDense,        FromHf,         ToGguf,
                                     ToHf,  LocateGgufQwen35,     LocateHfQwen35, PreNormMixedLayer};
extern const Architecture kQwen35Moe = {kMoeName,       "Qwen 3.5 and 3.6 with experts: 35B-A3B",
                                        kHfMoeTypes,    kGgufMoeKeys,
                                        true,           FromGgufMoe,
                                        FromHf,         ToGguf,
                                        ToHf,           LocateGgufQwen35,
                                        LocateHfQwen35, PreNormMixedLayer};

}  // namespace sheepop
