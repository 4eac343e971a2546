// Divides the logits by a number above 0; 0 keeps the best token alone.
#pragma once

#include "sample/step.h"

namespace sheepop {

class Temperature : public Step {
 public:
  explicit Temperature(double temperature) : temperature_(temperature) {}
  std::string_view name() const override { return "temperature"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double temperature_;
};

}  // namespace sheepop
