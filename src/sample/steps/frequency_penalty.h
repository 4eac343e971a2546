// Subtracts a constant from the logit of each token seen before, as many times as it was seen.
#pragma once

#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {

class FrequencyPenalty : public Step {
 public:
  FrequencyPenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}
  std::string_view name() const override { return "frequency"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

}  // namespace sheepop
