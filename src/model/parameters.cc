#include "model/parameters.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace sheepop {
namespace {

struct RoleName {
  Role role;
  std::string_view name;
  bool in_layer;
};

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "Standardized tensor names".
constexpr std::array<RoleName, kRoles> kNames = {{
    {Role::kTokenEmbedding, "token_embd.weight", false},
    {Role::kPositionEmbedding, "position_embd.weight", false},
    {Role::kOutputNorm, "output_norm.weight", false},
    {Role::kOutputNormBias, "output_norm.bias", false},
    {Role::kOutput, "output.weight", false},
    {Role::kAttentionNorm, "attn_norm.weight", true},
    {Role::kAttentionNormBias, "attn_norm.bias", true},
    {Role::kQuery, "attn_q.weight", true},
    {Role::kQueryBias, "attn_q.bias", true},
    {Role::kKey, "attn_k.weight", true},
    {Role::kKeyBias, "attn_k.bias", true},
    {Role::kValue, "attn_v.weight", true},
    {Role::kValueBias, "attn_v.bias", true},
    {Role::kQueryNorm, "attn_q_norm.weight", true},
    {Role::kKeyNorm, "attn_k_norm.weight", true},
    {Role::kAttentionOutput, "attn_output.weight", true},
    {Role::kAttentionOutputBias, "attn_output.bias", true},
    {Role::kPostAttentionNorm, "post_attention_norm.weight", true},
    {Role::kFeedForwardNorm, "ffn_norm.weight", true},
    {Role::kFeedForwardNormBias, "ffn_norm.bias", true},
    {Role::kGate, "ffn_gate.weight", true},
    {Role::kUp, "ffn_up.weight", true},
    {Role::kUpBias, "ffn_up.bias", true},
    {Role::kDown, "ffn_down.weight", true},
    {Role::kDownBias, "ffn_down.bias", true},
    {Role::kPostFeedForwardNorm, "post_ffw_norm.weight", true},
}};

class Lister {
 public:
  explicit Lister(const ModelConfig& config) : c_(config) {}

  std::vector<Parameter> List() {
    Add(Role::kTokenEmbedding, {c_.vocab, c_.hidden});
    if (c_.learned_positions) Add(Role::kPositionEmbedding, {c_.context, c_.hidden});
    for (layer_ = 0; layer_ < c_.layers; ++layer_) {
      Attention();
      FeedForward();
    }
    layer_ = 0;
    Norm(Role::kOutputNorm, Role::kOutputNormBias);
    if (!c_.tied_embeddings) Add(Role::kOutput, {c_.vocab, c_.hidden});
    return std::move(list_);
  }

 private:
  void Add(Role role, std::vector<size_t> shape) {
    list_.push_back({role, layer_, GgufName(role, layer_), std::move(shape)});
  }

  void Linear(Role weight, Role bias, bool has_bias, size_t rows, size_t cols) {
    Add(weight, {rows, cols});
    if (has_bias) Add(bias, {rows});
  }

  void Norm(Role weight, Role bias) {
    Add(weight, {c_.hidden});
    if (c_.norm == NormType::kLayer) Add(bias, {c_.hidden});
  }

  void Attention() {
    Norm(Role::kAttentionNorm, Role::kAttentionNormBias);
    Linear(Role::kQuery, Role::kQueryBias, c_.attention_bias, c_.query_width(), c_.hidden);
    Linear(Role::kKey, Role::kKeyBias, c_.attention_bias, c_.kv_width(), c_.hidden);
    Linear(Role::kValue, Role::kValueBias, c_.attention_bias, c_.kv_width(), c_.hidden);
    if (c_.query_key_norm) {
      Add(Role::kQueryNorm, {c_.head_dim});
      Add(Role::kKeyNorm, {c_.head_dim});
    }
    Linear(Role::kAttentionOutput, Role::kAttentionOutputBias, c_.projection_bias, c_.hidden, c_.query_width());
    if (c_.post_norms) Add(Role::kPostAttentionNorm, {c_.hidden});
  }

  void FeedForward() {
    Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias);
    if (c_.gated) Add(Role::kGate, {c_.feed_forward, c_.hidden});
    Linear(Role::kUp, Role::kUpBias, c_.projection_bias, c_.feed_forward, c_.hidden);
    Linear(Role::kDown, Role::kDownBias, c_.projection_bias, c_.hidden, c_.feed_forward);
    if (c_.post_norms) Add(Role::kPostFeedForwardNorm, {c_.hidden});
  }

  const ModelConfig& c_;
  size_t layer_ = 0;
  std::vector<Parameter> list_;
};

}  // namespace

std::vector<Parameter> ParametersOf(const ModelConfig& config) { return Lister(config).List(); }

size_t ParameterCount(const ModelConfig& config) {
  size_t count = 0;
  ForEachParameter(config, [&](const Parameter& parameter) { count += parameter.count(); });
  return count;
}

std::string GgufName(Role role, size_t layer) {
  const RoleName& entry = kNames[static_cast<size_t>(role)];
  return entry.in_layer ? fmt::format("blk.{}.{}", layer, entry.name) : std::string(entry.name);
}

}  // namespace sheepop
