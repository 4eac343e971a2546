// Subtracts a constant from the logit of each token seen before, once however often it was seen.
#pragma once

#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {

class PresencePenalty : public Step {
 public:
  PresencePenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}
  std::string_view name() const override { return "presence"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

}  // namespace sheepop
