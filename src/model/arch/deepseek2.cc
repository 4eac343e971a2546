// DeepSeek V2 and V3 and what is built like them: attention over latents (model/decoder_latent.cc), then a mixture of experts
// in all layers but the first ones. arXiv:2405.04434, arXiv:2412.19437;
// https://huggingface.co/docs/transformers/model_doc/deepseek_v3. In GGUF files the heads' matrices stand apart,
// https://github.com/ggml-org/llama.cpp/pull/12801; older files hold them as folders do.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <functional>

#include "model/expert_reading.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "deepseek2", kV2 = "deepseek_v2", kV3 = "deepseek_v3", kGlm = "glm4_moe_lite",
                           kYoutu = "youtu";
constexpr std::string_view kBias = "biases in this family", kHalves = "rotary pairs of halves",
                           kScores = "other scores of experts";
constexpr KeyRule kLatentKeys[] = {
    {"hidden_act"},
    {"q_lora_rank"},
    {"kv_lora_rank"},
    {"qk_nope_head_dim"},
    {"qk_rope_head_dim"},
    {"v_head_dim"},
    {"qk_head_dim", KeyUse::kHarmless},  // the sum of two others
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr KeyRule kRoutedKeys[] = {
    {"n_routed_experts"},
    {"num_experts_per_tok"},
    {"moe_intermediate_size"},
    {"n_shared_experts"},
    {"routed_scaling_factor"},
    {"n_group"},
    {"topk_group"},
    {"output_router_logits", KeyUse::kHarmless},
};
// Where the first layers are the dense ones.
constexpr KeyRule kLeadingKeys[] = {
    {"first_k_dense_replace"},      {"moe_layer_freq", KeyUse::kOnly, "[1]", "experts in some layers alone"},
    {"ep_size", KeyUse::kHarmless}, {"aux_loss_alpha", KeyUse::kHarmless},
    {"seq_aux", KeyUse::kHarmless},
};
constexpr KeyRule kSoftmaxKeys[] = {
    {"topk_method"},
    {"norm_topk_prob", KeyUse::kOnly, "[false]", kScores},
    {"scoring_func", KeyUse::kOnly, "[\"softmax\"]", kScores},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr KeyRule kSigmoidKeys[] = {
    {"norm_topk_prob"},
    {"num_nextn_predict_layers"},
    {"topk_method", KeyUse::kOnly, "[\"noaux_tc\"]", "another choice of experts"},
    {"scoring_func", KeyUse::kOnly, "[\"sigmoid\"]", kScores},
    {"rope_interleave", KeyUse::kOnly, "[true]", kHalves},
};
constexpr KeyRule kV3Keys[] = {{"num_mtp_layers", KeyUse::kHarmless}};
constexpr KeyRule kGlmKeys[] = {
    {"mlp_layer_types"}, {"first_k_dense_replace", KeyUse::kHarmless},  // the class goes by mlp_layer_types alone
};
constexpr KeyRule kYoutuKeys[] = {
    {"rope_interleave", KeyUse::kOnly, "[true]", kHalves},
    {"embedding_initializer_range", KeyUse::kHarmless},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr auto kKeysV2 = JoinKeys(kLatentKeys, kRoutedKeys, kLeadingKeys, kSoftmaxKeys);
constexpr auto kKeysV3 = JoinKeys(kLatentKeys, kRoutedKeys, kLeadingKeys, kSigmoidKeys, kV3Keys);
constexpr auto kKeysGlm = JoinKeys(kLatentKeys, kRoutedKeys, kSigmoidKeys, kGlmKeys);
constexpr auto kKeysYoutu = JoinKeys(kLatentKeys, kYoutuKeys);
constexpr KeyRule kGgufLatentKeys[] = {
    {"attention.q_lora_rank"},      {"attention.kv_lora_rank"},           {"attention.key_length_mla"},
    {"attention.value_length_mla"}, {"rope.scaling.yarn_log_multiplier"},
};
constexpr auto kGgufKeys = JoinKeys(kGgufLatentKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{kV2, "DeepseekV2ForCausalLM", kKeysV2},
                               {kV3, "DeepseekV3ForCausalLM", kKeysV3},
                               {kGlm, "Glm4MoeLiteForCausalLM", kKeysGlm},
                               {kYoutu, "YoutuForCausalLM", kKeysYoutu}};
constexpr HfExpertKeys kExpertKeys{.count = "n_routed_experts"};
constexpr HfExpertNames kExpertNames{.shared = "mlp.shared_experts"};

// What transformers' classes take for a key that config.json lacks.
struct Defaults {
  std::string_view model_type;
  double norm_epsilon = 1e-6;
  size_t kv_heads = 0;
  size_t content = 128, value = 128, query_rank = 1536;
  bool tied = false;
  size_t dense = 0;  // leading layers without experts
  double scale = 1;
  size_t groups = 1, groups_used = 1;
};
constexpr Defaults kDefaults[] = {
    {.model_type = kV2},
    {.model_type = kV3, .kv_heads = 128, .dense = 3, .scale = 2.5, .groups = 8, .groups_used = 4},
    {.model_type = kGlm,
     .norm_epsilon = 1e-5,
     .kv_heads = 20,
     .content = 192,
     .value = 256,
     .query_rank = 768,
     .dense = 1,
     .scale = 1.8},
    {.model_type = kYoutu, .kv_heads = 16, .tied = true},
};

// Of sigmoids, so that weights of nothing stay nothing.
constexpr float kSumFloor = 1e-20F;

// What q . k is multiplied by where YaRN's strength makes `factor` of it.
float ScoreScale(const LatentConfig& latent, double factor) {
  return static_cast<float>(factor * factor / std::sqrt(static_cast<double>(latent.query())));
}

// `factor` of ScoreScale.
double ScoreFactor(const ModelConfig& config) {
  const double exact = static_cast<double>(config.attention_scale);
  return std::sqrt(exact * std::sqrt(static_cast<double>(config.latent.query())));
}

void ShareOneKey(ModelConfig& config) {
  config.kv_heads = 1;
  config.head_dim = config.latent.rank + config.latent.rotary;
  config.attention_scale = ScoreScale(config.latent, 1);
}

// Whether each layer's projection behind attention has the columns of so many heads: there is a list of heads, which is not
// made for a number that lies. Its name is `before`, the layer and `behind`.
bool HasHeads(const ModelConfig& config, const TensorSource& tensors, std::string_view before,
              std::string_view behind) {
  for (size_t layer = 0; layer < config.layers; ++layer) {
    const TensorInfo* tensor = tensors.Find(NameInHf(tensors, fmt::format("{}{}{}", before, layer, behind)));
    const bool good = tensor && tensor->shape.size() == 2 && tensor->shape[1] == config.heads * config.latent.value;
    if (!good) return false;
  }
  return true;
}

void LatentFromGguf(const GgufFields& fields, const TensorSource& tensors, ModelConfig& config) {
  LatentConfig& latent = config.latent;
  latent.rank = fields.Size("attention.kv_lora_rank", kMostHeadDim);
  latent.rotary = fields.Size("rope.dimension_count", kMostHeadDim);
  // Older files state the sizes of heads as any other family's do.
  const bool older = tensors.Find("blk.0.attn_kv_b.weight") != nullptr;
  const std::string_view key = older ? "attention.key_length" : "attention.key_length_mla";
  const std::string_view value = older ? "attention.value_length" : "attention.value_length_mla";
  const size_t query = fields.Size(key, kMostHeadDim);
  if (query <= latent.rotary) {
    fields.Reject(key, query, fmt::format("must be more than rope.dimension_count, {}", latent.rotary));
  }
  latent.content = query - latent.rotary;
  latent.value = fields.Size(value, kMostHeadDim);
  const bool whole = tensors.Find("blk.0.attn_q.weight") != nullptr;
  if (!whole) latent.query_rank = fields.Size("attention.q_lora_rank", kMostHidden);
  ShareOneKey(config);
  if (!HasHeads(config, tensors, "blk.", ".attn_output.weight")) {
    fields.Reject(
        "attention.head_count", config.heads,
        fmt::format("but not every layer has a tensor attn_output.weight with {} columns for each", latent.value));
  }
}

// Both factors of YaRN. Its strength is stated as a tenth of it. A file that states none was made of a folder without.
void RopeOfLatents(const GgufFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   ModelConfig& config) {
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;
  if (rope.linear != 1 || rope.long_rope || !rope.divisors.empty()) {
    const std::string* type = fields.String("rope.scaling.type");
    fields.Refuse("rope.scaling.type", type ? *type : "absent", "this family turns plainly or by yarn");
  }
  const double strength = fields.Float("rope.scaling.yarn_log_multiplier", 0) / 0.1;
  if (rope.yarn && strength != 0) {
    const double stated = fields.Float("rope.scaling.attn_factor", 1);
    rope.factor = static_cast<float>(stated * fields.Float("rope.scaling.yarn_attn_factor", 1));
    config.attention_scale = ScoreScale(config.latent, stated * YarnFactor(rope.yarn->factor, strength));
  }
  UseOneRope(std::move(rope), config);
}

// Files before the key are of two kinds: GLM-4.7-Flash, known by its sizes, and those of V2.
RouterScore UnstatedScore(const ModelConfig& config) {
  const bool glm = (config.layers == 47 || config.layers == 48) && config.vocab == 154880;
  return glm ? RouterScore::kSigmoid : RouterScore::kSoftmax;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName);
  fields.Size("attention.kv_lora_rank", kMostHeadDim);  // which says that lengths are those of latents
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  LatentFromGguf(fields, tensors, config);
  RopeOfLatents(fields, tensors, options, config);
  config.experts.score = UnstatedScore(config);
  config.experts.normalised = false;
  ExpertsFromGguf(fields, tensors, config);
  ExpertConfig& experts = config.experts;
  if (experts.count == 0) {
    experts = {};
  } else if (experts.score == RouterScore::kSigmoid) {
    experts.sum_floor = kSumFloor;
  } else {
    experts.group_maximum = experts.groups > 1;
  }
  return config;
}

size_t SizeOr(const HfFields& fields, std::string_view key, size_t otherwise, size_t most) {
  return fields.Has(key) ? fields.Size(key, most) : otherwise;
}

void LatentFromHf(const HfFields& fields, const TensorSource& tensors, const Defaults& defaults, ModelConfig& config) {
  LatentConfig& latent = config.latent;
  latent.rank = SizeOr(fields, "kv_lora_rank", 512, kMostHeadDim);
  latent.content = SizeOr(fields, "qk_nope_head_dim", defaults.content, kMostHeadDim);
  latent.rotary = SizeOr(fields, "qk_rope_head_dim", 64, kMostHeadDim);
  latent.value = SizeOr(fields, "v_head_dim", defaults.value, kMostHeadDim);
  if (!fields.IsNull("q_lora_rank")) {
    latent.query_rank = SizeOr(fields, "q_lora_rank", defaults.query_rank, kMostHidden);
  }
  if (latent.rotary % 2 != 0) fields.Reject("qk_rope_head_dim", "must be even, for rotary positions turn pairs");
  if (fields.OptionalSize("head_dim").value_or(latent.rotary) != latent.rotary) {
    fields.Reject("head_dim", fmt::format("must be absent or qk_rope_head_dim, {}", latent.rotary));
  }
  if (config.kv_heads != config.heads) {
    fields.Reject("num_key_value_heads", fmt::format("must be num_attention_heads, {}", config.heads));
  }
  ShareOneKey(config);
  if (!HasHeads(config, tensors, "model.layers.", ".self_attn.o_proj.weight")) {
    fields.Reject("num_attention_heads",
                  fmt::format("but not every layer has a tensor o_proj.weight with v_head_dim, {}, columns for each",
                              latent.value));
  }
}

// Reads the rotary parameters twice: what turns, and what YaRN's strength makes of the scores.
void RopeOfLatents(const HfFields& fields, const ConfigOptions& options, ModelConfig& config) {
  double strength = 0;
  for (const std::string_view name : {"rope_parameters", "rope_scaling"}) {
    const boost::json::object* object = fields.Object(name);
    if (!object || object->empty()) continue;
    const std::string prefix = fmt::format("{}.", name);
    const HfFields rope(*object, prefix);
    const std::string_view key = rope.Has("rope_type") ? "rope_type" : "type";
    const std::string type = rope.String(key).value_or("default");
    if (type != "default" && type != "yarn") rope.Refuse(key, "these are supported: default, yarn");
    strength = rope.Float("mscale_all_dim", 0);
  }
  ModelConfig turned = config;
  turned.head_dim = config.latent.rotary;
  RopeConfig rope = RopeFromHf(fields, {.types = "default, yarn"}, options, turned);
  rope.interleaved = true;
  if (rope.yarn && strength != 0) {
    config.attention_scale = ScoreScale(config.latent, YarnFactor(rope.yarn->factor, strength));
  }
  UseOneRope(std::move(rope), config);
}

void GroupsFromHf(const HfFields& fields, const Defaults& defaults, ExpertConfig& experts) {
  experts.groups = fields.OptionalSize("n_group").value_or(defaults.groups);
  if (experts.groups == 0 || experts.count % experts.groups != 0) {
    fields.Reject("n_group", fmt::format("{} groups must divide n_routed_experts, {}", experts.groups, experts.count));
  }
  const size_t in_group = experts.count / experts.groups;
  experts.groups_used = fields.OptionalSize("topk_group").value_or(defaults.groups_used);
  if (experts.groups_used == 0 || experts.groups_used > experts.groups ||
      experts.groups_used * in_group < experts.used) {
    fields.Reject("topk_group",
                  fmt::format("{} of n_group, {}, groups of n_routed_experts, {}, cannot give num_experts_per_tok, {}",
                              experts.groups_used, experts.groups, experts.count, experts.used));
  }
}

void ExpertsOfHf(const HfFields& fields, const Defaults& defaults, ModelConfig& config) {
  ExpertsFromHf(fields, kExpertKeys, config);
  ExpertConfig& experts = config.experts;
  experts.shared_feed_forward = fields.Size("n_shared_experts", kMostExperts) * experts.feed_forward;
  experts.scale = static_cast<float>(fields.Multiplier("routed_scaling_factor", defaults.scale));
  if (defaults.model_type == kV2) {
    experts.normalised = false;
    const std::string method = fields.String("topk_method").value_or("greedy");
    ExpertConfig grouped = experts;
    GroupsFromHf(fields, defaults, grouped);  // whatever the method, what is stated must make sense
    if (method == "group_limited_greedy") {
      experts = grouped;
      experts.group_maximum = experts.groups > 1;
    } else if (method != "greedy") {
      fields.Refuse("topk_method", "must be greedy or group_limited_greedy");
    }
  } else {
    experts.score = RouterScore::kSigmoid;
    experts.choice_bias = true;
    experts.sum_floor = kSumFloor;
    experts.normalised = fields.Bool("norm_topk_prob", true);
    GroupsFromHf(fields, defaults, experts);
  }
  if (defaults.model_type == kGlm && ExpertsFromKinds(fields, config)) return;
  const size_t dense = defaults.model_type == kGlm
                           ? defaults.dense
                           : fields.OptionalSize("first_k_dense_replace").value_or(defaults.dense);
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) config.shapes[layer].experts = layer >= dense;
}

// Layers behind the last one that predict tokens beyond the next.
void SkipPredictors(const HfFields& fields, const TensorSource& tensors, ModelConfig& config) {
  const size_t predictors = fields.OptionalSize("num_nextn_predict_layers").value_or(0);
  if (predictors > kMostLayers) fields.Reject("num_nextn_predict_layers", fmt::format("at most {}", kMostLayers));
  for (size_t i = 0; i < predictors; ++i) {
    SkipTensors(tensors, fmt::format("model.layers.{}.", config.layers + i), "a layer that predicts several tokens",
                config);
  }
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const std::string type = fields.String("model_type").value_or("");
  const Defaults& defaults = *std::ranges::find(kDefaults, type, &Defaults::model_type);
  ModelConfig config =
      CommonFromHf(fields, tensors, kName,
                   {.norm_epsilon = defaults.norm_epsilon, .kv_heads = defaults.kv_heads, .tied = defaults.tied});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  LatentFromHf(fields, tensors, defaults, config);
  RopeOfLatents(fields, options, config);
  SkipPredictors(fields, tensors, config);
  if (type != kYoutu) ExpertsOfHf(fields, defaults, config);
  return config;
}

// The strength with which YaRN's factor becomes `wanted`: the shortest decimal that `same` accepts.
double StrengthOf(double wanted, double factor, const std::function<bool(double)>& same) {
  const double usual = YarnFactor(factor);
  return usual == 1 ? 0 : ShortestDecimal((wanted - 1) / (usual - 1), same);
}

void YarnToGguf(const ModelConfig& config, GgufConfig& out) {
  const RopeConfig& rope = config.ropes[0];
  const double factor = rope.yarn->factor, turned = static_cast<double>(rope.factor);
  GgufKeys keys(kName, out);
  out.metadata.Remove(fmt::format("{}.rope.scaling.attn_factor", kName));
  if (rope.factor != 1) keys.Float("rope.scaling.attn_factor", turned);
  const double strength = StrengthOf(ScoreFactor(config) / turned, factor, [&](double near) {
    return ScoreScale(config.latent, turned * YarnFactor(factor, near)) == config.attention_scale;
  });
  if (strength != 0) keys.Float("rope.scaling.yarn_log_multiplier", 0.1 * strength);
}

GgufConfig ToGguf(const ModelConfig& config) {
  const LatentConfig& latent = config.latent;
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(kName, out);
  keys.Size("attention.value_length", latent.rank);
  keys.Size("attention.key_length_mla", latent.query());
  keys.Size("attention.value_length_mla", latent.value);
  keys.Size("attention.kv_lora_rank", latent.rank);
  keys.Size("attention.q_lora_rank", latent.query_rank);
  const bool any = config.experts.count > 0;
  // llama.cpp wants these of models without experts, too.
  keys.Size("expert_feed_forward_length", any ? config.experts.feed_forward : config.feed_forward);
  keys.Size("expert_shared_count", any ? config.experts.shared_feed_forward / config.experts.feed_forward : 0);
  const auto first = std::ranges::find(config.shapes, true, &LayerShape::experts);
  keys.Size("leading_dense_block_count", static_cast<size_t>(first - config.shapes.begin()));
  if (config.ropes[0].yarn) YarnToGguf(config, out);
  return out;
}

// Both factors by their strengths, as DeepSeek states them; a factor that none gives by itself.
void YarnToHf(const ModelConfig& config, boost::json::object& rope) {
  const double factor = config.ropes[0].yarn->factor, turned = static_cast<double>(config.ropes[0].factor);
  const double wanted = ScoreFactor(config);
  const double under = StrengthOf(wanted, factor, [&](double near) {
    return ScoreScale(config.latent, YarnFactor(factor, near)) == config.attention_scale;
  });
  const double over = StrengthOf(turned * wanted, factor, [&](double near) {
    return static_cast<float>(YarnFactor(factor, near) / YarnFactor(factor, under)) == config.ropes[0].factor;
  });
  rope["mscale_all_dim"] = under;
  if (over == 0 || under == 0) return;
  rope["mscale"] = over;
  rope.erase("attention_factor");
}

const HfType& TypeFor(const ModelConfig& config) {
  if (config.experts.count == 0) return kHfTypes[3];
  if (config.experts.score == RouterScore::kSoftmax) return kHfTypes[0];
  const auto first = std::ranges::find(config.shapes, true, &LayerShape::experts);
  const bool leading = std::all_of(first, config.shapes.end(), [](const LayerShape& shape) { return shape.experts; });
  return kHfTypes[leading ? 1 : 2];
}

void ExpertsOfToHf(const ModelConfig& config, const HfType& type, boost::json::object& out) {
  const ExpertConfig& experts = config.experts;
  ExpertsToHf(config, kExpertKeys, out);
  out["n_shared_experts"] = experts.shared_feed_forward / experts.feed_forward;
  out["routed_scaling_factor"] = ShortDecimal(static_cast<double>(experts.scale));
  out["n_group"] = experts.groups;
  out["topk_group"] = experts.groups_used;
  if (type.model_type == kV2) {
    out["topk_method"] = experts.groups > 1 ? "group_limited_greedy" : "greedy";
    out["scoring_func"] = "softmax";
  } else {
    out["topk_method"] = "noaux_tc";
    out["scoring_func"] = "sigmoid";
    out["norm_topk_prob"] = experts.normalised;
  }
  const auto first = std::ranges::find(config.shapes, true, &LayerShape::experts);
  if (type.model_type == kGlm) {
    ExpertKindsToHf(config, out);
  } else {
    out["first_k_dense_replace"] = static_cast<size_t>(first - config.shapes.begin());
  }
}

boost::json::object ToHf(const ModelConfig& config) {
  const HfType& type = TypeFor(config);
  const LatentConfig& latent = config.latent;
  boost::json::object out = CommonToHf(config, type);
  for (const char* key : {"head_dim", "rope_theta", "rope_scaling", "partial_rotary_factor"}) out.erase(key);
  out["num_key_value_heads"] = config.heads;
  out["kv_lora_rank"] = latent.rank;
  out["q_lora_rank"] = latent.query_rank > 0 ? boost::json::value(latent.query_rank) : nullptr;
  out["qk_nope_head_dim"] = latent.content;
  out["qk_rope_head_dim"] = latent.rotary;
  out["v_head_dim"] = latent.value;
  boost::json::object rope = RopeParametersToHf(config.ropes[0]);
  if (config.ropes[0].yarn) YarnToHf(config, rope);
  out["rope_parameters"] = std::move(rope);
  if (config.experts.count > 0) ExpertsOfToHf(config, type, out);
  return out;
}

// The rows of a head's matrix in the one that holds all heads': those of keys, the other way round, then those of values.
Location OfHead(std::string tensor, const LatentConfig& latent, const Parameter& parameter) {
  const bool key = parameter.role == Role::kLatentKey;
  Location out{std::move(tensor)};
  out.part_begin = parameter.head * (latent.content + latent.value) + (key ? 0 : latent.content);
  out.part_rows = key ? latent.content : latent.value;
  out.transposed = key;
  return out;
}

Location LocateInGguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (!IsOfHead(parameter.role)) return LocateGguf(config, parameter, source);
  std::string older = fmt::format("blk.{}.attn_kv_b.weight", parameter.layer);
  if (source.Find(older)) return OfHead(std::move(older), config.latent, parameter);
  Location out{parameter.name};
  out.entry = parameter.head;
  out.entries = config.heads;
  return out;
}

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto in_layer = [&](std::string_view name) {
    return NameInHf(source, fmt::format("model.layers.{}.self_attn.{}.weight", parameter.layer, name));
  };
  switch (parameter.role) {
    case Role::kQueryDown: return {in_layer("q_a_proj")};
    case Role::kQueryDownNorm: return {in_layer("q_a_layernorm")};
    case Role::kQueryUp: return {in_layer("q_b_proj")};
    case Role::kLatent: return {in_layer("kv_a_proj_with_mqa")};
    case Role::kLatentNorm: return {in_layer("kv_a_layernorm")};
    case Role::kLatentKey:
    case Role::kLatentValue: return OfHead(in_layer("kv_b_proj"), config.latent, parameter);
    default: return LocateHfExperts(kExpertNames, config, parameter, source);
  }
}

}  // namespace

extern const Architecture kDeepSeek2 = {
    kName,      "DeepSeek V2, V2.5, V3, R1 and their Lite sizes, GLM-4.7-Flash, GigaChat 3, Kanana 2, Youtu-LLM",
    kHfTypes,   kGgufKeys,
    true,       FromGguf,
    FromHf,     ToGguf,
    ToHf,       LocateInGguf,
    LocateInHf, LatentLayer};

}  // namespace sheepop
