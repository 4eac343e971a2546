// Drops the tokens less likely than epsilon. The best stays. Hewitt, Manning, Liang, "Truncation Sampling as Language
// Model Desmoothing", arXiv:2210.15191.
#pragma once

#include "sample/step.h"

namespace sheepop {

class EpsilonCutoff : public Step {
 public:
  EpsilonCutoff(double epsilon, size_t min_keep) : epsilon_(epsilon), min_keep_(min_keep) {}  // epsilon > 0
  std::string_view name() const override { return "epsilon"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double epsilon_;
  size_t min_keep_;
};

}  // namespace sheepop
