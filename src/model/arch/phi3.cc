// Phi-3: the usual layer with q, k, v in one tensor and gate, up in another, LongRoPE in the long-context variants.
// arXiv:2404.14219; https://huggingface.co/docs/transformers/model_doc/phi3.

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "phi3";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"sliding_window"},
    {"resid_pdrop", KeyUse::kHarmless},
    {"embd_pdrop", KeyUse::kHarmless},
};
constexpr KeyRule kGgufKeys[] = {{"attention.sliding_window"}};
constexpr HfType kHfTypes[] = {{"phi3", "Phi3ForCausalLM", kKeys}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  const GgufFields fields(metadata, kName);
  UseOneRope(RopeFromGguf(fields, tensors, options, config), config);
  UseOneWindow(fields.OptionalSize("attention.sliding_window").value_or(0), config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  const HfRopeRules rules{
      .types = "default, longrope", .partial = true, .old_longrope_names = true, .original_context = 4096};
  UseOneRope(RopeFromHf(fields, rules, options, config), config);
  if (config.ropes[0].long_rope && config.head_dim * config.heads != config.hidden) {
    fields.Refuse("head_dim", fmt::format("longrope of this class needs hidden_size / num_attention_heads, {}",
                                          config.hidden / std::max<size_t>(1, config.heads)));
  }
  UseOneWindow(WindowFromHf(fields, 0), config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  GgufKeys(kName, out).Size("attention.sliding_window", config.shapes[0].window);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  const size_t window = config.shapes[0].window;
  out["sliding_window"] = window > 0 ? boost::json::value(window) : nullptr;
  out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  return out;
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

Location LocateInGguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Fused fused = FusedOf(config, parameter.role);
  if (fused.gguf.empty()) return LocateGguf(config, parameter, source);
  return {fmt::format("blk.{}.{}", parameter.layer, fused.gguf), true, fused.row_begin};
}

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const Fused fused = FusedOf(config, parameter.role);
  if (fused.hf.empty()) return LocateHf(config, parameter, source);
  return {fmt::format("model.layers.{}.{}", parameter.layer, fused.hf), true, fused.row_begin};
}

}  // namespace

extern const Architecture kPhi3 = {kName,      "Phi-3, Phi-3.5, Phi-4",
                                   kHfTypes,   kGgufKeys,
                                   true,       FromGguf,
                                   FromHf,     ToGguf,
                                   ToHf,       LocateInGguf,
                                   LocateInHf, PreNormLayer};

}  // namespace sheepop
