// What an answer says was done: the object `sheepop`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explain/capsule.h"
#include "serve/answer.h"
#include "serve/ask.h"

namespace sheepop {

// `finishes` by choice. `recorded`: with Ask::record, a sequence of each choice; the object then holds a capsule.
Ledger MakeLedger(const Ask& ask, uint64_t seed, std::span<const Finish> finishes,
                  std::span<const CapsuleSequence> recorded);

}  // namespace sheepop
