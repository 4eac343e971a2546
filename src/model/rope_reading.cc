#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/error.h"
#include "model/config_reading.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

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

// What transformers multiplies cosines and sines by where LongRoPE's configuration names nothing.
float LongRopeFactor(double scale, double original) {
  return static_cast<float>(scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(original)));
}

float LongRopeFactor(const ModelConfig& config, double original) {
  return LongRopeFactor(static_cast<double>(config.context) / original, original);
}

size_t RotaryDims(const HfFields& config, const HfFields& rope, const HfRopeRules& rules, size_t head_dim) {
  const HfFields& stated = rope.Has("partial_rotary_factor") ? rope : config;
  const double share = stated.Float("partial_rotary_factor", 1);
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
  auto value = config.OptionalFloat(kName);
  if (!value) value = rules.original_context;
  if (!value) value = rope.OptionalFloat(kName);
  return value.value_or(static_cast<double>(model.context));
}

Llama3Scaling Llama3Of(const HfFields& rope, double original_context) {
  return {rope.Float("factor"), rope.Float("low_freq_factor"), rope.Float("high_freq_factor"), original_context};
}

}  // namespace

RopeConfig RopeFromGguf(const GgufFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                        const ModelConfig& config) {
  RopeConfig rope;
  rope.theta = fields.Float("rope.freq_base", 10000);
  rope.dims = fields.OptionalSize("rope.dimension_count").value_or(config.head_dim);
  if (rope.dims > config.head_dim || rope.dims % 2 != 0) {
    throw Error(ErrorCategory::kCorrupt, "metadata {} is {}, must be even and at most the {} dimensions of a head",
                fields.Key("rope.dimension_count"), rope.dims, config.head_dim);
  }
  const std::string* scaling = fields.String("rope.scaling.type");
  if (scaling && *scaling == "linear") {
    rope.linear = fields.Float("rope.scaling.factor", 1);
  } else if (scaling && *scaling != "none" && *scaling != "longrope") {
    throw Error(ErrorCategory::kUnsupported,
                "rope scaling of type {} is not supported (linear, llama3 and longrope are)", *scaling);
  } else if (!scaling) {
    rope.linear = fields.Float("rope.scale_linear", 1);
  }
  if (const TensorInfo* factors = tensors.Find("rope_freqs.weight")) rope.divisors = FactorsOf(*factors, rope.pairs());
  const TensorInfo* short_factors = tensors.Find("rope_factors_short.weight");
  const TensorInfo* long_factors = tensors.Find("rope_factors_long.weight");
  if (short_factors && long_factors) {
    const double original = fields.Float("rope.scaling.original_context_length", static_cast<double>(config.context));
    rope.long_rope = {FactorsOf(*short_factors, rope.pairs()), FactorsOf(*long_factors, rope.pairs()), original,
                      IsLonger(options, config, original)};
    rope.factor = static_cast<float>(fields.Float("rope.scaling.attn_factor", LongRopeFactor(config, original)));
  }
  return rope;
}

RopeConfig RopeFromHf(const HfFields& config, const boost::json::object* parameters, std::string_view name,
                      const HfRopeRules& rules, const ConfigOptions& options, const ModelConfig& model) {
  const boost::json::object none;
  const std::string prefix = fmt::format("{}.", name);
  const HfFields rope(parameters ? *parameters : none, prefix);
  RopeConfig out;
  out.theta = rope.Float("rope_theta", config.Float("rope_theta", rules.theta));
  out.dims = RotaryDims(config, rope, rules, model.head_dim);
  const std::string_view field = rope.Has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.String(field).value_or("default");
  if (type == "default") return out;
  const double original = OriginalContext(config, rope, rules, model);
  if (type == "linear") {
    out.linear = rope.Float("factor");
  } else if (type == "llama3") {
    out.llama3 = Llama3Of(rope, original);
  } else if (type == "longrope" || type == "su") {
    out.long_rope = {FactorsOf(rope, "short_factor", out.pairs()), FactorsOf(rope, "long_factor", out.pairs()),
                     original, IsLonger(options, model, original)};
    const auto given = rope.OptionalFloat("attention_factor");
    out.factor = given ? static_cast<float>(*given) : LongRopeFactor(model, original);
  } else {
    rope.Refuse(field, "these are supported: default, linear, llama3, longrope");
  }
  return out;
}

RopeConfig RopeFromHf(const HfFields& config, const HfRopeRules& rules, const ConfigOptions& options,
                      const ModelConfig& model) {
  for (const char* name : {"rope_parameters", "rope_scaling"}) {
    if (const auto* parameters = config.Object(name))
      return RopeFromHf(config, parameters, name, rules, options, model);
  }
  return RopeFromHf(config, nullptr, "rope_parameters", rules, options, model);
}

}  // namespace sheepop
