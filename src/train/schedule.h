// The share of the highest learning rate at each step.
#pragma once

#include <cstdint>

#include "train/options.h"

namespace sheepop {

// With the rates set (SetRates). In [0, 1] for step in [0, options.steps): a linear rise over `warmup` steps, then as `schedule` says down to
// min_learning_rate / learning_rate at the last step. cosine: Loshchilov and Hutter, arXiv:1608.03983. wsd: constant,
// then linear over the last `decay_share`; Hu et al., arXiv:2404.06395.
double ScheduleFactor(const TrainOptions& options, int64_t step);

}  // namespace sheepop
