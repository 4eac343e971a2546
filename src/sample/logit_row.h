// One row of logits as the model gives it.
#pragma once

#include <span>

namespace sheepop {

struct LogitRow {
  std::span<const float> logits;        // [vocabulary]; NaN counts as -infinity, which means "not a candidate"
  std::span<const float> group_maxima;  // [ceil(vocabulary / 64)], NaN counting as -infinity; empty: not known
};

}  // namespace sheepop
