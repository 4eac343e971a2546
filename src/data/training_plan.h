// Which models a corpus can feed, and how long training them takes on this machine.
#pragma once

#include <cstddef>
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

// Round parameter counts from 1 million up to what `corpus_tokens` can feed with kUsefulEpochs, and one below when that
// is nothing. A token costs six operations a parameter: two forward, four backward.
std::vector<TrainingChoice> PlanTraining(uint64_t corpus_tokens, double operations_per_second);

// Single-precision operations a second of this machine in matrix products, for where the trainer has measured nothing yet;
// takes about half a second. `threads` at least 1.
double MeasureMatrixRate(size_t threads);

}  // namespace sheepop
