// What an answer says was done: the object `sheepop`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explain/capsule.h"
#include "serve/answer.h"
#include "serve/ask.h"

namespace sheepop {

// What one choice came to.
struct ChoiceCost {
  FinishReason reason = FinishReason::kInterrupt;
  Usage usage;
  size_t thinking = 0;  // ChoiceResult::thinking
};

// `costs` by choice. `recorded`: with Ask::record, a sequence of each choice; the object then holds a capsule.
Ledger MakeLedger(const Ask& ask, uint64_t seed, std::span<const ChoiceCost> costs,
                  std::span<const CapsuleSequence> recorded);

}  // namespace sheepop
