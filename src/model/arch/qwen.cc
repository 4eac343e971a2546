// Qwen 2 (biases on q, k, v) and Qwen 3 (RMS norm of each query and key head instead). arXiv:2407.10671, arXiv:2505.09388.
#include <array>
#include <string_view>

#include "base/error.h"
#include "model/arch/llama.h"
#include "model/config_reading.h"

namespace sheepop {
namespace {

constexpr std::array<std::string_view, 1> kHf2 = {"qwen2"}, kHf3 = {"qwen3"};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     const Architecture& architecture) {
  ModelConfig config = CommonFromGguf(metadata, tensors, architecture);
  RopeFromGguf(metadata, tensors, architecture, options, config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options,
                   const Architecture& architecture) {
  ModelConfig config = CommonFromHf(json, tensors, architecture);
  const HfFields fields(json);
  RopeFromHf(json, options, config);
  if (fields.Bool("use_sliding_window", false)) {
    const size_t window = fields.Size("sliding_window");
    const size_t first = fields.OptionalSize("max_window_layers").value_or(config.layers);
    for (size_t layer = first; layer < config.layers; ++layer) config.layer_window[layer] = window;
  }
  return config;
}

ModelConfig Qwen2(ModelConfig config) {
  config.attention_bias = true;
  return config;
}

ModelConfig Qwen3(ModelConfig config) {
  config.query_key_norm = true;
  return config;
}

ModelConfig Qwen2FromGguf(const Metadata& m, const TensorSource& t, const ConfigOptions& o) {
  return Qwen2(FromGguf(m, t, o, kQwen2));
}
ModelConfig Qwen2FromHf(const boost::json::object& j, const TensorSource& t, const ConfigOptions& o) {
  return Qwen2(FromHf(j, t, o, kQwen2));
}
ModelConfig Qwen3FromGguf(const Metadata& m, const TensorSource& t, const ConfigOptions& o) {
  return Qwen3(FromGguf(m, t, o, kQwen3));
}
ModelConfig Qwen3FromHf(const boost::json::object& j, const TensorSource& t, const ConfigOptions& o) {
  if (HfFields(j).Bool("attention_bias", false)) {
    throw Error(ErrorCategory::kUnsupported, "config.json: attention_bias is true; not supported for qwen3");
  }
  return Qwen3(FromHf(j, t, o, kQwen3));
}

}  // namespace

const Architecture kQwen2 = {"qwen2",     kHf2,       "Qwen2ForCausalLM", Qwen2FromGguf,
                             Qwen2FromHf, LocateGguf, LocateHf,           LlamaLayer};
const Architecture kQwen3 = {"qwen3",     kHf3,       "Qwen3ForCausalLM", Qwen3FromGguf,
                             Qwen3FromHf, LocateGguf, LocateHf,           LlamaLayer};

}  // namespace sheepop
