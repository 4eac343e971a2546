// Makes each token seen before less likely, once however often it was seen: a logit above 0 is divided by the penalty,
// another multiplied. Keskar et al., CTRL, arXiv:1909.05858.
#pragma once

#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {

class RepetitionPenalty : public Step {
 public:
  RepetitionPenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}  // penalty > 0
  std::string_view name() const override { return "repetition"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

}  // namespace sheepop
