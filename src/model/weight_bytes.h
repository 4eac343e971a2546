// What the weights of a model take in memory, without reading any.
#pragma once

#include <cstddef>

#include "model/config.h"
#include "model/location.h"

namespace sheepop {

// Bytes of the arena that Weights::Load would fill. Throws like it.
size_t WeightBytes(const ModelConfig& config, const TensorSource& source, Locate locate);

}  // namespace sheepop
