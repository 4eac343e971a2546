// Removes every token that would complete one of the given sequences of tokens.
#pragma once

#include <vector>

#include "sample/step.h"

namespace sheepop {

class BadSequences : public Step {
 public:
  explicit BadSequences(std::vector<std::vector<Token>> sequences) : sequences_(std::move(sequences)) {}  // none empty
  std::string_view name() const override { return "bad_sequences"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  std::vector<std::vector<Token>> sequences_;
};

}  // namespace sheepop
