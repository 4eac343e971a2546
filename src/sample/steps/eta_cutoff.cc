#include "sample/steps/eta_cutoff.h"

#include <algorithm>

#include "sample/real_math.h"

namespace sheepop {

void EtaCutoff::Apply(Candidates& candidates, const SequenceState&) const {
  const double log_eta = std::min(Ln(epsilon_), 0.5 * Ln(epsilon_) - candidates.EntropyNats());
  candidates.KeepWithin(candidates.LogProbability(candidates.best()) - log_eta, min_keep_);
}

}  // namespace sheepop
