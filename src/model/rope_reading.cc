
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/error.h"
#include "model/config_reading.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

// Numbers of positions that a double holds exactly.
constexpr std::string_view kContextBounds = "must be 1 to 2^53";
bool IsContext(double positions) { return positions >= 1 && positions <= 0x1p53; }

std::vector<double> FactorsOf(const TensorInfo& tensor, size_t pairs) {
  if (tensor.type != DType::kF32 || tensor.shape.size() != 1) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} must be one row of F32", tensor.name);
  }
  if (tensor.shape[0] != pairs) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} has {} factors, the heads have {} rotary pairs", tensor.name,
                tensor.shape[0], pairs);
  }
  std::vector<float> values(tensor.shape[0]);
  Dequantise(tensor.type, tensor.bytes, values);
  return {values.begin(), values.end()};
}

std::vector<double> FactorsOf(const HfFields& rope, std::string_view field, size_t pairs) {
  const boost::json::array* array = rope.Array(field);
  if (!array) rope.Reject(field, fmt::format("longrope needs {} numbers", pairs));
  std::vector<double> out;
  for (const boost::json::value& value : *array) {
    if (!value.is_number()) rope.Reject(field, "must be a list of numbers");
    out.push_back(value.to_number<double>());
  }
  if (out.size() != pairs) {
    rope.Reject(field,
                fmt::format("has {} numbers, must have {}, one for each rotary pair of a head", out.size(), pairs));
  }
  return out;
}

bool IsLonger(const ConfigOptions& options, const ModelConfig& config, double original) {
  return static_cast<double>(options.context ? options.context : config.context) > original;
}

// Its own name, or the older one that still stands in files.
std::string TypeOf(const HfFields& rope) {
  return rope.String(rope.Has("rope_type") ? "rope_type" : "type").value_or("default");
}

// What transformers multiplies cosines and sines by where LongRoPE's configuration names nothing.
float LongRopeFactor(double scale, double original) {
  return static_cast<float>(scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(original)));
}

size_t RotaryDims(const HfFields& config, const HfFields& rope, const HfRopeRules& rules, size_t head_dim) {
  const HfFields& stated = rope.Has("partial_rotary_factor") ? rope : config;
  const double share = stated.Float("partial_rotary_factor", rules.share);
  if (share == 1 && head_dim % 2 != 0) {
    config.Reject("head_dim", fmt::format("a head has {} dimensions (hidden_size / num_attention_heads where it is "
                                          "absent): must be even, for rotary positions turn pairs",
                                          head_dim));
  }
  if (share == 1) return head_dim;
  if (!rules.partial) stated.Refuse("partial_rotary_factor", "this family turns whole heads: must be 1");
  const auto dims = static_cast<size_t>(static_cast<double>(head_dim) * std::clamp(share, 0.0, 1.0));
  if (share < 0 || share > 1 || dims % 2 != 0) {
    stated.Refuse("partial_rotary_factor",
                  fmt::format("must be 0 to 1 and make an even number of a head's {} dimensions", head_dim));
  }
  return dims;
}

// Of the keys that may hold it, transformers prefers the one at the top, then a class's own.
double OriginalContext(const HfFields& config, const HfFields& rope, const HfRopeRules& rules,
                       const ModelConfig& model) {
  constexpr std::string_view kName = "original_max_position_embeddings";
  const std::optional<double> at_top = config.OptionalFloat(kName);
  if (at_top && !IsContext(*at_top)) config.Reject(kName, kContextBounds);
  std::optional<double> value;
  if (!rules.nested) value = at_top;
  const HfFields& stated = value ? config : rope;
  if (!value) value = rules.original_context;
  if (!value) value = rope.OptionalFloat(kName);
  if (value && !IsContext(*value)) stated.Reject(kName, kContextBounds);
  return value.value_or(static_cast<double>(model.context));
}

double Factor(const HfFields& rope) {
  const double factor = rope.Float("factor");
  if (!(factor > 0)) rope.Reject("factor", "must be above 0");
  return factor;
}

// The frequencies are those of a whole head, of which the last pairs stand still.
void ProportionalFromHf(const HfFields& rope, size_t head_dim, RopeConfig& out) {
  const double share = rope.Float("partial_rotary_factor", 1);
  if (!(share >= 0 && share <= 1) || head_dim % 2 != 0) {
    rope.Refuse("partial_rotary_factor", fmt::format("must be 0 to 1, and the {} dimensions of a head even", head_dim));
  }
  out.dims = head_dim;
  out.still = out.pairs() - static_cast<size_t>(share * static_cast<double>(head_dim) / 2);
  if (rope.Has("factor")) out.linear = Factor(rope);
}

Llama3Scaling Llama3FromHf(const HfFields& rope, double original_context) {
  return {Factor(rope), rope.Float("low_freq_factor"), rope.Float("high_freq_factor"), original_context};
}

void YarnFromHf(const HfFields& rope, double original_context, const ModelConfig& model, RopeConfig& out) {
  const bool implied = rope.IsNull("factor");
  YarnScaling yarn{implied ? static_cast<double>(model.context) / original_context : Factor(rope), original_context};
  if (const double fast = rope.Float("beta_fast", 0); fast != 0) yarn.fast = fast;
  if (const double slow = rope.Float("beta_slow", 0); slow != 0) yarn.slow = slow;
  yarn.truncate = rope.Bool("truncate", true);
  const double over = rope.Float("mscale", 0), under = rope.Float("mscale_all_dim", 0);
  const double factor = over != 0 && under != 0 ? YarnFactor(yarn.factor, over) / YarnFactor(yarn.factor, under)
                                                : YarnFactor(yarn.factor);
  out.factor = static_cast<float>(rope.Float("attention_factor", factor));
  out.yarn = yarn;
}

void LongRopeFromHf(const HfFields& rope, double original_context, const ConfigOptions& options,
                    const ModelConfig& model, RopeConfig& out) {
  out.long_rope = {FactorsOf(rope, "short_factor", out.pairs()), FactorsOf(rope, "long_factor", out.pairs()),
                   original_context, IsLonger(options, model, original_context)};
  const double scale = rope.Has("factor") ? Factor(rope) : static_cast<double>(model.context) / original_context;
  const auto given = rope.OptionalFloat("attention_factor");
  out.factor = given ? static_cast<float>(*given) : LongRopeFactor(scale, original_context);
}

}  // namespace

RopeConfig RopeFromGguf(const GgufFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                        const ModelConfig& config) {
  RopeConfig rope;
  rope.theta = fields.Float("rope.freq_base", 10000);
  rope.dims = fields.OptionalSize("rope.dimension_count").value_or(config.head_dim);
  if (rope.dims < 2 || rope.dims > config.head_dim || rope.dims % 2 != 0) {
    fields.Reject("rope.dimension_count", rope.dims,
                  fmt::format("must be even and 2 to the {} dimensions of a head", config.head_dim));
  }
  const std::string* stated = fields.String("rope.scaling.type");
  const std::string type = stated ? *stated : "linear";
  const double factor = fields.Float("rope.scaling.factor", fields.Float("rope.scale_linear", 1));
  if (!(factor >= 0)) fields.Reject("rope.scaling.factor", factor, "must be at least 0");
  const double original = fields.Float("rope.scaling.original_context_length", static_cast<double>(config.context));
  if (!IsContext(original)) fields.Reject("rope.scaling.original_context_length", original, kContextBounds);
  const double scale = factor == 0 ? 1 : factor;  // 0 is how files say none
  const auto attention = fields.OptionalFloat("rope.scaling.attn_factor");
  if (type == "linear") {
    rope.linear = scale;
  } else if (type == "yarn") {
    rope.yarn = YarnScaling{scale, original, fields.Float("rope.scaling.yarn_beta_fast", 32),
                            fields.Float("rope.scaling.yarn_beta_slow", 1)};
    // 1 is also what writers state who mean the formula's value.
    const double stated_factor = fields.Float("rope.scaling.yarn_attn_factor", 1);
    rope.factor = static_cast<float>(attention.value_or(1) * (stated_factor != 1 ? stated_factor : YarnFactor(scale)));
  } else if (type != "none" && type != "longrope") {
    fields.Refuse("rope.scaling.type", type, "these are supported: none, linear, yarn, longrope");
  }
  if (const TensorInfo* factors = tensors.Find("rope_freqs.weight")) rope.divisors = FactorsOf(*factors, rope.pairs());
  const TensorInfo* short_factors = tensors.Find("rope_factors_short.weight");
  const TensorInfo* long_factors = tensors.Find("rope_factors_long.weight");
  if (short_factors && long_factors) {
    rope.long_rope = {FactorsOf(*short_factors, rope.pairs()), FactorsOf(*long_factors, rope.pairs()), original,
                      IsLonger(options, config, original)};
    const double longer = static_cast<double>(config.context) / original;
    rope.factor = attention ? static_cast<float>(*attention) : LongRopeFactor(longer, original);
  } else if (type == "longrope") {
    fields.Reject("rope.scaling.type", type, "but rope_factors_short.weight or rope_factors_long.weight is missing");
  }
  return rope;
}

RopeConfig RopeFromHf(const HfFields& config, const boost::json::object* parameters, std::string_view name,
                      const HfRopeRules& rules, const ConfigOptions& options, const ModelConfig& model) {
  const boost::json::object none;
  const std::string prefix = fmt::format("{}.", name);
  const HfFields rope(parameters ? *parameters : none, prefix);
  RopeConfig out;
  out.theta = rope.Float("rope_theta", config.Float(rules.theta_key, rules.theta));
  const std::string type = TypeOf(rope);
  if (type == "proportional" && rules.types.find(type) != std::string_view::npos) {
    ProportionalFromHf(rope, model.head_dim, out);
    return out;
  }
  out.dims = RotaryDims(config, rope, rules, model.head_dim);
  const double original = OriginalContext(config, rope, rules, model);
  if (type == "default") return out;
  const bool known = rules.types.find(type) != std::string_view::npos;
  if (known && type == "linear") {
    out.linear = Factor(rope);
  } else if (known && type == "llama3") {
    out.llama3 = Llama3FromHf(rope, original);
  } else if (known && type == "yarn" && !rules.old_longrope_names) {
    YarnFromHf(rope, original, model, out);
  } else if (type == "longrope" || (rules.old_longrope_names && (type == "su" || type == "yarn"))) {
    LongRopeFromHf(rope, original, options, model, out);
  } else {
    rope.Refuse(rope.Has("rope_type") ? "rope_type" : "type", fmt::format("these are supported: {}", rules.types));
  }
  return out;
}

RopeConfig RopeFromHf(const HfFields& config, const HfRopeRules& rules, const ConfigOptions& options,
                      const ModelConfig& model) {
  const boost::json::object* now = config.Object("rope_parameters");
  const boost::json::object* then = config.Object("rope_scaling");
  if (now && now->empty()) now = nullptr;
  if (then && then->empty()) then = nullptr;
  if (now && then && *now != *then) config.Refuse("rope_scaling", "but rope_parameters says something else");
  for (const char* kind : {"full_attention", "sliding_attention"}) {
    if (now && now->if_contains(kind)) {
      config.Refuse("rope_parameters", fmt::format("this family has one kind of positions: {} must be left out", kind));
    }
  }
  return RopeFromHf(config, then ? then : now, then ? "rope_scaling" : "rope_parameters", rules, options, model);
}

void TwoRopesFromHf(const HfFields& fields, const HfRopeRules& global_rules, const HfRopeRules& local_rules,
                    const ConfigOptions& options, ModelConfig& config) {
  const boost::json::object* both = fields.Object("rope_parameters");
  const boost::json::object* scaling = fields.Object("rope_scaling");
  const boost::json::object none;
  const HfFields kinds(both ? *both : none, "rope_parameters.");
  const boost::json::object* global = kinds.Object("full_attention");
  const boost::json::object* local = kinds.Object("sliding_attention");
  if (both && !both->empty() && !global && !local) {
    fields.Refuse("rope_parameters", "this family needs full_attention and sliding_attention in it");
  }
  if (global && scaling) fields.Refuse("rope_scaling", "but rope_parameters.full_attention is there, too");
  if (const HfFields old(scaling ? *scaling : none, "rope_scaling."); old.Has("type") && !old.Has("rope_type")) {
    old.Refuse("type", "this family reads rope_type alone");
  }
  RopeConfig of_all =
      RopeFromHf(fields, global ? global : scaling, global ? "rope_parameters.full_attention" : "rope_scaling",
                 global_rules, options, config);
  RopeConfig of_windows = RopeFromHf(fields, local, "rope_parameters.sliding_attention", local_rules, options, config);
  UseTwoRopes(std::move(of_all), std::move(of_windows), config);
}

}  // namespace sheepop
