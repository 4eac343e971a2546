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

void LatentLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.AttendLatent(layer);
  pass.LatentOutput(layer, DecoderPass::Into::kStream);
  pass.Norm(Role::kFeedForwardNorm, Role::kFeedForwardNormBias, layer);
  pass.FeedForward(layer, DecoderPass::Into::kStream);
}

void PreNormMixedLayer(DecoderPass& pass, size_t layer) {
  const Mixer mixer = pass.config().shapes[layer].mixer;
  if (mixer == Mixer::kAttention) return PreNormLayer(pass, layer);
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  if (mixer == Mixer::kShortConvolution) {
    pass.Convolve(layer);
    pass.ConvolutionOutput(layer, DecoderPass::Into::kStream);
  } else {
    pass.DeltaNet(layer);
    pass.DeltaNetOutput(layer, DecoderPass::Into::kStream);
  }
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

void SandwichNormInputLayer(DecoderPass& pass, size_t layer) {
  SandwichNormLayer(pass, layer);
  pass.AddLayerInput(layer);
  pass.ScaleStream(layer);
}

void PostNormLayer(DecoderPass& pass, size_t layer) {
  pass.ReadStream();
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostAttentionNorm, layer);
  pass.ReadStream();
  pass.FeedForward(layer, DecoderPass::Into::kBranch);
  pass.AddNormedBranch(Role::kPostFeedForwardNorm, layer);
}

void ParallelLayer(DecoderPass& pass, size_t layer) {
  pass.Norm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
  pass.Attend(layer);
  pass.AttentionOutput(layer, DecoderPass::Into::kStream);
  pass.FeedForward(layer, DecoderPass::Into::kStream);
}

}  // namespace sheepop
