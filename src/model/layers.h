// The layers that families are made of, in the steps of a DecoderPass.
#pragma once

#include <cstddef>

namespace sheepop {

class DecoderPass;

// Norm, attention, residual; norm, feed-forward, residual.
void PreNormLayer(DecoderPass& pass, size_t layer);

// The same with a second norm on each branch's result before it joins the residual stream.
void SandwichNormLayer(DecoderPass& pass, size_t layer);

}  // namespace sheepop
