#include "data/training_plan.h"

#include <algorithm>
#include <cmath>

namespace sheepop {
namespace {

constexpr size_t kMostRound = 3;

// Down to two digits.
uint64_t Rounded(double parameters) {
  const double unit = std::pow(10.0, std::max(std::floor(std::log10(std::max(parameters, 1.0))) - 1, 0.0));
  return static_cast<uint64_t>(std::floor(parameters / unit) * unit);
}

}  // namespace

std::vector<TrainingChoice> PlanTraining(uint64_t corpus_tokens, double operations_per_second) {
  const uint64_t most =
      std::max<uint64_t>(Rounded(static_cast<double>(corpus_tokens) * kUsefulEpochs / kTokensPerParameter), 1000);
  std::vector<uint64_t> sizes;
  for (uint64_t decade = 1000; decade < most; decade *= 10) {
    for (const uint64_t step : {1, 3}) {
      if (step * decade < most) sizes.push_back(step * decade);
    }
  }
  if (sizes.size() > kMostRound) sizes.erase(sizes.begin(), sizes.end() - kMostRound);
  sizes.push_back(most);
  std::vector<TrainingChoice> choices;
  for (const uint64_t parameters : sizes) {
    TrainingChoice choice;
    choice.parameters = parameters;
    choice.tokens = static_cast<uint64_t>(static_cast<double>(parameters) * kTokensPerParameter);
    choice.epochs = static_cast<double>(choice.tokens) / static_cast<double>(std::max<uint64_t>(corpus_tokens, 1));
    choice.hours =
        6.0 * static_cast<double>(parameters) * static_cast<double>(choice.tokens) / operations_per_second / 3600;
    choices.push_back(choice);
  }
  return choices;
}

}  // namespace sheepop
