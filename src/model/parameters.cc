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
    {Role::kLayerInputTable, "per_layer_token_embd.weight", false},
    {Role::kLayerInputProjection, "per_layer_model_proj.weight", false},
    {Role::kLayerInputNorm, "per_layer_proj_norm.weight", false},
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
    {Role::kSinks, "attn_sinks.weight", true},
    {Role::kQueryDown, "attn_q_a.weight", true},
    {Role::kQueryDownNorm, "attn_q_a_norm.weight", true},
    {Role::kQueryUp, "attn_q_b.weight", true},
    {Role::kLatent, "attn_kv_a_mqa.weight", true},
    {Role::kLatentNorm, "attn_kv_a_norm.weight", true},
    {Role::kLatentKey, "attn_k_b.weight", true},
    {Role::kLatentValue, "attn_v_b.weight", true},
    {Role::kPostAttentionNorm, "post_attention_norm.weight", true},
    {Role::kFeedForwardNorm, "ffn_norm.weight", true},
    {Role::kFeedForwardNormBias, "ffn_norm.bias", true},
    {Role::kGate, "ffn_gate.weight", true},
    {Role::kUp, "ffn_up.weight", true},
    {Role::kUpBias, "ffn_up.bias", true},
    {Role::kDown, "ffn_down.weight", true},
    {Role::kDownBias, "ffn_down.bias", true},
    {Role::kPostFeedForwardNorm, "post_ffw_norm.weight", true},
    {Role::kLayerInputGate, "inp_gate.weight", true},
    {Role::kLayerInputOutput, "proj.weight", true},
    {Role::kPostLayerInputNorm, "post_norm.weight", true},
    {Role::kLayerScale, "layer_output_scale.weight", true},
    {Role::kConvolutionInput, "shortconv.in_proj.weight", true},
    {Role::kConvolution, "shortconv.conv.weight", true},
    {Role::kConvolutionOutput, "shortconv.out_proj.weight", true},
    {Role::kDeltaInput, "attn_qkv.weight", true},
    {Role::kDeltaGate, "attn_gate.weight", true},
    {Role::kDeltaBeta, "ssm_beta.weight", true},
    {Role::kDeltaAlpha, "ssm_alpha.weight", true},
    {Role::kDeltaConvolution, "ssm_conv1d.weight", true},
    {Role::kDeltaTimeBias, "ssm_dt.bias", true},
    {Role::kDeltaDecay, "ssm_a", true},
    {Role::kDeltaNorm, "ssm_norm.weight", true},
    {Role::kDeltaOutput, "ssm_out.weight", true},
    {Role::kRouter, "ffn_gate_inp.weight", true},
    {Role::kRouterBias, "ffn_gate_inp.bias", true},
    {Role::kExpertChoiceBias, "exp_probs_b.bias", true},
    {Role::kRouterInputScale, "ffn_gate_inp.scale", true},
    {Role::kExpertScale, "ffn_down_exps.scale", true},
    {Role::kPostDenseNorm, "post_ffw_norm_1.weight", true},
    {Role::kExpertNorm, "pre_ffw_norm_2.weight", true},
    {Role::kPostExpertNorm, "post_ffw_norm_2.weight", true},
    {Role::kSharedInput, "ffn_gate_inp_shexp.weight", true},
    {Role::kSharedGate, "ffn_gate_shexp.weight", true},
    {Role::kSharedUp, "ffn_up_shexp.weight", true},
    {Role::kSharedDown, "ffn_down_shexp.weight", true},
    {Role::kExpertGate, "ffn_gate_exps.weight", true},
    {Role::kExpertGateBias, "ffn_gate_exps.bias", true},
    {Role::kExpertUp, "ffn_up_exps.weight", true},
    {Role::kExpertUpBias, "ffn_up_exps.bias", true},
    {Role::kExpertDown, "ffn_down_exps.weight", true},
    {Role::kExpertDownBias, "ffn_down_exps.bias", true},
}};

class Lister {
 public:
  explicit Lister(const ModelConfig& config) : c_(config) {}

  std::vector<Parameter> List() {
    Add(Role::kTokenEmbedding, {c_.vocab, c_.hidden});
    if (c_.learned_positions) Add(Role::kPositionEmbedding, {c_.context, c_.hidden});
    if (c_.layer_input > 0) {
      Add(Role::kLayerInputTable, {c_.vocab, c_.layers * c_.layer_input});
      Add(Role::kLayerInputProjection, {c_.layers * c_.layer_input, c_.hidden});
      Add(Role::kLayerInputNorm, {c_.layer_input});
    }
    for (layer_ = 0; layer_ < c_.layers; ++layer_) {
      if (c_.pre_norms) Norm(Role::kAttentionNorm, Role::kAttentionNormBias);
      Mix();
      if (c_.post_norms) Add(Role::kPostAttentionNorm, {c_.hidden});
      if (c_.pre_norms && !c_.parallel_branches) Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias);
      if (!c_.shapes[layer_].experts || c_.experts.beside) FeedForward();
      if (c_.shapes[layer_].experts) Experts();
      if (c_.post_norms) Add(Role::kPostFeedForwardNorm, {c_.hidden});
      if (c_.layer_input > 0) LayerInput();
      if (c_.layer_scale) Add(Role::kLayerScale, {1});
    }
    layer_ = 0;
    Norm(Role::kOutputNorm, Role::kOutputNormBias);
    if (!c_.tied_embeddings) Add(Role::kOutput, {c_.vocab, c_.hidden});
    return std::move(list_);
  }

 private:
  void Add(Role role, std::vector<size_t> shape) {
    list_.push_back({role, layer_, GgufName(role, layer_), std::move(shape), expert_, head_});
  }

  void Linear(Role weight, Role bias, bool has_bias, size_t rows, size_t cols) {
    Add(weight, {rows, cols});
    if (has_bias) Add(bias, {rows});
  }

  void Norm(Role weight, Role bias) {
    Add(weight, {c_.hidden});
    if (c_.norm == NormType::kLayer && c_.norm_bias) Add(bias, {c_.hidden});
  }

  void Attention() {
    const size_t queries = c_.QueryWidth(layer_), keys = c_.KvWidth(layer_), dim = c_.HeadDim(layer_);
    const bool has_keys = c_.HasKeys(layer_);
    Linear(Role::kQuery, Role::kQueryBias, c_.attention_bias, (c_.attention_gate ? 2 : 1) * queries, c_.hidden);
    if (has_keys) Linear(Role::kKey, Role::kKeyBias, c_.attention_bias, keys, c_.hidden);
    if (has_keys && !c_.shapes[layer_].values_are_keys)
      Linear(Role::kValue, Role::kValueBias, c_.attention_bias, keys, c_.hidden);
    if (c_.query_key_norm) Add(Role::kQueryNorm, {c_.query_key_norm_whole ? queries : dim});
    if (c_.query_key_norm && has_keys) Add(Role::kKeyNorm, {c_.query_key_norm_whole ? keys : dim});
    Linear(Role::kAttentionOutput, Role::kAttentionOutputBias, c_.projection_bias, c_.hidden, queries);
    if (c_.sinks) Add(Role::kSinks, {c_.heads});
  }

  void Mix() {
    switch (c_.shapes[layer_].mixer) {
      case Mixer::kAttention: return c_.latent.rank > 0 ? LatentAttention() : Attention();
      case Mixer::kShortConvolution: return ShortConvolution();
      case Mixer::kDeltaNet: return DeltaNet();
    }
  }

  void LatentAttention() {
    const LatentConfig& l = c_.latent;
    if (l.query_rank > 0) {
      Add(Role::kQueryDown, {l.query_rank, c_.hidden});
      Add(Role::kQueryDownNorm, {l.query_rank});
      Add(Role::kQueryUp, {c_.heads * l.query(), l.query_rank});
    } else {
      Add(Role::kQuery, {c_.heads * l.query(), c_.hidden});
    }
    Add(Role::kLatent, {l.rank + l.rotary, c_.hidden});
    Add(Role::kLatentNorm, {l.rank});
    for (head_ = 0; head_ < c_.heads; ++head_) Add(Role::kLatentKey, {l.rank, l.content});
    for (head_ = 0; head_ < c_.heads; ++head_) Add(Role::kLatentValue, {l.value, l.rank});
    head_ = 0;
    Add(Role::kAttentionOutput, {c_.hidden, c_.heads * l.value});
  }

  void DeltaNet() {
    const DeltaNetConfig& d = c_.delta_net;
    Add(Role::kDeltaInput, {d.channels(), c_.hidden});
    Add(Role::kDeltaGate, {d.values(), c_.hidden});
    Add(Role::kDeltaBeta, {d.value_heads, c_.hidden});
    Add(Role::kDeltaAlpha, {d.value_heads, c_.hidden});
    Add(Role::kDeltaConvolution, {d.channels() * c_.convolution});
    Add(Role::kDeltaTimeBias, {d.value_heads});
    Add(Role::kDeltaDecay, {d.value_heads});
    Add(Role::kDeltaNorm, {d.value_dim});
    Add(Role::kDeltaOutput, {c_.hidden, d.values()});
  }

  void ShortConvolution() {
    Add(Role::kConvolutionInput, {3 * c_.hidden, c_.hidden});
    Add(Role::kConvolution, {c_.hidden * c_.convolution});
    Add(Role::kConvolutionOutput, {c_.hidden, c_.hidden});
  }

  void FeedForward() {
    const size_t width = c_.FeedForward(layer_);
    if (c_.gated) Add(Role::kGate, {width, c_.hidden});
    Linear(Role::kUp, Role::kUpBias, c_.projection_bias, width, c_.hidden);
    Linear(Role::kDown, Role::kDownBias, c_.projection_bias, c_.hidden, width);
  }

  void LayerInput() {
    Add(Role::kLayerInputGate, {c_.layer_input, c_.hidden});
    Add(Role::kLayerInputOutput, {c_.hidden, c_.layer_input});
    Add(Role::kPostLayerInputNorm, {c_.hidden});
  }

  void Experts() {
    const ExpertConfig& e = c_.experts;
    if (e.beside) {
      for (const Role norm : {Role::kPostDenseNorm, Role::kExpertNorm, Role::kPostExpertNorm}) Add(norm, {c_.hidden});
      Add(Role::kRouterInputScale, {c_.hidden});
      Add(Role::kExpertScale, {e.count});
    }
    Linear(Role::kRouter, Role::kRouterBias, e.router_bias, e.count, c_.hidden);
    if (e.choice_bias) Add(Role::kExpertChoiceBias, {e.count});
    if (e.shared_feed_forward > 0) {
      if (e.shared_gate) Add(Role::kSharedInput, {c_.hidden});
      Add(Role::kSharedGate, {e.shared_feed_forward, c_.hidden});
      Add(Role::kSharedUp, {e.shared_feed_forward, c_.hidden});
      Add(Role::kSharedDown, {c_.hidden, e.shared_feed_forward});
    }
    for (expert_ = 0; expert_ < e.count; ++expert_) {
      Linear(Role::kExpertGate, Role::kExpertGateBias, e.bias, e.feed_forward, c_.hidden);
      Linear(Role::kExpertUp, Role::kExpertUpBias, e.bias, e.feed_forward, c_.hidden);
      Linear(Role::kExpertDown, Role::kExpertDownBias, e.bias, c_.hidden, e.feed_forward);
    }
    expert_ = 0;
  }

  const ModelConfig& c_;
  size_t layer_ = 0, expert_ = 0, head_ = 0;
  std::vector<Parameter> list_;
};

}  // namespace

std::vector<Parameter> ParametersOf(const ModelConfig& config) { return Lister(config).List(); }

size_t ParameterCount(const ModelConfig& config) {
  size_t count = 0;
  ForEachParameter(config, [&](const Parameter& parameter) { count += parameter.count(); });
  return count;
}

size_t ActiveParameterCount(const ModelConfig& config) {
  size_t count = 0;
  ForEachParameter(config, [&](const Parameter& parameter) {
    if (StaysInFile(parameter.role)) {
      count += parameter.shape[1];
    } else if (!IsOfExpert(parameter.role) || parameter.expert < config.experts.used) {
      count += parameter.count();
    }
  });
  return count;
}

std::string GgufName(Role role, size_t layer) {
  const RoleName& entry = kNames[static_cast<size_t>(role)];
  return entry.in_layer ? fmt::format("blk.{}.{}", layer, entry.name) : std::string(entry.name);
}

}  // namespace sheepop
