#include "sample/steps/epsilon_cutoff.h"

#include "sample/real_math.h"

namespace sheepop {

void EpsilonCutoff::Apply(Candidates& candidates, const SequenceState&) const {
  candidates.KeepWithin(candidates.LogProbability(candidates.best()) - Ln(epsilon_), min_keep_);
}

}  // namespace sheepop
