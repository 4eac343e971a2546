// Which models a corpus can feed, and how long training them takes on this machine.
#pragma once

#include <cstdint>
#include <vector>

namespace sheepop {

struct TrainingChoice {
  uint64_t parameters = 0;
  double epochs = 0;  // over the corpus
  double hours = 0;
  uint64_t tokens = 0;  // seen in all
};

// Tokens that a parameter needs for the loss to be as low as its cost allows: Hoffmann et al., "Training compute-optimal
// large language models", 2022. Repeating a corpus up to some four times costs little: Muennighoff et al., "Scaling
// data-constrained language models", 2023.
inline constexpr double kTokensPerParameter = 20;
inline constexpr double kUsefulEpochs = 4;

// Round parameter counts up to what `corpus_tokens` can feed with kUsefulEpochs, at most three, and that count itself. A
// token costs six operations a parameter: two forward, four backward.
std::vector<TrainingChoice> PlanTraining(uint64_t corpus_tokens, double operations_per_second);

}  // namespace sheepop
