// Granite 3 and 4, dense or with a mixture of experts: the usual layer with four multipliers, of embeddings, branches, scores
// and logits. https://huggingface.co/docs/transformers/model_doc/granite,
// https://huggingface.co/docs/transformers/model_doc/granitemoe; the hybrid class holds the same layer where no layer is
// recurrent and there are no experts: https://huggingface.co/docs/transformers/model_doc/granitemoehybrid.

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "granite", kMoeName = "granitemoe", kHybrid = "granitemoehybrid";
constexpr std::string_view kBias = "biases in this family", kMamba = "recurrent layers";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"embedding_multiplier"},
    {"residual_multiplier"},
    {"attention_multiplier"},
    {"logits_scaling"},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr KeyRule kHybridKeys[] = {
    {"hidden_act"},
    {"embedding_multiplier"},
    {"residual_multiplier"},
    {"attention_multiplier"},
    {"logits_scaling"},
    {"layer_types"},
    {"position_embedding_type"},
    {"shared_intermediate_size"},
    {"intermediate_size", KeyUse::kHarmless},  // of the experts
    {"num_local_experts"},
    {"num_experts_per_tok", KeyUse::kHarmless},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
    {"normalization_function", KeyUse::kHarmless},
    {"init_method", KeyUse::kHarmless},
    {"time_step_limit", KeyUse::kHarmless},
    {"mamba_n_heads", KeyUse::kHarmless},  // of recurrent layers, which layer_types rules out
    {"mamba_n_groups", KeyUse::kHarmless},
    {"mamba_d_state", KeyUse::kHarmless},
    {"mamba_d_head", KeyUse::kHarmless},
    {"mamba_d_conv", KeyUse::kHarmless},
    {"mamba_expand", KeyUse::kHarmless},
    {"mamba_chunk_size", KeyUse::kHarmless},
    {"mamba_conv_bias", KeyUse::kHarmless},
    {"mamba_proj_bias", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr KeyRule kGgufScales[] = {{"embedding_scale"}, {"residual_scale"}, {"attention.scale"}, {"logit_scale"}};
constexpr KeyRule kGgufDenseKeys[] = {
    {"rope.scaling.finetuned"},
    {"expert_shared_feed_forward_length", KeyUse::kOnly, "[0]", "mixtures of experts"},
};
constexpr auto kGgufKeys = JoinKeys(kGgufScales, kGgufDenseKeys);
constexpr auto kGgufMoeKeys = JoinKeys(kGgufScales, kGgufExpertKeys);
constexpr KeyRule kMoeKeys[] = {
    {"hidden_act"},
    {"embedding_multiplier"},
    {"residual_multiplier"},
    {"attention_multiplier"},
    {"logits_scaling"},
    {"num_local_experts"},
    {"num_experts_per_tok"},
    {"shared_intermediate_size"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr HfType kHfMoeTypes[] = {{"granitemoe", "GraniteMoeForCausalLM", kMoeKeys},
                                  {"granitemoeshared", "GraniteMoeSharedForCausalLM", kMoeKeys}};
constexpr HfExpertKeys kExpertKeys{.count = "num_local_experts", .feed_forward = "intermediate_size"};
constexpr HfExpertNames kExpertNames{.router = "block_sparse_moe.router.layer.weight",
                                     .gate_up_of_all = "block_sparse_moe.input_linear.weight",
                                     .down_of_all = "block_sparse_moe.output_linear.weight",
                                     .together = true};
constexpr HfType kHfTypes[] = {{"granite", "GraniteForCausalLM", kKeys},
                               {kHybrid, "GraniteMoeHybridForCausalLM", kHybridKeys}};

// Both forms state what logits are divided by.
float LogitScale(double divisor) { return 1 / static_cast<float>(divisor); }

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  ModelConfig config = CommonFromGguf(metadata, tensors, name);
  const GgufFields fields(metadata, name);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  UseOneRope(std::move(rope), config);
  // The word for models whose positions were never learned at another scale says here whether they turn at all.
  if (!fields.Bool("rope.scaling.finetuned", true)) TurnNothing(config);
  const auto scale = [&](std::string_view field) { return static_cast<float>(fields.Multiplier(field)); };
  config.embedding_scale = scale("embedding_scale");
  config.residual_scale = scale("residual_scale");
  config.logit_scale = LogitScale(fields.Multiplier("logit_scale"));
  if (fields.Float("attention.scale", 0) != 0) config.attention_scale = scale("attention.scale");
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

void Multipliers(const HfFields& fields, ModelConfig& config) {
  config.embedding_scale = static_cast<float>(fields.Multiplier("embedding_multiplier", 1));
  config.residual_scale = static_cast<float>(fields.Multiplier("residual_multiplier", 1));
  config.attention_scale = static_cast<float>(fields.Multiplier("attention_multiplier", 1));
  config.logit_scale = LogitScale(fields.Multiplier("logits_scaling", 1));
}

// The hybrid class: its feed-forward is the one that experts would share.
ModelConfig Hybrid(const HfFields& fields, const TensorSource& tensors) {
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.feed_forward_key = "shared_intermediate_size"});
  if (fields.OptionalSize("num_local_experts").value_or(8) != 0) {
    fields.Refuse("num_local_experts", "must be 0: mixtures of experts of this class are not supported");
  }
  if (!fields.Has("layer_types")) {
    fields.Refuse("layer_types", fmt::format("which means {}: they are not supported", kMamba));
  }
  WindowsFromLayerTypes(fields, 0, config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const bool hybrid = fields.String("model_type") == kHybrid;
  ModelConfig config = hybrid ? Hybrid(fields, tensors) : CommonFromHf(fields, tensors, kName, {});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  if (hybrid) {
    const std::optional<std::string> positions = fields.String("position_embedding_type");
    if (positions && positions != "rope" && positions != "nope") {
      fields.Reject("position_embedding_type", "must be rope or nope");
    }
    if (positions != "rope") TurnNothing(config);
  }
  Multipliers(fields, config);
  return config;
}

ModelConfig FromHfMoe(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kMoeName, {});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  Multipliers(fields, config);
  ExpertsFromHf(fields, kExpertKeys, config);
  config.experts.shared_feed_forward = fields.OptionalSize("shared_intermediate_size").value_or(0);
  return config;
}

double LogitDivisor(float scale) {
  return ShortestDecimal(1 / static_cast<double>(scale), [&](double divisor) { return LogitScale(divisor) == scale; });
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(config.architecture, out);
  keys.Float("embedding_scale", static_cast<double>(config.embedding_scale));
  keys.Float("residual_scale", static_cast<double>(config.residual_scale));
  keys.Float("attention.scale", static_cast<double>(config.attention_scale));
  keys.Float("logit_scale", LogitDivisor(config.logit_scale));
  if (config.shapes[0].rope == kNoRope) keys.Bool("rope.scaling.finetuned", false);
  return out;
}

// Where nothing turns, the hybrid class alone can say so.
bool NeedsHybrid(const ModelConfig& config) { return config.shapes[0].rope == kNoRope; }

void MultipliersToHf(const ModelConfig& config, boost::json::object& out) {
  out["embedding_multiplier"] = ShortDecimal(static_cast<double>(config.embedding_scale));
  out["residual_multiplier"] = ShortDecimal(static_cast<double>(config.residual_scale));
  out["attention_multiplier"] = ShortDecimal(static_cast<double>(config.attention_scale));
  out["logits_scaling"] = LogitDivisor(config.logit_scale);
}

boost::json::object ToHfMoe(const ModelConfig& config) {
  const size_t shared = config.experts.shared_feed_forward;
  boost::json::object out = CommonToHf(config, kHfMoeTypes[shared > 0 ? 1 : 0]);
  MultipliersToHf(config, out);
  ExpertsToHf(config, kExpertKeys, out);
  if (shared > 0) out["shared_intermediate_size"] = shared;
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  const bool hybrid = NeedsHybrid(config);
  boost::json::object out = CommonToHf(config, kHfTypes[hybrid ? 1 : 0]);
  MultipliersToHf(config, out);
  if (!hybrid) return out;
  out.erase("intermediate_size");  // of experts
  out["shared_intermediate_size"] = config.feed_forward;
  out["num_local_experts"] = 0;
  out["num_experts_per_tok"] = 0;
  out["layer_types"] = boost::json::array(config.layers, "attention");
  out["position_embedding_type"] = "nope";
  out["mamba_n_heads"] = 1;  // of recurrent layers that there are not, but the class wants a divisor of their width
  return out;
}

// The hybrid class has gate and up in one tensor.
Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto shared = [&](std::string_view name) {
    return fmt::format("model.layers.{}.shared_mlp.{}.weight", parameter.layer, name);
  };
  const bool written = source.tensors().empty();
  if (written ? !NeedsHybrid(config) : source.Find(shared("input_linear")) == nullptr) {
    return LocateHf(config, parameter, source);
  }
  switch (parameter.role) {
    case Role::kGate: return {shared("input_linear"), true, 0};
    case Role::kUp: return {shared("input_linear"), true, config.feed_forward};
    case Role::kDown: return {shared("output_linear")};
    default: return LocateHf(config, parameter, source);
  }
}

Location LocateMoeInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto shared = [&](std::string_view name) {
    return fmt::format("model.layers.{}.shared_mlp.{}.weight", parameter.layer, name);
  };
  switch (parameter.role) {
    case Role::kSharedGate: return {shared("input_linear"), true, 0};
    case Role::kSharedUp: return {shared("input_linear"), true, config.experts.shared_feed_forward};
    case Role::kSharedDown: return {shared("output_linear")};
    default: return LocateHfExperts(kExpertNames, config, parameter, source);
  }
}

}  // namespace

extern const Architecture kGranite = {kName,      "Granite 3 and 4, dense",
                                      kHfTypes,   kGgufKeys,
                                      true,       FromGgufDense,
                                      FromHf,     ToGguf,
                                      ToHf,       LocateGguf,
                                      LocateInHf, PreNormLayer};
extern const Architecture kGraniteMoe = {kMoeName,      "Granite 3 with experts",
                                         kHfMoeTypes,   kGgufMoeKeys,
                                         true,          FromGgufMoe,
                                         FromHfMoe,     ToGguf,
                                         ToHfMoe,       LocateGguf,
                                         LocateMoeInHf, PreNormLayer};

}  // namespace sheepop
