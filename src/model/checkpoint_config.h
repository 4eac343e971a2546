// What a checkpoint says about its model, whatever its form; no weights are read.
#pragma once

#include <cstddef>

#include "checkpoint/checkpoint.h"
#include "model/architecture.h"
#include "model/config.h"
#include "model/key_table.h"

namespace sheepop {

// Throws kCorrupt when the checkpoint names no family, kUnsupported for one that is not known.
const Architecture& ArchitectureOf(const Checkpoint& checkpoint);

// The class of transformers that a folder names. Throws like ArchitectureOf.
const HfType& HfTypeOf(const HfFolder& folder);

// What the family reads, as it stands: ConfigOf without its checks.
ModelConfig ReadFamily(const Checkpoint& checkpoint, const ConfigOptions& options);

// `context`: positions that will be used, 0 for the model's own. Throws kCorrupt or kUnsupported, naming file, key, value
// and bound, for what cannot be run or asks for what nothing here does; `warnings` holds what is unusual.
ModelConfig ConfigOf(const Checkpoint& checkpoint, size_t context = 0);

}  // namespace sheepop
