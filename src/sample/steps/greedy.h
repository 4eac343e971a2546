// Keeps the best token alone: the end of a chain that does not sample.
#pragma once

#include "sample/step.h"

namespace sheepop {

class Greedy : public Step {
 public:
  std::string_view name() const override { return "greedy"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepFirst(1, false); }
};

}  // namespace sheepop
