// Adds a constant to the logits of some tokens.
#pragma once

#include <vector>

#include "sample/step.h"

namespace sheepop {

class LogitBiasStep : public Step {
 public:
  explicit LogitBiasStep(std::vector<LogitEdit> edits) : edits_(std::move(edits)) {}
  std::string_view name() const override { return "logit_bias"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.Edit(edits_); }

 private:
  std::vector<LogitEdit> edits_;
};

}  // namespace sheepop
