// Llama 1 to 3 and what is built like it: SmolLM2, TinyLlama, Mistral. RMS norm, rotary positions, grouped heads, SwiGLU.
// Touvron et al., arXiv:2302.13971 and arXiv:2307.09288; https://huggingface.co/docs/transformers/model_doc/llama.
#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "base/error.h"
#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "llama";
constexpr std::array<HfType, 2> kHfTypes = {{{"llama", "LlamaForCausalLM"}, {"mistral", "MistralForCausalLM"}}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  UseOneRope(std::move(rope), config);
  if (fields.OptionalSize("expert_count").value_or(0) > 0) {
    throw Error(ErrorCategory::kUnsupported, "mixture-of-experts models (llama.expert_count) are not supported");
  }
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const bool mistral = fields.String("model_type") == "mistral";
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = mistral ? size_t{8} : 0});
  for (const char* bias : {"attention_bias", "mlp_bias"}) {
    if (fields.Bool(bias, false)) fields.Refuse(bias, "biases are not supported in this family");
  }
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  if (mistral) UseOneWindow(fields.OptionalSize("sliding_window").value_or(0), config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }

// Mistral's configuration has what Llama's lacks, a window.
boost::json::object ToHf(const ModelConfig& config) {
  const bool windowed = std::ranges::any_of(config.shapes, [](const LayerShape& shape) { return shape.window > 0; });
  boost::json::object out = CommonToHf(config, kHfTypes[windowed ? 1 : 0]);
  if (windowed) out["sliding_window"] = config.shapes[0].window;
  return out;
}

}  // namespace

extern const Architecture kLlama = {kName, kHfTypes,   FromGguf, FromHf,      ToGguf,
                                    ToHf,  LocateGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
