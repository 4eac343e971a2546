// Phi-3: the Llama layer with q, k, v in one tensor and gate, up in another, LongRoPE in the long-context variants.
// arXiv:2404.14219; https://huggingface.co/docs/transformers/model_doc/phi3.
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "model/arch/llama.h"
#include "model/config_reading.h"

namespace sheepop {
namespace {

constexpr std::array<std::string_view, 1> kHfTypes = {"phi3"};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kPhi3);
  RopeFromGguf(metadata, tensors, kPhi3, options, config);
  const GgufFields fields(metadata, kPhi3.name);
  config.layer_window.assign(config.layers, fields.OptionalSize("attention.sliding_window").value_or(0));
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromHf(json, tensors, kPhi3);
  RopeFromHf(json, options, config);
  config.layer_window.assign(config.layers, HfFields(json).OptionalSize("sliding_window").value_or(0));
  return config;
}

// The fused tensor of a role and the row where the role begins; empty names for the others.
struct Fused {
  std::string_view gguf, hf;
  size_t row_begin;
};

Fused FusedOf(const ModelConfig& config, Role role) {
  constexpr std::string_view kQkvGguf = "attn_qkv.weight", kQkvHf = "self_attn.qkv_proj.weight";
  constexpr std::string_view kUpGguf = "ffn_up.weight", kUpHf = "mlp.gate_up_proj.weight";
  switch (role) {
    case Role::kQuery: return {kQkvGguf, kQkvHf, 0};
    case Role::kKey: return {kQkvGguf, kQkvHf, config.query_width()};
    case Role::kValue: return {kQkvGguf, kQkvHf, config.query_width() + config.kv_width()};
    case Role::kGate: return {kUpGguf, kUpHf, 0};
    case Role::kUp: return {kUpGguf, kUpHf, config.feed_forward};
    default: return {};
  }
}

Location LocatePhi3Gguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Fused fused = FusedOf(config, parameter.role);
  if (fused.gguf.empty()) return LocateGguf(config, parameter, source);
  return {fmt::format("blk.{}.{}", parameter.layer, fused.gguf), true, fused.row_begin};
}

Location LocatePhi3Hf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Fused fused = FusedOf(config, parameter.role);
  if (fused.hf.empty()) return LocateHf(config, parameter, source);
  return {fmt::format("model.layers.{}.{}", parameter.layer, fused.hf), true, fused.row_begin};
}

}  // namespace

const Architecture kPhi3 = {"phi3", kHfTypes,       "Phi3ForCausalLM", FromGguf,
                            FromHf, LocatePhi3Gguf, LocatePhi3Hf,      LlamaLayer};

}  // namespace sheepop
