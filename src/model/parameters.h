// The one list of a model's parameters: load, save, init, count, quantise, optimise and gradient check walk it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace sheepop {

enum class Role : uint8_t {
  kTokenEmbedding,     // [vocab, hidden]
  kPositionEmbedding,  // [context, hidden]
  kOutputNorm,         // [hidden]
  kOutputNormBias,
  kOutput,  // [vocab, hidden]
  // One of each a layer:
  kAttentionNorm,  // [hidden]
  kAttentionNormBias,
  kQuery,  // [heads * head_dim, hidden]
  kQueryBias,
  kKey,  // [kv_heads * head_dim, hidden]
  kKeyBias,
  kValue,
  kValueBias,
  kQueryNorm,        // [head_dim]
  kKeyNorm,          // [head_dim]
  kAttentionOutput,  // [hidden, heads * head_dim]
  kAttentionOutputBias,
  kPostAttentionNorm,  // [hidden]
  kFeedForwardNorm,
  kFeedForwardNormBias,
  kGate,  // [feed_forward, hidden]
  kUp,
  kUpBias,
  kDown,  // [hidden, feed_forward]
  kDownBias,
  kPostFeedForwardNorm,
};
inline constexpr size_t kRoles = static_cast<size_t>(Role::kPostFeedForwardNorm) + 1;

struct Parameter {
  Role role;
  size_t layer;               // 0 for the ones outside the layers
  std::string name;           // as GGUF names it: "blk.3.attn_q.weight"
  std::vector<size_t> shape;  // [rows (outputs), cols (inputs)] or [n]

  bool is_matrix() const { return shape.size() == 2; }
  size_t count() const { return is_matrix() ? shape[0] * shape[1] : shape[0]; }
};

// In the order of execution.
std::vector<Parameter> ParametersOf(const ModelConfig& config);

template <typename Visit>
void ForEachParameter(const ModelConfig& config, Visit&& visit) {
  for (const Parameter& parameter : ParametersOf(config)) visit(parameter);
}

size_t ParameterCount(const ModelConfig& config);

// The GGUF name of a role, without "blk.N." for the ones in a layer: "attn_q.weight".
std::string GgufName(Role role, size_t layer);

}  // namespace sheepop
