#include "model/config_reading.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/error.h"
#include "model/limits.h"

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

// The last blocks may predict tokens beyond the next one: no part of what gives the logits.
void SkipPredictors(const GgufFields& fields, const TensorSource& tensors, ModelConfig& config) {
  constexpr std::string_view kKey = "nextn_predict_layers";
  const size_t predictors = fields.OptionalSize(kKey).value_or(0);
  if (predictors >= config.layers) {
    fields.Reject(kKey, predictors, fmt::format("must be less than the {} blocks", config.layers));
  }
  config.layers -= predictors;
  for (size_t i = 0; i < predictors; ++i) {
    SkipTensors(tensors, fmt::format("blk.{}.", config.layers + i), "a block that predicts several tokens", config);
  }
}

// One for each block, where the family's may differ and the key holds a list; else none.
std::vector<size_t> OwnSizes(const GgufFields& fields, std::string_view field, size_t most, const GgufRules& rules) {
  if (!rules.own_sizes) return {};
  return fields.SizesByLayer(field, fields.Size("block_count", kMostLayers), most).value_or(std::vector<size_t>());
}

// What stands beside the language model in folders of models that read images or sound, or guess ahead.
void SkipCompanions(const TensorSource& tensors, ModelConfig& config) {
  SkipTensors(tensors, "mtp.", "layers that predict several tokens", config);
  for (const char* part : {"visual.", "vision_tower.", "vision_model.", "embed_vision.", "multi_modal_projector.",
                           "audio_tower.", "embed_audio.", "vision_embedder."}) {
    for (const char* before : {"", "model."}) {
      SkipTensors(tensors, fmt::format("{}{}", before, part), "what reads images or sound", config);
    }
  }
}

}  // namespace

void SkipTensors(const TensorSource& tensors, std::string_view beginning, std::string_view what, ModelConfig& config) {
  const auto count = std::ranges::count_if(
      tensors.tensors(), [&](const TensorInfo& tensor) { return tensor.name.starts_with(beginning); });
  if (count == 0) return;
  config.skipped_tensors.emplace_back(beginning);
  config.warnings.push_back({"skipped_tensors", std::string(beginning), std::to_string(count),
                             fmt::format("{} tensors {}* are not used: {}", count, beginning, what)});
}

void FinishCommon(ModelConfig& config) {
  if (config.head_dim == 0 && config.heads > 0) config.head_dim = config.hidden / config.heads;
  if (config.head_dim > 0) config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_dim));
  if (config.layers <= 4096) config.shapes.assign(config.layers, {});
}

ModelConfig CommonFromGguf(const Metadata& metadata, const TensorSource& tensors, std::string_view architecture,
                           const GgufRules& rules) {
  const GgufFields fields(metadata, architecture);
  ModelConfig config;
  config.architecture = architecture;
  if (const std::string* name = metadata.String("general.name")) config.name = *name;
  config.layers = fields.Size("block_count", kMostLayers);
  SkipPredictors(fields, tensors, config);
  config.hidden = fields.Size("embedding_length", kMostHidden);
  config.heads = fields.UniformSize("attention.head_count", kMostHeads);
  const std::vector<size_t> own_kv_heads = OwnSizes(fields, "attention.head_count_kv", config.heads, rules);
  const bool skips = rules.without_heads != Mixer::kAttention;
  config.kv_heads = !own_kv_heads.empty()
                        ? own_kv_heads[0]
                        : fields.OptionalUniformSize("attention.head_count_kv", skips).value_or(config.heads);
  if (config.kv_heads == 0 || config.heads % config.kv_heads != 0) {
    fields.Reject("attention.head_count_kv", config.kv_heads, fmt::format("must divide the {} heads", config.heads));
  }
  config.head_dim = fields.OptionalSize("attention.key_length").value_or(0);
  // A file where every layer has experts may say how wide those are alone.
  const std::vector<size_t> own_feed_forward = OwnSizes(fields, "feed_forward_length", kMostFeedForward, rules);
  const bool dense = own_feed_forward.empty() && fields.OptionalUniformSize("feed_forward_length").has_value();
  config.feed_forward =
      !own_feed_forward.empty()
          ? own_feed_forward[0]
          : fields.UniformSize(dense ? "feed_forward_length" : "expert_feed_forward_length", kMostFeedForward);
  config.context = fields.Size("context_length", SIZE_MAX);
  config.vocab = RequireMatrix(tensors, "token_embd.weight").shape[0];
  config.tied_embeddings = tensors.Find("output.weight") == nullptr;
  config.norm = rules.norm;
  const bool rms = rules.norm == NormType::kRms;
  config.norm_epsilon =
      static_cast<float>(fields.Float(rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon"));
  FinishCommon(config);
  if (skips) {
    const std::vector<bool> without =
        fields.LayersWithout("attention.head_count_kv", fields.Size("block_count", kMostLayers));
    for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
      if (without[layer]) config.shapes[layer].mixer = rules.without_heads;
    }
  }
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    if (!own_kv_heads.empty()) config.shapes[layer].kv_heads = own_kv_heads[layer];
    if (!own_feed_forward.empty()) config.shapes[layer].feed_forward = own_feed_forward[layer];
  }
  const auto value_length = fields.OptionalSize("attention.value_length");
  const bool latent =
      fields.OptionalSize("attention.kv_lora_rank").value_or(0) > 0;  // whose values have a length of their own
  if (!latent && value_length && *value_length != config.head_dim) {
    fields.Refuse("attention.value_length", *value_length,
                  fmt::format("must be the {} dimensions of keys: others are not supported", config.head_dim));
  }
  const auto vocab = fields.OptionalSize("vocab_size");
  if (vocab && *vocab > config.vocab) {
    fields.Reject("vocab_size", *vocab, fmt::format("the table token_embd.weight has {} rows", config.vocab));
  }
  return config;
}

ModelConfig CommonFromHf(const HfFields& fields, const TensorSource& tensors, std::string_view architecture,
                         const HfDefaults& defaults) {
  ModelConfig config;
  config.architecture = architecture;
  config.name = fields.String("_name_or_path").value_or("");
  config.layers = fields.Size("num_hidden_layers", kMostLayers);
  config.hidden = fields.Size("hidden_size", kMostHidden);
  config.heads = fields.Size("num_attention_heads", kMostHeads);
  const bool own = defaults.kv_heads == 0 || fields.IsNull("num_key_value_heads");
  config.kv_heads = fields.OptionalSize("num_key_value_heads").value_or(own ? config.heads : defaults.kv_heads);
  if (config.kv_heads == 0 || config.heads % config.kv_heads != 0) {
    fields.Reject("num_key_value_heads",
                  fmt::format("{} key heads must divide num_attention_heads, {}", config.kv_heads, config.heads));
  }
  config.head_dim = fields.OptionalSize("head_dim").value_or(defaults.head_dim);
  config.feed_forward = fields.Size(defaults.feed_forward_key, kMostFeedForward);
  config.context = fields.Size("max_position_embeddings", SIZE_MAX);
  config.vocab = RequireMatrix(tensors, NameInHf(tensors, "model.embed_tokens.weight")).shape[0];
  CheckVocab(fields, "model.embed_tokens.weight", config.vocab);
  config.tied_embeddings = TiedFromHf(fields, tensors, defaults.tied);
  SkipCompanions(tensors, config);
  config.norm_epsilon = static_cast<float>(EpsilonFromHf(fields, defaults.epsilon_key, defaults.norm_epsilon, config));
  FinishCommon(config);
  return config;
}

bool TiedFromHf(const HfFields& fields, const TensorSource& tensors, bool otherwise) {
  const bool tied = fields.Bool("tie_word_embeddings", otherwise);
  if (tensors.Find(NameInHf(tensors, "lm_head.weight"))) return false;
  if (!tied) {
    fields.Reject("tie_word_embeddings",
                  fmt::format("{}but there is no tensor lm_head.weight: set it to true if the embedding table is the "
                              "output, or add the tensor",
                              fields.Has("tie_word_embeddings") ? "" : "which means false, "));
  }
  return true;
}

ModelConfig InsideFromHf(const HfFields& fields, const TensorSource& tensors, bool tied,
                         const std::function<ModelConfig(const HfFields&)>& read) {
  const boost::json::object* inside = fields.Object("text_config");
  if (!inside) fields.Reject("text_config", "this family needs it");
  boost::json::object text = *inside;
  text["tie_word_embeddings"] = true;  // judged by the outer key below
  ModelConfig config = read(HfFields(text, "text_config."));
  config.tied_embeddings = TiedFromHf(fields, tensors, tied);
  return config;
}

void CheckVocab(const HfFields& fields, std::string_view table, size_t rows) {
  const auto vocab = fields.OptionalSize("vocab_size");
  if (vocab && *vocab != rows) fields.Reject("vocab_size", fmt::format("the table {} has {} rows", table, rows));
}

double EpsilonFromHf(const HfFields& fields, std::string_view field, double otherwise, ModelConfig& config) {
  const auto value = fields.OptionalFloat(field);
  if (value) return *value;
  config.warnings.push_back(
      {"missing_key", std::string(field), "",
       fmt::format("config.json has no {}: {} is taken, as transformers does", field, otherwise)});
  return otherwise;
}

Activation ActivationFromHf(const HfFields& fields, std::string_view field, std::string_view otherwise, bool gated) {
  const std::string name = fields.String(field).value_or(std::string(otherwise));
  for (const char* gelu : {"gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu_accurate"}) {
    if (name == gelu) return Activation::kGelu;
  }
  if (gated && (name == "silu" || name == "swish")) return Activation::kSilu;
  fields.Refuse(
      field, fmt::format("there is no kernel for it; these run: {}gelu_pytorch_tanh, gelu_new", gated ? "silu, " : ""));
}

size_t WindowFromHf(const HfFields& fields, size_t otherwise) {
  if (fields.IsNull("sliding_window")) return 0;
  const size_t window = fields.OptionalSize("sliding_window").value_or(otherwise);
  if (window == 0 && fields.Has("sliding_window"))
    fields.Reject("sliding_window", "must be at least 1, or null for none");
  return window;
}

bool WindowsFromLayerTypes(const HfFields& fields, size_t window, ModelConfig& config) {
  const boost::json::array* types = fields.Array("layer_types");
  if (!types) return false;
  if (types->size() != config.shapes.size()) {
    fields.Reject("layer_types", fmt::format("must have one entry for each of the {} layers", config.layers));
  }
  for (size_t layer = 0; layer < types->size(); ++layer) {
    const boost::json::value& type = (*types)[layer];
    if (type == "sliding_attention") {
      if (window == 0) fields.Reject("layer_types", "but no sliding_window is in force");
      config.shapes[layer].window = window;
    } else if (type != "full_attention" && type != "attention") {
      fields.Refuse("layer_types", fmt::format("layer {} must be full_attention or sliding_attention", layer));
    }
  }
  return true;
}

void AlternateWindows(size_t window, size_t period, ModelConfig& config) {
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    config.shapes[layer].window = (layer + 1) % period == 0 ? 0 : window;
  }
}

void WindowsFromGguf(const GgufFields& fields, size_t window, size_t otherwise, ModelConfig& config) {
  constexpr std::string_view kPattern = "attention.sliding_window_pattern";
  if (const auto flags = fields.OptionalFlags(kPattern, fields.Size("block_count", kMostLayers))) {
    for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
      config.shapes[layer].window = (*flags)[layer] ? window : 0;
    }
    return;
  }
  const size_t period = fields.OptionalSize(kPattern).value_or(otherwise);
  if (period == 0) fields.Reject(kPattern, period, "must be at least 1");
  AlternateWindows(window, period, config);
}

void UseTwoRopes(RopeConfig global, RopeConfig local, ModelConfig& config) {
  config.ropes = {std::move(global), std::move(local)};
  for (LayerShape& shape : config.shapes) shape.rope = shape.window > 0 ? 1 : 0;
}

void UseOneRope(RopeConfig rope, ModelConfig& config) {
  config.ropes = {std::move(rope)};
  for (LayerShape& shape : config.shapes) shape.rope = 0;
}

void TurnNothing(ModelConfig& config) {
  for (LayerShape& shape : config.shapes) shape.rope = kNoRope;
}

void UseOneWindow(size_t window, ModelConfig& config) {
  for (LayerShape& shape : config.shapes) shape.window = window;
}

}  // namespace sheepop
