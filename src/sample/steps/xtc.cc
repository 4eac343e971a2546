#include "sample/steps/xtc.h"

#include <algorithm>

namespace sheepop {

void Xtc::Apply(Candidates& candidates, const SequenceState& state) const {
  if (state.Random(RandomLane::kXtc) >= probability_) return;
  const auto vocabulary = static_cast<double>(candidates.vocabulary_size());
  // No more than 1 / threshold tokens can reach the threshold.
  const auto most = static_cast<size_t>(std::min(vocabulary, threshold_ > 0 ? 1 / threshold_ + 1 : vocabulary));
  size_t likely = 0;
  for (const Candidate& candidate : candidates.First(most)) {
    if (candidates.Probability(candidate.logit) < threshold_ * (1 - kProbabilitySlack)) break;
    ++likely;
  }
  if (likely < 2 || candidates.Count() < likely - 1 + min_keep_) return;
  candidates.DropFirst(likely - 1);
}

}  // namespace sheepop
