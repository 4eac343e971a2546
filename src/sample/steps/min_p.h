// Keeps the tokens at least p times as likely as the best one. Nguyen et al., "Turning Up the Heat: Min-p Sampling",
// arXiv:2407.01082.
#pragma once

#include "sample/real_math.h"
#include "sample/step.h"

namespace sheepop {

class MinP : public Step {
 public:
  MinP(double p, size_t min_keep) : nats_(-Ln(p)), min_keep_(min_keep) {}  // p > 0
  std::string_view name() const override { return "min_p"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepWithin(nats_, min_keep_); }

 private:
  double nats_;
  size_t min_keep_;
};

}  // namespace sheepop
