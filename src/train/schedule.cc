#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sheepop {

double ScheduleFactor(const TrainOptions& options, int64_t step) {
  if (step < options.warmup) return static_cast<double>(step + 1) / static_cast<double>(options.warmup + 1);
  if (options.schedule == "constant") return 1;
  const double floor = options.min_learning_rate / options.learning_rate;
  const auto last = static_cast<double>(options.steps - 1);
  auto begin = static_cast<double>(options.warmup);
  if (options.schedule == "wsd")
    begin = std::max(begin, last - options.decay_share * static_cast<double>(options.steps));
  const double progress = std::clamp((static_cast<double>(step) - begin) / std::max(1.0, last - begin), 0.0, 1.0);
  const double share = options.schedule == "cosine" ? (1 + std::cos(std::numbers::pi * progress)) / 2 : 1 - progress;
  return floor + (1 - floor) * share;
}

}  // namespace sheepop
