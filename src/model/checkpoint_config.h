// What a checkpoint says about its model, whatever its form; no weights are read.
#pragma once

#include <cstddef>

#include "checkpoint/checkpoint.h"
#include "model/architecture.h"
#include "model/config.h"

namespace sheepop {

// Throws kCorrupt when the checkpoint names no family, kUnsupported for one that is not known.
const Architecture& ArchitectureOf(const Checkpoint& checkpoint);

// `context`: positions that will be used, 0 for the model's own. Throws kCorrupt or kUnsupported, naming what is wrong.
ModelConfig ConfigOf(const Checkpoint& checkpoint, size_t context = 0);

}  // namespace sheepop
