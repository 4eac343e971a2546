#pragma once

#include <cstddef>

namespace sheepop {

class DecoderPass;

// Norm, attention, residual; norm, gated feed-forward, residual: the layer that most families share.
void LlamaLayer(DecoderPass& pass, size_t layer);

}  // namespace sheepop
