// What a checkpoint holds, for people.
#pragma once

#include <cstdint>
#include <string>

#include "generate/model_summary.h"

namespace sheepop::cli {

// A summary, then tensors with those that differ only in the layer on one line, then metadata with long
// values cut, which is said at each.
std::string ToText(const ModelSummary& summary, const Checkpoint& checkpoint);

// "134.5 million", "1.7 billion".
std::string CountText(uint64_t count);
// "97.9 MB", in powers of 1000.
std::string BytesText(uint64_t bytes);

}  // namespace sheepop::cli
