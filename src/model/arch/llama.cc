// Llama 1 to 3 and what is built like it: SmolLM2, TinyLlama, Mistral. RMS norm, rotary positions, grouped heads, SwiGLU.
// Touvron et al., arXiv:2302.13971 and arXiv:2307.09288; https://huggingface.co/docs/transformers/model_doc/llama.
#include "model/arch/llama.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "model/config_reading.h"
#include "model/decoder_pass.h"

namespace sheepop {
namespace {

constexpr std::array<std::string_view, 2> kHfTypes = {"llama", "mistral"};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kLlama);
  RopeFromGguf(metadata, tensors, kLlama, options, config);
  // GGUF writers permute this family's query and key rows for neighbouring pairs.
  config.ropes[0].interleaved = true;
  if (GgufFields(metadata, kLlama.name).OptionalSize("expert_count").value_or(0) > 0) {
    throw Error(ErrorCategory::kUnsupported, "mixture-of-experts models (llama.expert_count) are not supported");
  }
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromHf(json, tensors, kLlama);
  const HfFields fields(json);
  for (const char* bias : {"attention_bias", "mlp_bias"}) {
    if (fields.Bool(bias, false)) {
      throw Error(ErrorCategory::kUnsupported, "config.json: {} is true; biases are not supported in this family",
                  bias);
    }
  }
  RopeFromHf(json, options, config);
  const bool mistral = fields.String("model_type") == "mistral";
  if (mistral) config.layer_window.assign(config.layers, fields.OptionalSize("sliding_window").value_or(0));
  return config;
}

}  // namespace

void LlamaLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kStream);
  pass.Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer);
  pass.FeedForward(layer, DecoderPass::Into::kStream);
}

const Architecture kLlama = {"llama", kHfTypes, "LlamaForCausalLM", FromGguf, FromHf, LocateGguf, LocateHf, LlamaLayer};

}  // namespace sheepop
