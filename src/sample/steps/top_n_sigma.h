// Keeps logits at most n standard deviations (of the population of candidates) below the best. Tang et al.,
// "Top-n-sigma: Not All Logits Are You Need", arXiv:2411.07641.
#pragma once

#include "sample/step.h"

namespace sheepop {

class TopNSigma : public Step {
 public:
  TopNSigma(double n, size_t min_keep) : n_(n), min_keep_(min_keep) {}  // n > 0
  std::string_view name() const override { return "top_n_sigma"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double n_;
  size_t min_keep_;
};

}  // namespace sheepop
