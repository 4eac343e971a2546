// Llama 1 to 3 and what is built like it: SmolLM2, TinyLlama, Mistral. RMS norm, rotary positions, grouped heads, SwiGLU.
// Touvron et al., arXiv:2302.13971 and arXiv:2307.09288; https://huggingface.co/docs/transformers/model_doc/llama.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "llama";
constexpr std::string_view kBias = "biases in this family";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
    {"is_llama_config", KeyUse::kHarmless},
};
constexpr KeyRule kMistralKeys[] = {{"hidden_act"}, {"sliding_window"}};
constexpr HfType kHfTypes[] = {{"llama", "LlamaForCausalLM", kKeys}, {"mistral", "MistralForCausalLM", kMistralKeys}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  UseOneRope(std::move(rope), config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const bool mistral = fields.String("model_type") == "mistral";
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = mistral ? size_t{8} : 0});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  if (mistral) UseOneWindow(WindowFromHf(fields, 4096), config);
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

extern const Architecture kLlama = {kName,  kHfTypes, {},         true,     FromGguf,    FromHf,
                                    ToGguf, ToHf,     LocateGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
