// What a model takes in memory, before any weight is read.
#pragma once

#include <cstddef>
#include <string>

#include "model/config.h"
#include "model/location.h"

namespace sheepop {

// Bytes of the arena that Weights::Load would fill. Throws like it.
size_t WeightBytes(const ModelConfig& config, const TensorSource& source, Locate locate);

// What a model takes of memory, in bytes.
struct MemoryNeeds {
  size_t weights = 0;
  size_t cache_per_position = 0;
  size_t context = 0;    // positions that were asked for; 0: none were, the cache takes what is written
  size_t sequences = 1;  // side by side, each with such a context
};

// kLimit, naming what is needed, the `free` bytes and the largest context that would fit, when weights and the context asked
// for do not. A system that does not say what is free gives 0, which is enough for anything.
void RequireMemory(const std::string& path, const MemoryNeeds& needs, size_t free);

}  // namespace sheepop
