// The layers that families are made of, in the steps of a DecoderPass.
#pragma once

#include <cstddef>

namespace sheepop {

class DecoderPass;

// Norm, attention, residual; norm, feed-forward, residual.
void PreNormLayer(DecoderPass& pass, size_t layer);

// PreNormLayer whose attention is over latents.
void LatentLayer(DecoderPass& pass, size_t layer);

// PreNormLayer where the shape of a layer may say that a recurrent mixer takes the place of attention.
void PreNormMixedLayer(DecoderPass& pass, size_t layer);

// PreNormLayer with a second norm on each branch's result before it joins the residual stream.
void SandwichNormLayer(DecoderPass& pass, size_t layer);

// SandwichNormLayer; then what the layer reads of the token itself joins the stream, and the layer's number multiplies it.
void SandwichNormInputLayer(DecoderPass& pass, size_t layer);

// Norms on the branches' results alone: attention, norm, residual; feed-forward, norm, residual.
void PostNormLayer(DecoderPass& pass, size_t layer);

// Norm; attention and feed-forward of its result; both join the residual stream.
void ParallelLayer(DecoderPass& pass, size_t layer);

}  // namespace sheepop
