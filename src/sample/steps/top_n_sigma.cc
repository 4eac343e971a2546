#include "sample/steps/top_n_sigma.h"

#include <cmath>

namespace sheepop {

void TopNSigma::Apply(Candidates& candidates, const SequenceState&) const {
  double count = 0, sum = 0, squares = 0;
  // Distances from the best are never infinite, and in two passes their squares lose nothing.
  candidates.ForEach([&](const Candidate& candidate, uint32_t) {
    count += 1;
    sum += candidates.Nats(candidate.logit);
  });
  const double mean = sum / count;
  candidates.ForEach([&](const Candidate& candidate, uint32_t) {
    const double difference = candidates.Nats(candidate.logit) - mean;
    squares += difference * difference;
  });
  candidates.KeepWithin(n_ * std::sqrt(squares / count), min_keep_);
}

}  // namespace sheepop
