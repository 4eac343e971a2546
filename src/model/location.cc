#include "model/location.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace sheepop {

Location LocateGguf(const ModelConfig&, const Parameter& parameter, const TensorSource&) { return {parameter.name}; }

Location LocateHf(const ModelConfig&, const Parameter& parameter, const TensorSource&) {
  struct Name {
    Role role;
    std::string_view name;
  };
  static constexpr std::array<Name, 18> kNames = {{
      {Role::kAttentionNorm, "input_layernorm.weight"},
      {Role::kQuery, "self_attn.q_proj.weight"},
      {Role::kQueryBias, "self_attn.q_proj.bias"},
      {Role::kKey, "self_attn.k_proj.weight"},
      {Role::kKeyBias, "self_attn.k_proj.bias"},
      {Role::kValue, "self_attn.v_proj.weight"},
      {Role::kValueBias, "self_attn.v_proj.bias"},
      {Role::kQueryNorm, "self_attn.q_norm.weight"},
      {Role::kKeyNorm, "self_attn.k_norm.weight"},
      {Role::kAttentionOutput, "self_attn.o_proj.weight"},
      {Role::kFeedForwardNorm, "post_attention_layernorm.weight"},
      {Role::kGate, "mlp.gate_proj.weight"},
      {Role::kUp, "mlp.up_proj.weight"},
      {Role::kDown, "mlp.down_proj.weight"},
      {Role::kTokenEmbedding, "embed_tokens.weight"},
      {Role::kOutputNorm, "norm.weight"},
      {Role::kPostAttentionNorm, "post_attention_layernorm.weight"},
      {Role::kPostFeedForwardNorm, "post_feedforward_layernorm.weight"},
  }};
  if (parameter.role == Role::kOutput) return {"lm_head.weight"};
  const auto found = std::ranges::find(kNames, parameter.role, &Name::role);
  if (found == kNames.end()) {
    throw Error(ErrorCategory::kUnsupported, "{} has no place in a Hugging Face folder", parameter.name);
  }
  const bool outside = parameter.role == Role::kTokenEmbedding || parameter.role == Role::kOutputNorm;
  return {outside ? fmt::format("model.{}", found->name)
                  : fmt::format("model.layers.{}.{}", parameter.layer, found->name)};
}

}  // namespace sheepop
