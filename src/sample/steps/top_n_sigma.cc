// Keeps logits at most n standard deviations (of the population of candidates) below the best. Tang et al.,
// "Top-n-sigma: Not All Logits Are You Need", arXiv:2411.07641.
#include <cmath>
#include <memory>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class TopNSigma : public Step {
 public:
  TopNSigma(double n, size_t min_keep) : n_(n), min_keep_(min_keep) {}  // n > 0
  std::string_view name() const override { return "top_n_sigma"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double n_;
  size_t min_keep_;
};

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

}  // namespace

StepPointer MakeTopNSigma(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_n_sigma == 0) return nullptr;
  return std::make_shared<TopNSigma>(options.top_n_sigma, options.min_keep);
}

}  // namespace sheepop
