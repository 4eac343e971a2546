#include "model/layers.h"

#include "model/decoder_pass.h"

namespace sheepop {

void PreNormLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kStream);
  pass.Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer);
  pass.FeedForward(layer, DecoderPass::Into::kStream);
}

void SandwichNormLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostAttentionNorm, layer);
  pass.Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer);
  pass.FeedForward(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostFeedForwardNorm, layer);
}

}  // namespace sheepop
