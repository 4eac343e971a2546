#include "model/config_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/error.h"

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

}  // namespace

void FinishCommon(ModelConfig& config) {
  if (config.head_dim == 0 && config.heads > 0) config.head_dim = config.hidden / config.heads;
  if (config.head_dim > 0) config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_dim));
  if (config.layers <= 4096) config.shapes.assign(config.layers, {});
}

ModelConfig CommonFromGguf(const Metadata& metadata, const TensorSource& tensors, std::string_view architecture,
                           NormType norm) {
  const GgufFields fields(metadata, architecture);
  ModelConfig config;
  config.architecture = architecture;
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
  config.norm = norm;
  const bool rms = norm == NormType::kRms;
  config.norm_epsilon =
      static_cast<float>(fields.Float(rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", 1e-5));
  FinishCommon(config);
  const auto value_length = fields.OptionalSize("attention.value_length");
  if (value_length && *value_length != config.head_dim) {
    throw Error(ErrorCategory::kUnsupported, "keys have {} dimensions and values {}: only equal ones are supported",
                config.head_dim, *value_length);
  }
  return config;
}

ModelConfig CommonFromHf(const HfFields& fields, const TensorSource& tensors, std::string_view architecture,
                         const HfDefaults& defaults) {
  ModelConfig config;
  config.architecture = architecture;
  config.name = fields.String("_name_or_path").value_or("");
  config.layers = fields.Size("num_hidden_layers");
  config.hidden = fields.Size("hidden_size");
  config.heads = fields.Size("num_attention_heads");
  const bool own = defaults.kv_heads == 0 || fields.IsNull("num_key_value_heads");
  config.kv_heads = fields.OptionalSize("num_key_value_heads").value_or(own ? config.heads : defaults.kv_heads);
  config.head_dim = fields.OptionalSize("head_dim").value_or(defaults.head_dim);
  config.feed_forward = fields.Size("intermediate_size");
  config.context = fields.Size("max_position_embeddings");
  config.vocab = RequireMatrix(tensors, "model.embed_tokens.weight").shape[0];
  config.tied_embeddings = tensors.Find("lm_head.weight") == nullptr;
  config.norm_epsilon = static_cast<float>(fields.Float("rms_norm_eps", defaults.norm_epsilon));
  FinishCommon(config);
  return config;
}

void UseOneRope(RopeConfig rope, ModelConfig& config) {
  config.ropes = {std::move(rope)};
  for (LayerShape& shape : config.shapes) shape.rope = 0;
}

void UseOneWindow(size_t window, ModelConfig& config) {
  for (LayerShape& shape : config.shapes) shape.window = window;
}

}  // namespace sheepop
