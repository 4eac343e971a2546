// Qwen 2 (biases on q, k, v) and Qwen 3 (RMS norm of each query and key head instead). arXiv:2407.10671, arXiv:2505.09388.
#include <array>
#include <boost/json/object.hpp>

#include "base/error.h"
#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName2 = "qwen2", kName3 = "qwen3";
constexpr std::array<HfType, 1> kHfTypes2 = {{{"qwen2", "Qwen2ForCausalLM"}}};
constexpr std::array<HfType, 1> kHfTypes3 = {{{"qwen3", "Qwen3ForCausalLM"}}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options,
                     std::string_view name) {
  ModelConfig config = CommonFromGguf(metadata, tensors, name);
  UseOneRope(RopeFromGguf(GgufFields(metadata, name), tensors, options, config), config);
  return config;
}

ModelConfig FromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                   std::string_view name, const HfDefaults& defaults) {
  ModelConfig config = CommonFromHf(fields, tensors, name, defaults);
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  if (fields.Bool("use_sliding_window", false)) {
    const size_t window = fields.Size("sliding_window");
    const size_t first = fields.OptionalSize("max_window_layers").value_or(config.layers);
    for (size_t layer = first; layer < config.layers; ++layer) config.shapes[layer].window = window;
  }
  return config;
}

ModelConfig FromGguf2(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kName2);
  config.attention_bias = true;
  return config;
}

ModelConfig FromGguf3(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromGguf(metadata, tensors, options, kName3);
  config.query_key_norm = true;
  return config;
}

ModelConfig FromHf2(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = FromHf(HfFields(json), tensors, options, kName2, {.kv_heads = 32});
  config.attention_bias = true;
  return config;
}

ModelConfig FromHf3(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  if (fields.Bool("attention_bias", false)) fields.Refuse("attention_bias", "not supported in this family");
  ModelConfig config = FromHf(fields, tensors, options, kName3, {.kv_heads = 32, .head_dim = 128});
  config.query_key_norm = true;
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }
boost::json::object ToHf2(const ModelConfig& config) { return CommonToHf(config, kHfTypes2[0]); }
boost::json::object ToHf3(const ModelConfig& config) { return CommonToHf(config, kHfTypes3[0]); }

}  // namespace

extern const Architecture kQwen2 = {kName2, kHfTypes2,  FromGguf2, FromHf2,     ToGguf,
                                    ToHf2,  LocateGguf, LocateHf,  PreNormLayer};
extern const Architecture kQwen3 = {kName3, kHfTypes3,  FromGguf3, FromHf3,     ToGguf,
                                    ToHf3,  LocateGguf, LocateHf,  PreNormLayer};

}  // namespace sheepop
