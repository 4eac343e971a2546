#include "model/config_writing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "base/error.h"
#include "model/config_reading.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using Type = Metadata::GgufType;

// The shortest decimal that is this float: 1e-05, not 9.99999974e-06.
double Short(double value) { return std::strtod(fmt::format("{}", static_cast<float>(value)).c_str(), nullptr); }

std::vector<double> Values(const TensorInfo& tensor) {
  if (tensor.type != DType::kF32 || tensor.shape.size() != 1) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} must be one row of F32", tensor.name);
  }
  std::vector<float> values(tensor.shape[0]);
  Dequantise(tensor.type, tensor.bytes, values);
  std::vector<double> out;
  for (const float value : values) out.push_back(Short(value));
  return out;
}

std::vector<double> Numbers(const json::array* array) {
  std::vector<double> out;
  for (size_t i = 0; array && i < array->size(); ++i) {
    out.push_back((*array)[i].is_number() ? (*array)[i].to_number<double>() : 0);
  }
  return out;
}

std::vector<double> Llama3Divisors(const RopeSettings& rope, size_t dims) {
  std::vector<double> out;
  for (const double frequency : RopeFrequencies(rope.theta, dims)) {
    const double turns = rope.original_context * frequency / (2 * std::numbers::pi);
    const double smooth = std::clamp((turns - rope.low) / (rope.high - rope.low), 0.0, 1.0);
    out.push_back(1 / ((1 - smooth) / rope.factor + smooth));
  }
  return out;
}

bool Near(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return std::abs(x - y) <= 1e-5 * std::abs(y); });
}

// GGUF keeps only what Llama 3's formula gives. The factor is the largest divisor; the context is a power of two.
void RecoverLlama3(size_t dims, RopeSettings& rope) {
  rope.factor = *std::ranges::max_element(rope.divisors);
  if (rope.factor == 1 && std::ranges::min(rope.divisors) == 1) return;
  rope.scaling = "llama3";
  for (rope.original_context = 16; rope.original_context <= (1 << 24); rope.original_context *= 2) {
    if (Near(Llama3Divisors(rope, dims), rope.divisors)) return;
  }
  throw Error(ErrorCategory::kUnsupported, "rope_freqs.weight is not Llama 3's scaling: config.json cannot say it");
}

// One in how many layers sees everything; 0 when there is no such rule.
size_t WindowPeriod(const ModelConfig& config) {
  const auto full = std::ranges::find(config.layer_window, size_t{0});
  const auto period = static_cast<size_t>(full - config.layer_window.begin()) + 1;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    if ((config.layer_window[layer] == 0) != ((layer + 1) % period == 0)) return 0;
  }
  return period;
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.layer_window); }

bool IsGemma(const ModelConfig& config) { return config.architecture.starts_with("gemma"); }

json::value ScalingOf(const RopeSettings& rope) {
  if (rope.scaling.empty()) return nullptr;
  json::object out{{"rope_type", rope.scaling}};
  if (rope.scaling != "longrope") out["factor"] = rope.factor;
  if (rope.scaling == "llama3") {
    out["low_freq_factor"] = rope.low;
    out["high_freq_factor"] = rope.high;
    out["original_max_position_embeddings"] = static_cast<uint64_t>(rope.original_context);
  }
  if (rope.scaling == "longrope") {
    out["short_factor"] = json::value_from(rope.short_factors);
    out["long_factor"] = json::value_from(rope.long_factors);
    out["original_max_position_embeddings"] = static_cast<uint64_t>(rope.original_context);
    if (rope.attention_factor > 0) out["attention_factor"] = rope.attention_factor;
  }
  return out;
}

json::object Gpt2Config(const ModelConfig& c) {
  return {{"n_embd", c.hidden},
          {"n_layer", c.layers},
          {"n_head", c.heads},
          {"n_positions", c.context},
          {"n_ctx", c.context},
          {"n_inner", c.feed_forward},
          {"layer_norm_epsilon", Short(static_cast<double>(c.norm_epsilon))},
          {"activation_function", "gelu_new"}};
}

void AddGemma(const ModelConfig& c, const RopeSettings& rope, json::object& out) {
  const double scale = static_cast<double>(c.attention_scale);
  const double scalar = Short(1 / (scale * scale));
  if (std::abs(scalar - std::round(scalar)) < 1e-3) {
    out["query_pre_attn_scalar"] = static_cast<int64_t>(std::round(scalar));  // transformers takes no 8.0 for 8
  } else {
    out["query_pre_attn_scalar"] = scalar;
  }
  out["hidden_activation"] = "gelu_pytorch_tanh";
  out["hidden_act"] = "gelu_pytorch_tanh";
  out["sliding_window"] = Window(c);
  json::array types;
  for (const size_t window : c.layer_window) types.push_back(window ? "sliding_attention" : "full_attention");
  out["layer_types"] = std::move(types);
  const auto cap = [](float value) { return value > 0 ? json::value(Short(static_cast<double>(value))) : nullptr; };
  out["attn_logit_softcapping"] = cap(c.attention_softcap);
  out["final_logit_softcapping"] = cap(c.final_softcap);
  if (c.query_key_norm) out["rope_local_base_freq"] = rope.local_theta;
}

}  // namespace

RopeSettings RopeSettingsFromGguf(const Metadata& metadata, const TensorSource& tensors, const ModelConfig& config) {
  const GgufFields fields(metadata, config.architecture);
  RopeSettings rope;
  rope.theta = Short(fields.Float("rope.freq_base", 10000));
  rope.local_theta = Short(fields.Float("rope.local.freq_base", fields.Float("rope.freq_base_swa", 10000)));
  const std::string* scaling = fields.String("rope.scaling.type");
  const double linear = scaling && *scaling == "linear" ? fields.Float("rope.scaling.factor", 1)
                        : !scaling                      ? fields.Float("rope.scale_linear", 1)
                                                        : 1;
  if (linear != 1) {
    rope.scaling = "linear";
    rope.factor = Short(linear);
  }
  const size_t dims = config.ropes.empty() ? 0 : 2 * config.ropes[0].frequencies.size();
  if (const TensorInfo* tensor = tensors.Find("rope_freqs.weight")) {
    rope.divisors = Values(*tensor);
    RecoverLlama3(dims, rope);
  }
  const TensorInfo* shorter = tensors.Find("rope_factors_short.weight");
  const TensorInfo* longer = tensors.Find("rope_factors_long.weight");
  if (shorter && longer) {
    rope.scaling = "longrope";
    rope.short_factors = Values(*shorter);
    rope.long_factors = Values(*longer);
    rope.original_context = fields.Float("rope.scaling.original_context_length", static_cast<double>(config.context));
    rope.attention_factor = Short(fields.Float("rope.scaling.attn_factor", 0));
  }
  return rope;
}

RopeSettings RopeSettingsFromHf(const json::object& object, const ModelConfig& config) {
  const HfFields whole(object);
  const json::object none;
  const json::object* found = whole.Object("rope_parameters");
  const json::object* local = found ? HfFields(*found).Object("sliding_attention") : nullptr;
  if (found && HfFields(*found).Object("full_attention")) found = HfFields(*found).Object("full_attention");
  if (!found) found = whole.Object("rope_scaling");
  const HfFields fields(found ? *found : none);
  RopeSettings rope;
  const bool gemma3 = IsGemma(config) && config.query_key_norm;
  rope.theta = fields.Float("rope_theta", whole.Float("rope_theta", gemma3 ? 1e6 : 10000));
  rope.local_theta = whole.Float("rope_local_base_freq", local ? HfFields(*local).Float("rope_theta", 10000) : 10000);
  rope.scaling = fields.String("rope_type").value_or(fields.String("type").value_or(""));
  if (rope.scaling == "default") rope.scaling.clear();
  if (rope.scaling == "su") rope.scaling = "longrope";
  rope.factor = fields.Float("factor", 1);
  rope.low = fields.Float("low_freq_factor", 1);
  rope.high = fields.Float("high_freq_factor", 4);
  const bool llama3 = rope.scaling == "llama3";
  const double context = llama3 ? 8192 : static_cast<double>(config.context);
  rope.original_context = fields.Float("original_max_position_embeddings",
                                       llama3 ? context : whole.Float("original_max_position_embeddings", context));
  rope.attention_factor = fields.Float("attention_factor", 0);
  rope.short_factors = Numbers(fields.Array("short_factor"));
  rope.long_factors = Numbers(fields.Array("long_factor"));
  if (llama3) rope.divisors = Llama3Divisors(rope, 2 * config.ropes[0].frequencies.size());
  return rope;
}

void SetGgufConfig(const ModelConfig& config, const RopeSettings& rope, Metadata& metadata) {
  const std::string prefix = config.architecture + '.';
  const auto size = [&](const char* key, size_t value) {
    metadata.Set(prefix + key, Type::kUint32, static_cast<uint64_t>(value));
  };
  const auto real = [&](const char* key, double value) { metadata.Set(prefix + key, Type::kFloat32, value); };
  metadata.Set("general.architecture", Type::kString, config.architecture);
  if (!config.name.empty()) metadata.Set("general.name", Type::kString, config.name);
  size("vocab_size", config.vocab);
  size("context_length", config.context);
  size("embedding_length", config.hidden);
  size("block_count", config.layers);
  size("feed_forward_length", config.feed_forward);
  size("attention.head_count", config.heads);
  size("attention.head_count_kv", config.kv_heads);
  real(config.norm == NormType::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
       static_cast<double>(config.norm_epsilon));
  if (config.learned_positions) return;
  size("attention.key_length", config.head_dim);
  size("attention.value_length", config.head_dim);
  size("rope.dimension_count", 2 * config.ropes[0].frequencies.size());
  real("rope.freq_base", rope.theta);
  if (rope.local_theta != 10000) real("rope.freq_base_swa", rope.local_theta);
  if (rope.scaling == "linear") {
    metadata.Set(prefix + "rope.scaling.type", Type::kString, std::string("linear"));
    real("rope.scaling.factor", rope.factor);
  } else if (rope.scaling == "longrope") {
    metadata.Set(prefix + "rope.scaling.type", Type::kString, std::string("longrope"));
    size("rope.scaling.original_context_length", static_cast<size_t>(rope.original_context));
    real("rope.scaling.attn_factor", static_cast<double>(config.ropes[0].factor));
  }
  const bool windowed = IsGemma(config) || config.architecture == "phi3";
  if (windowed) size("attention.sliding_window", Window(config));
  if (IsGemma(config) && config.query_key_norm && WindowPeriod(config) > 0 && WindowPeriod(config) != 6) {
    size("attention.sliding_window_pattern", WindowPeriod(config));
  }
  if (config.attention_softcap > 0) real("attn_logit_softcapping", static_cast<double>(config.attention_softcap));
  if (config.final_softcap > 0) real("final_logit_softcapping", static_cast<double>(config.final_softcap));
}

json::object HfConfig(const ModelConfig& c, const RopeSettings& rope) {
  const Architecture& architecture = ArchitectureByName(c.architecture);
  json::object out{{"architectures", json::array{json::string(architecture.hf_class)}},
                   {"model_type", json::string(architecture.hf_model_types[0])},
                   {"vocab_size", c.vocab},
                   {"tie_word_embeddings", c.tied_embeddings}};
  if (c.learned_positions) {
    for (auto& [key, value] : Gpt2Config(c)) out[key] = value;
    return out;
  }
  out["hidden_size"] = c.hidden;
  out["intermediate_size"] = c.feed_forward;
  out["num_hidden_layers"] = c.layers;
  out["num_attention_heads"] = c.heads;
  out["num_key_value_heads"] = c.kv_heads;
  out["head_dim"] = c.head_dim;
  out["hidden_act"] = "silu";
  out["max_position_embeddings"] = c.context;
  out["rms_norm_eps"] = Short(static_cast<double>(c.norm_epsilon));
  out["rope_theta"] = rope.theta;
  out["rope_scaling"] = ScalingOf(rope);
  if (rope.scaling == "longrope")
    out["original_max_position_embeddings"] = static_cast<uint64_t>(rope.original_context);
  if (const size_t rotary = 2 * c.ropes[0].frequencies.size(); rotary != c.head_dim) {
    out["partial_rotary_factor"] = static_cast<double>(rotary) / static_cast<double>(c.head_dim);
  }
  if (c.architecture == "phi3") {
    out["sliding_window"] = Window(c) ? json::value(Window(c)) : nullptr;
    out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  }
  if (IsGemma(c)) AddGemma(c, rope, out);
  return out;
}

void RequireSameModel(const ModelConfig& wanted, const ModelConfig& written) {
  const auto require = [](bool same, const char* what) {
    if (!same) throw Error(ErrorCategory::kUnsupported, "the output's format cannot state this model's {}", what);
  };
  const auto near = [](float a, float b) { return std::abs(a - b) <= 1e-6f * std::abs(a); };
  require(wanted.layers == written.layers && wanted.hidden == written.hidden && wanted.heads == written.heads &&
              wanted.kv_heads == written.kv_heads && wanted.head_dim == written.head_dim &&
              wanted.feed_forward == written.feed_forward && wanted.vocab == written.vocab &&
              wanted.context == written.context && wanted.tied_embeddings == written.tied_embeddings,
          "sizes");
  require(near(wanted.norm_epsilon, written.norm_epsilon), "norm epsilon");
  require(near(wanted.attention_scale, written.attention_scale), "attention scale");
  require(
      near(wanted.attention_softcap, written.attention_softcap) && near(wanted.final_softcap, written.final_softcap),
      "soft caps");
  require(wanted.layer_window == written.layer_window, "sliding windows");
  require(wanted.layer_rope == written.layer_rope && wanted.ropes.size() == written.ropes.size(), "rotary layers");
  for (size_t i = 0; i < wanted.ropes.size(); ++i) {
    require(Near(wanted.ropes[i].frequencies, written.ropes[i].frequencies) &&
                near(wanted.ropes[i].factor, written.ropes[i].factor),
            "rotary frequencies");
  }
}

}  // namespace sheepop
