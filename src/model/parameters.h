// The one list of a model's parameters: load, save, init, count, quantise, optimise and gradient check walk it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace sheepop {

enum class Role : uint8_t {
  kTokenEmbedding,        // [vocab, hidden]
  kPositionEmbedding,     // [context, hidden]
  kLayerInputTable,       // [vocab, layers * layer_input], which stays in the file: single rows are read
  kLayerInputProjection,  // [layers * layer_input, hidden]
  kLayerInputNorm,        // [layer_input]
  kOutputNorm,            // [hidden]
  kOutputNormBias,
  kOutput,  // [vocab, hidden]
  // One of each a layer:
  kAttentionNorm,  // [hidden]
  kAttentionNormBias,
  kQuery,  // [heads * head_dim, hidden], or twice the rows where there is a gate: head by head
  kQueryBias,
  kKey,  // [kv_heads * head_dim, hidden]
  kKeyBias,
  kValue,
  kValueBias,
  kQueryNorm,        // [head_dim], or [heads * head_dim] of all heads as one
  kKeyNorm,          // [head_dim], or [kv_heads * head_dim]
  kAttentionOutput,  // [hidden, heads * head_dim]
  kAttentionOutputBias,
  kSinks,  // [heads]
  // Of attention over latents, instead of query, key and value; kQuery where queries have no rank:
  kQueryDown,          // [query_rank, hidden]
  kQueryDownNorm,      // [query_rank]
  kQueryUp,            // [heads * (content + rotary), query_rank]
  kLatent,             // [rank + rotary, hidden]
  kLatentNorm,         // [rank]
  kLatentKey,          // [rank, content], one a head
  kLatentValue,        // [value, rank], one a head
  kPostAttentionNorm,  // [hidden]
  kFeedForwardNorm,
  kFeedForwardNormBias,
  kGate,  // [feed_forward, hidden]
  kUp,
  kUpBias,
  kDown,  // [hidden, feed_forward]
  kDownBias,
  kPostFeedForwardNorm,
  kLayerInputGate,      // [layer_input, hidden]
  kLayerInputOutput,    // [hidden, layer_input]
  kPostLayerInputNorm,  // [hidden]
  kLayerScale,          // [1]
  // Of a short convolution, instead of attention:
  kConvolutionInput,   // [3 * hidden, hidden]: what gates the input, what gates the result, and the input itself
  kConvolution,        // [hidden * convolution]: a channel's weights together, the oldest position first
  kConvolutionOutput,  // [hidden, hidden]
  // Of a gated delta net, instead of attention:
  kDeltaInput,        // [channels, hidden]: queries, keys, values
  kDeltaGate,         // [values, hidden]
  kDeltaBeta,         // [value_heads, hidden]
  kDeltaAlpha,        // [value_heads, hidden]
  kDeltaConvolution,  // [channels * convolution]
  kDeltaTimeBias,     // [value_heads]
  kDeltaDecay,        // [value_heads], negative
  kDeltaNorm,         // [value_dim]
  kDeltaOutput,       // [hidden, values]
  // Of a mixture of experts, instead of gate, up and down or beside them:
  kRouter,            // [experts, hidden]
  kRouterBias,        // [experts]
  kExpertChoiceBias,  // [experts]
  kRouterInputScale,  // [hidden]
  kExpertScale,       // [experts]
  kPostDenseNorm,     // [hidden]
  kExpertNorm,        // [hidden]
  kPostExpertNorm,    // [hidden]
  kSharedInput,       // [hidden]
  kSharedGate,        // [shared_feed_forward, hidden]
  kSharedUp,
  kSharedDown,  // [hidden, shared_feed_forward]
  // One of each an expert:
  kExpertGate,  // [feed_forward, hidden]
  kExpertGateBias,
  kExpertUp,
  kExpertUpBias,
  kExpertDown,  // [hidden, feed_forward]
  kExpertDownBias,
};
inline constexpr size_t kRoles = static_cast<size_t>(Role::kExpertDownBias) + 1;
inline constexpr Role kFirstExpertRole = Role::kExpertGate;
inline constexpr size_t kExpertRoles = kRoles - static_cast<size_t>(kFirstExpertRole);
constexpr bool IsOfExpert(Role role) { return role >= kFirstExpertRole; }
// Not repacked, nor held in memory: a row at a time is read from the file.
constexpr bool StaysInFile(Role role) { return role == Role::kLayerInputTable; }
inline constexpr Role kFirstHeadRole = Role::kLatentKey;
inline constexpr size_t kHeadRoles = 2;
constexpr bool IsOfHead(Role role) { return role == Role::kLatentKey || role == Role::kLatentValue; }

struct Parameter {
  Role role;
  size_t layer;               // 0 for the ones outside the layers
  std::string name;           // as GGUF names it: "blk.3.attn_q.weight"; those of all experts or heads are one tensor
  std::vector<size_t> shape;  // [rows (outputs), cols (inputs)] or [n]
  size_t expert = 0;          // 0 for what is no expert's
  size_t head = 0;            // 0 for what is no head's

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
// Of those alone that one row goes through: the experts that it did not choose are left out.
size_t ActiveParameterCount(const ModelConfig& config);

// The GGUF name of a role, without "blk.N." for the ones in a layer: "attn_q.weight".
std::string GgufName(Role role, size_t layer);

}  // namespace sheepop
