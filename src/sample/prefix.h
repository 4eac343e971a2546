// The shortest prefix of a set of order keys that reaches a target, without sorting them all.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/select.h"
#include "sample/candidates.h"

namespace sheepop {

// Of `keys` (distinct, in any order; reordered), the shortest prefix in descending order whose sum of weights reaches
// `target`; all of them if none does. Each key weighs as kernel/select.h says, or 1 when `counting`. Linear in the
// number of keys whatever they are: a radix descent over their bits.
Prefix SelectPrefix(std::span<uint64_t> keys, uint64_t target, bool counting, const kernel::SelectKernels& select,
                    kernel::WeightScale scale);

}  // namespace sheepop
