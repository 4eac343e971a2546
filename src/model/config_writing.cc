#include "model/config_writing.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdlib>

#include "base/error.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using Type = Metadata::GgufType;

json::array ShortDecimals(const std::vector<double>& values) {
  json::array out;
  for (const double value : values) out.push_back(ShortDecimal(value));
  return out;
}

// GGUF keeps only what Llama 3's formula gives. The factor is the largest divisor; the context is a power of two.
Llama3Scaling Llama3ByDivisors(const RopeConfig& rope) {
  RopeConfig candidate = rope;
  candidate.divisors.clear();
  candidate.llama3.emplace();
  candidate.llama3->factor = ShortDecimal(*std::ranges::max_element(rope.divisors));
  for (double context = 16; context <= (1 << 24); context *= 2) {
    candidate.llama3->original_context = context;
    if (NearlyEqual(Llama3Divisors(candidate), rope.divisors)) return *candidate.llama3;
  }
  throw Error(ErrorCategory::kUnsupported, "rope_freqs.weight is not Llama 3's scaling: config.json cannot say it");
}

bool Divides(const RopeConfig& rope) {
  return std::ranges::any_of(rope.divisors, [](double divisor) { return divisor != 1; });
}

json::value ScalingToHf(const RopeConfig& rope) {
  if (rope.llama3 || Divides(rope)) {
    const Llama3Scaling scaling = rope.llama3 ? *rope.llama3 : Llama3ByDivisors(rope);
    return {{"rope_type", "llama3"},
            {"factor", scaling.factor},
            {"low_freq_factor", scaling.low},
            {"high_freq_factor", scaling.high},
            {"original_max_position_embeddings", static_cast<uint64_t>(scaling.original_context)}};
  }
  if (rope.long_rope) {
    return {{"rope_type", "longrope"},
            {"short_factor", ShortDecimals(rope.long_rope->short_factors)},
            {"long_factor", ShortDecimals(rope.long_rope->long_factors)},
            {"original_max_position_embeddings", static_cast<uint64_t>(rope.long_rope->original_context)},
            {"attention_factor", ShortDecimal(static_cast<double>(rope.factor))}};
  }
  if (rope.yarn) {
    json::object out{{"rope_type", "yarn"},
                     {"factor", ShortDecimal(rope.yarn->factor)},
                     {"original_max_position_embeddings", static_cast<uint64_t>(rope.yarn->original_context)},
                     {"attention_factor", ShortDecimal(static_cast<double>(rope.factor))},
                     {"beta_fast", rope.yarn->fast},
                     {"beta_slow", rope.yarn->slow}};
    if (!rope.yarn->truncate) out["truncate"] = false;
    return out;
  }
  if (rope.linear != 1) return {{"rope_type", "linear"}, {"factor", ShortDecimal(rope.linear)}};
  return nullptr;
}

void RopeToHf(const RopeConfig& rope, size_t head_dim, json::object& out) {
  out["rope_theta"] = ShortDecimal(rope.theta);
  out["rope_scaling"] = ScalingToHf(rope);
  if (rope.long_rope) {
    out["original_max_position_embeddings"] = static_cast<uint64_t>(rope.long_rope->original_context);
  }
  if (rope.dims != head_dim) {
    out["partial_rotary_factor"] = static_cast<double>(rope.dims) / static_cast<double>(head_dim);
  }
}

void RopeToGguf(const RopeConfig& rope, GgufKeys& keys) {
  keys.Size("rope.dimension_count", rope.dims);
  keys.Float("rope.freq_base", rope.theta);
  if (rope.linear != 1) {
    keys.String("rope.scaling.type", "linear");
    keys.Float("rope.scaling.factor", rope.linear);
  }
  if (rope.yarn) {
    keys.String("rope.scaling.type", "yarn");
    keys.Float("rope.scaling.factor", rope.yarn->factor);
    keys.Size("rope.scaling.original_context_length", static_cast<size_t>(rope.yarn->original_context));
    if (rope.yarn->fast != 32) keys.Float("rope.scaling.yarn_beta_fast", rope.yarn->fast);
    if (rope.yarn->slow != 1) keys.Float("rope.scaling.yarn_beta_slow", rope.yarn->slow);
    const double share = static_cast<double>(rope.factor) / YarnFactor(rope.yarn->factor);
    if (std::abs(share - 1) > 1e-6) {
      keys.Float("rope.scaling.attn_factor", share);
    }
  }
  if (rope.long_rope) {
    keys.String("rope.scaling.type", "longrope");
    keys.Size("rope.scaling.original_context_length", static_cast<size_t>(rope.long_rope->original_context));
    keys.Float("rope.scaling.attn_factor", static_cast<double>(rope.factor));
    keys.Tensor("rope_factors_long.weight", rope.long_rope->long_factors);
    keys.Tensor("rope_factors_short.weight", rope.long_rope->short_factors);
  }
  if (!rope.divisors.empty()) keys.Tensor("rope_freqs.weight", rope.divisors);
  if (rope.llama3) keys.Tensor("rope_freqs.weight", Llama3Divisors(rope));
}

}  // namespace

void GgufKeys::Size(std::string_view field, size_t value) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kUint32, static_cast<uint64_t>(value));
}

void GgufKeys::Float(std::string_view field, double value) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kFloat32, value);
}

void GgufKeys::Bool(std::string_view field, bool value) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kBool, value);
}

void GgufKeys::Sizes(std::string_view field, std::vector<int64_t> values) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kInt32, std::move(values));
}

void GgufKeys::Flags(std::string_view field, const std::vector<bool>& values) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kBool, std::vector<uint8_t>(values.begin(), values.end()));
}

void GgufKeys::String(std::string_view field, std::string value) {
  out_.metadata.Set(prefix_ + std::string(field), Type::kString, std::move(value));
}

void GgufKeys::Tensor(std::string_view name, const std::vector<double>& values) {
  out_.tensors.emplace_back(name, std::vector<float>(values.begin(), values.end()));
}

double ShortDecimal(double value) { return std::strtod(fmt::format("{}", static_cast<float>(value)).c_str(), nullptr); }

double ShortestDecimal(double exact, const std::function<bool(double)>& same) {
  for (int digits = 1; digits <= 9; ++digits) {
    const double decimal = std::strtod(fmt::format("{:.{}g}", exact, digits).c_str(), nullptr);
    if (same(decimal)) return decimal;
  }
  return exact;
}

GgufConfig CommonToGguf(const ModelConfig& config) {
  GgufConfig out;
  out.metadata.Set("general.architecture", Type::kString, config.architecture);
  if (!config.name.empty()) out.metadata.Set("general.name", Type::kString, config.name);
  GgufKeys keys(config.architecture, out);
  keys.Size("vocab_size", config.vocab);
  keys.Size("context_length", config.context);
  keys.Size("embedding_length", config.hidden);
  keys.Size("block_count", config.layers);
  keys.Size("feed_forward_length", config.feed_forward);
  keys.Size("attention.head_count", config.heads);
  keys.Size("attention.head_count_kv", config.kv_heads);
  keys.Float(config.norm == NormType::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
             static_cast<double>(config.norm_epsilon));
  if (config.ropes.empty()) return out;
  keys.Size("attention.key_length", config.head_dim);
  keys.Size("attention.value_length", config.head_dim);
  RopeToGguf(config.ropes[0], keys);
  return out;
}

json::object NamesToHf(const ModelConfig& config, const HfType& type) {
  return {{"architectures", json::array{json::string(type.class_name)}},
          {"model_type", json::string(type.model_type)},
          {"vocab_size", config.vocab},
          {"tie_word_embeddings", config.tied_embeddings}};
}

json::object CommonToHf(const ModelConfig& config, const HfType& type) {
  json::object out = NamesToHf(config, type);
  out["hidden_size"] = config.hidden;
  out["intermediate_size"] = config.feed_forward;
  out["num_hidden_layers"] = config.layers;
  out["num_attention_heads"] = config.heads;
  out["num_key_value_heads"] = config.kv_heads;
  out["head_dim"] = config.head_dim;
  out["hidden_act"] = config.activation == Activation::kSilu ? "silu" : "gelu_pytorch_tanh";
  out["max_position_embeddings"] = config.context;
  out[config.norm == NormType::kRms ? "rms_norm_eps" : "layer_norm_eps"] =
      ShortDecimal(static_cast<double>(config.norm_epsilon));
  RopeToHf(config.ropes[0], config.head_dim, out);
  return out;
}

std::vector<bool> WindowFlags(const ModelConfig& config) {
  std::vector<bool> flags;
  for (const LayerShape& shape : config.shapes) flags.push_back(shape.window > 0);
  return flags;
}

json::object RopeParametersToHf(const RopeConfig& rope) {
  const json::value scaling = ScalingToHf(rope);
  json::object out = scaling.is_object() ? scaling.get_object() : json::object{{"rope_type", "default"}};
  out["rope_theta"] = ShortDecimal(rope.theta);
  return out;
}

json::array LayerTypesToHf(const ModelConfig& config) {
  json::array types;
  for (const LayerShape& shape : config.shapes) {
    types.emplace_back(shape.window > 0 ? "sliding_attention" : "full_attention");
  }
  return types;
}

}  // namespace sheepop
