// Exclude top choices: with the given probability, drops all tokens at least as likely as the threshold but the least
// likely of them. Does nothing when fewer than two reach it, or fewer than min_keep would stay. Decides by a random
// number of its own, so the draw is not shifted. P. E. Weidmann, github.com/oobabooga/text-generation-webui/pull/6335.
#pragma once

#include "sample/step.h"

namespace sheepop {

class Xtc : public Step {
 public:
  Xtc(double probability, double threshold, size_t min_keep)
      : probability_(probability), threshold_(threshold), min_keep_(min_keep) {}
  std::string_view name() const override { return "xtc"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double probability_;
  double threshold_;
  size_t min_keep_;
};

}  // namespace sheepop
