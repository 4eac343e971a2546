// Llama 1 to 3 and what is built like it: SmolLM2, TinyLlama, Mistral, Mixtral. RMS norm, rotary positions, grouped heads,
// SwiGLU, in Mixtral by experts. Touvron et al., arXiv:2302.13971 and arXiv:2307.09288; Jiang et al., arXiv:2401.04088;
// https://huggingface.co/docs/transformers/model_doc/llama.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/expert_reading.h"
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
constexpr KeyRule kMixtralKeys[] = {
    {"hidden_act"},
    {"sliding_window"},
    {"num_local_experts"},
    {"num_experts"},
    {"num_experts_per_tok"},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
    {"router_jitter_noise", KeyUse::kHarmless},
};
constexpr HfType kHfTypes[] = {{"llama", "LlamaForCausalLM", kKeys},
                               {"mistral", "MistralForCausalLM", kMistralKeys},
                               {"mixtral", "MixtralForCausalLM", kMixtralKeys}};
constexpr HfExpertKeys kExpertKeys{.count = "num_local_experts", .feed_forward = "intermediate_size"};
constexpr HfExpertNames kExpertNames{.router = "block_sparse_moe.gate.weight",
                                     .experts = "block_sparse_moe.experts",
                                     .gate = "w1",
                                     .up = "w3",
                                     .down = "w2"};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  UseOneRope(std::move(rope), config);
  ExpertsFromGguf(fields, tensors, config);
  return config;
}

bool HasExperts(const ModelConfig& config) { return std::ranges::any_of(config.shapes, &LayerShape::experts); }

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const std::string type = fields.String("model_type").value_or("llama");
  const bool mixtral = type == "mixtral";
  ModelConfig config = CommonFromHf(
      fields, tensors, kName, {.norm_epsilon = mixtral ? 1e-5 : 1e-6, .kv_heads = type == "llama" ? size_t{0} : 8});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {.theta = mixtral ? 1e6 : 1e4}, options, config), config);
  if (type == "mistral") UseOneWindow(WindowFromHf(fields, 4096), config);
  if (!mixtral) return config;
  UseOneWindow(WindowFromHf(fields, 0), config);
  ExpertsFromHf(fields, kExpertKeys, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  return out;
}

// Mistral's configuration has what Llama's lacks, a window.
boost::json::object ToHf(const ModelConfig& config) {
  const bool windowed = std::ranges::any_of(config.shapes, [](const LayerShape& shape) { return shape.window > 0; });
  boost::json::object out = CommonToHf(config, kHfTypes[HasExperts(config) ? 2 : windowed ? 1 : 0]);
  if (HasExperts(config)) ExpertsToHf(config, kExpertKeys, out);
  if (windowed) out["sliding_window"] = config.shapes[0].window;
  return out;
}

Location LocateHfLlama(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  return LocateHfExperts(kExpertNames, config, parameter, source);
}

}  // namespace

extern const Architecture kLlama = {
    kName,         "Llama 1 to 3.3, SmolLM2, TinyLlama, Mistral 7B and Nemo, Falcon 3, MiniCPM 5, Mixtral",
    kHfTypes,      kGgufExpertKeys,
    true,          FromGguf,
    FromHf,        ToGguf,
    ToHf,          LocateGguf,
    LocateHfLlama, PreNormLayer};

}  // namespace sheepop
