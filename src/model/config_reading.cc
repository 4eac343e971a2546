#include "model/config_reading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

const TensorInfo& RequireMatrix(const TensorSource& tensors, std::string_view name) {
  const TensorInfo* tensor = tensors.Find(name);
  if (!tensor) throw Error(ErrorCategory::kCorrupt, "the model has no tensor {}", name);
  if (tensor->shape.size() != 2) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} has {} dimensions, a table has 2", name, tensor->shape.size());
  }
  return *tensor;
}

void FinishCommon(ModelConfig& config) {
  if (config.head_dim == 0 && config.heads > 0) config.head_dim = config.hidden / config.heads;
  if (config.head_dim > 0) config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_dim));
  if (config.layers <= 4096) config.layer_window.assign(config.layers, 0);
}

// Meta's Llama 3.1: long wavelengths are slowed by `factor`, short ones kept, those between interpolated.
void ScaleLikeLlama3(const HfFields& rope, std::vector<double>& frequencies) {
  const double factor = rope.Float("factor", 1), low = rope.Float("low_freq_factor", 1);
  const double high = rope.Float("high_freq_factor", 4);
  const double original = rope.Float("original_max_position_embeddings", 8192);
  for (double& frequency : frequencies) {
    const double turns = original * frequency / (2 * std::numbers::pi);
    if (turns < low) {
      frequency /= factor;
    } else if (turns <= high) {
      const double smooth = (turns - low) / (high - low);
      frequency *= (1 - smooth) / factor + smooth;
    }
  }
}

struct LongRope {
  std::vector<double> divisors;
  double original_context = 0;
};

// arXiv:2402.13753; the factor is what transformers computes when the configuration names none.
void ScaleLikeLongRope(const LongRope& rope, size_t context, std::optional<double> attention_factor, RopeConfig& out) {
  if (rope.divisors.size() != out.frequencies.size()) {
    throw Error(ErrorCategory::kCorrupt, "LongRoPE has {} factors, the heads have {} rotary pairs",
                rope.divisors.size(), out.frequencies.size());
  }
  for (size_t i = 0; i < out.frequencies.size(); ++i) out.frequencies[i] /= rope.divisors[i];
  const double scale = static_cast<double>(context) / rope.original_context;
  const double otherwise = scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(rope.original_context));
  out.factor = static_cast<float>(attention_factor.value_or(otherwise));
}

std::vector<double> FactorsOf(const TensorInfo& tensor) {
  if (tensor.type != DType::kF32 || tensor.shape.size() != 1) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} must be one row of F32", tensor.name);
  }
  std::vector<float> values(tensor.shape[0]);
  Dequantise(tensor.type, tensor.bytes, values);
  return {values.begin(), values.end()};
}

std::vector<double> Numbers(const boost::json::array& array) {
  std::vector<double> out;
  for (const boost::json::value& value : array) out.push_back(value.is_number() ? value.to_number<double>() : 0);
  return out;
}

}  // namespace

size_t GgufFields::Size(std::string_view field) const {
  const auto value = OptionalSize(field);
  if (!value) throw Error(ErrorCategory::kCorrupt, "metadata has no {}{}", prefix_, field);
  return *value;
}

std::optional<size_t> GgufFields::OptionalSize(std::string_view field) const {
  const auto value = metadata_.Int(prefix_ + std::string(field));
  if (!value) return std::nullopt;
  if (*value < 0) throw Error(ErrorCategory::kCorrupt, "metadata {}{} is {}, negative", prefix_, field, *value);
  return static_cast<size_t>(*value);
}

double GgufFields::Float(std::string_view field) const { return metadata_.RequireFloat(prefix_ + std::string(field)); }

double GgufFields::Float(std::string_view field, double otherwise) const {
  return metadata_.Float(prefix_ + std::string(field)).value_or(otherwise);
}

const boost::json::value* HfFields::Find(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  return value && !value->is_null() ? value : nullptr;
}

size_t HfFields::Size(std::string_view field) const {
  const auto value = OptionalSize(field);
  if (!value) throw Error(ErrorCategory::kCorrupt, "config.json has no {}", field);
  return *value;
}

std::optional<size_t> HfFields::OptionalSize(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<uint64_t>(error);
  if (error) throw Error(ErrorCategory::kCorrupt, "config.json: {} is no size", field);
  return number;
}

double HfFields::Float(std::string_view field, double otherwise) const {
  const boost::json::value* value = Find(field);
  if (!value) return otherwise;
  boost::system::error_code error;
  const auto number = value->to_number<double>(error);
  if (error) throw Error(ErrorCategory::kCorrupt, "config.json: {} is no number", field);
  return number;
}

bool HfFields::Bool(std::string_view field, bool otherwise) const {
  const boost::json::value* value = Find(field);
  if (!value) return otherwise;
  if (!value->is_bool()) throw Error(ErrorCategory::kCorrupt, "config.json: {} is neither true nor false", field);
  return value->get_bool();
}

std::optional<std::string> HfFields::String(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (!value) return std::nullopt;
  if (!value->is_string()) throw Error(ErrorCategory::kCorrupt, "config.json: {} is no string", field);
  return std::string(value->get_string());
}

const boost::json::object* HfFields::Object(std::string_view field) const {
  const boost::json::value* value = Find(field);
  return value ? value->if_object() : nullptr;
}

const boost::json::array* HfFields::Array(std::string_view field) const {
  const boost::json::value* value = Find(field);
  return value ? value->if_array() : nullptr;
}

ModelConfig CommonFromGguf(const Metadata& metadata, const TensorSource& tensors, const Architecture& architecture) {
  const GgufFields fields(metadata, architecture.name);
  ModelConfig config;
  config.architecture = architecture.name;
  if (const std::string* name = metadata.String("general.name")) config.name = *name;
  config.layers = fields.Size("block_count");
  config.hidden = fields.Size("embedding_length");
  config.heads = fields.Size("attention.head_count");
  config.kv_heads = fields.OptionalSize("attention.head_count_kv").value_or(config.heads);
  config.head_dim = fields.OptionalSize("attention.key_length").value_or(0);
  config.feed_forward = fields.Size("feed_forward_length");
  config.context = fields.Size("context_length");
  config.vocab = RequireMatrix(tensors, "token_embd.weight").shape[0];
  config.tied_embeddings = tensors.Find("output.weight") == nullptr;
  config.norm_epsilon = static_cast<float>(fields.Float("attention.layer_norm_rms_epsilon", 1e-5));
  FinishCommon(config);
  const auto value_length = fields.OptionalSize("attention.value_length");
  if (value_length && *value_length != config.head_dim) {
    throw Error(ErrorCategory::kUnsupported, "keys have {} dimensions and values {}: only equal ones are supported",
                config.head_dim, *value_length);
  }
  return config;
}

ModelConfig CommonFromHf(const boost::json::object& json, const TensorSource& tensors,
                         const Architecture& architecture) {
  const HfFields fields(json);
  ModelConfig config;
  config.architecture = architecture.name;
  config.name = fields.String("_name_or_path").value_or("");
  config.layers = fields.Size("num_hidden_layers");
  config.hidden = fields.Size("hidden_size");
  config.heads = fields.Size("num_attention_heads");
  config.kv_heads = fields.OptionalSize("num_key_value_heads").value_or(config.heads);
  config.head_dim = fields.OptionalSize("head_dim").value_or(0);
  config.feed_forward = fields.Size("intermediate_size");
  config.context = fields.Size("max_position_embeddings");
  config.vocab = RequireMatrix(tensors, "model.embed_tokens.weight").shape[0];
  config.tied_embeddings = tensors.Find("lm_head.weight") == nullptr;
  config.norm_epsilon = static_cast<float>(fields.Float("rms_norm_eps", 1e-6));
  FinishCommon(config);
  return config;
}

void UseOneRope(RopeConfig rope, ModelConfig& config) {
  config.ropes = {std::move(rope)};
  config.layer_rope.assign(config.layers, 0);
}

void RopeFromGguf(const Metadata& metadata, const TensorSource& tensors, const Architecture& architecture,
                  const ConfigOptions& options, ModelConfig& config) {
  const GgufFields fields(metadata, architecture.name);
  RopeConfig rope;
  rope.frequencies = RopeFrequencies(fields.Float("rope.freq_base", 10000),
                                     fields.OptionalSize("rope.dimension_count").value_or(config.head_dim));
  const std::string* scaling = fields.String("rope.scaling.type");
  if (scaling && *scaling == "linear") {
    for (double& frequency : rope.frequencies) frequency /= fields.Float("rope.scaling.factor", 1);
  } else if (scaling && *scaling != "none" && *scaling != "longrope") {
    throw Error(ErrorCategory::kUnsupported,
                "rope scaling of type {} is not supported (linear, llama3 and longrope are)", *scaling);
  } else if (!scaling) {
    const double linear = fields.Float("rope.scale_linear", 1);
    for (double& frequency : rope.frequencies) frequency /= linear;
  }
  if (const TensorInfo* factors = tensors.Find("rope_freqs.weight")) {
    const std::vector<double> divisors = FactorsOf(*factors);
    if (divisors.size() != rope.frequencies.size()) {
      throw Error(ErrorCategory::kCorrupt, "rope_freqs.weight has {} factors, the heads have {} rotary pairs",
                  divisors.size(), rope.frequencies.size());
    }
    for (size_t i = 0; i < divisors.size(); ++i) rope.frequencies[i] /= divisors[i];
  }
  const TensorInfo* short_factors = tensors.Find("rope_factors_short.weight");
  const TensorInfo* long_factors = tensors.Find("rope_factors_long.weight");
  if (short_factors && long_factors) {
    const double original = fields.Float("rope.scaling.original_context_length", static_cast<double>(config.context));
    const size_t used = options.context ? options.context : config.context;
    ScaleLikeLongRope({FactorsOf(static_cast<double>(used) > original ? *long_factors : *short_factors), original},
                      config.context, std::nullopt, rope);
    rope.factor = static_cast<float>(fields.Float("rope.scaling.attn_factor", rope.factor));
  }
  UseOneRope(std::move(rope), config);
}

RopeConfig RopeFromHf(const boost::json::object& json, const boost::json::object* parameters, double theta,
                      const ConfigOptions& options, const ModelConfig& config) {
  const HfFields whole(json);
  const boost::json::object none;
  const HfFields rope(parameters ? *parameters : none);
  const double partial = rope.Float("partial_rotary_factor", whole.Float("partial_rotary_factor", 1));
  const auto dims = static_cast<size_t>(static_cast<double>(config.head_dim) * std::clamp(partial, 0.0, 1.0));
  RopeConfig out;
  out.frequencies = RopeFrequencies(rope.Float("rope_theta", theta), dims);
  auto type = rope.String("rope_type");
  if (!type) type = rope.String("type");
  if (!type || *type == "default") return out;
  if (*type == "linear") {
    for (double& frequency : out.frequencies) frequency /= rope.Float("factor", 1);
  } else if (*type == "llama3") {
    ScaleLikeLlama3(rope, out.frequencies);
  } else if (*type == "longrope" || *type == "su") {
    const double original =
        rope.Float("original_max_position_embeddings",
                   whole.Float("original_max_position_embeddings", static_cast<double>(config.context)));
    const size_t used = options.context ? options.context : config.context;
    const char* field = static_cast<double>(used) > original ? "long_factor" : "short_factor";
    const boost::json::array* factors = rope.Array(field);
    if (!factors) throw Error(ErrorCategory::kCorrupt, "config.json: LongRoPE without {}", field);
    const double attention = rope.Float("attention_factor", 0);
    ScaleLikeLongRope({Numbers(*factors), original}, config.context,
                      attention > 0 ? std::optional(attention) : std::nullopt, out);
  } else {
    throw Error(ErrorCategory::kUnsupported,
                "rope scaling of type {} is not supported (linear, llama3 and longrope are)", *type);
  }
  return out;
}

void RopeFromHf(const boost::json::object& json, const ConfigOptions& options, ModelConfig& config) {
  const HfFields fields(json);
  const boost::json::object* parameters = fields.Object("rope_parameters");
  if (!parameters) parameters = fields.Object("rope_scaling");
  UseOneRope(RopeFromHf(json, parameters, fields.Float("rope_theta", 10000), options, config), config);
}

Location LocateGguf(const ModelConfig&, const Parameter& parameter, const TensorSource&) { return {parameter.name}; }

Location LocateHf(const ModelConfig&, const Parameter& parameter, const TensorSource&) {
  struct Name {
    Role role;
    std::string_view name;
  };
  static constexpr std::array<Name, 18> kNames = {{
      {Role::kAttentionNorm, "input_layernorm.weight"},
      {Role::kQuery, "self_attn.q_proj.weight"},
      {Role::kQueryBias, "self_attn.q_proj.bias"},
      {Role::kKey, "self_attn.k_proj.weight"},
      {Role::kKeyBias, "self_attn.k_proj.bias"},
      {Role::kValue, "self_attn.v_proj.weight"},
      {Role::kValueBias, "self_attn.v_proj.bias"},
      {Role::kQueryNorm, "self_attn.q_norm.weight"},
      {Role::kKeyNorm, "self_attn.k_norm.weight"},
      {Role::kAttentionOutput, "self_attn.o_proj.weight"},
      {Role::kFeedForwardNorm, "post_attention_layernorm.weight"},
      {Role::kGate, "mlp.gate_proj.weight"},
      {Role::kUp, "mlp.up_proj.weight"},
      {Role::kDown, "mlp.down_proj.weight"},
      {Role::kTokenEmbedding, "embed_tokens.weight"},
      {Role::kOutputNorm, "norm.weight"},
      {Role::kPostAttentionNorm, "post_attention_layernorm.weight"},
      {Role::kPostFeedForwardNorm, "post_feedforward_layernorm.weight"},
  }};
  if (parameter.role == Role::kOutput) return {"lm_head.weight"};
  const auto found = std::ranges::find(kNames, parameter.role, &Name::role);
  if (found == kNames.end()) {
    throw Error(ErrorCategory::kUnsupported, "{} has no place in a Hugging Face folder", parameter.name);
  }
  const bool outside = parameter.role == Role::kTokenEmbedding || parameter.role == Role::kOutputNorm;
  return {outside ? fmt::format("model.{}", found->name)
                  : fmt::format("model.layers.{}.{}", parameter.layer, found->name)};
}

}  // namespace sheepop
