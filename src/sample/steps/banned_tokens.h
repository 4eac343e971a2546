// Removes some tokens always.
#pragma once

#include <vector>

#include "sample/step.h"

namespace sheepop {

class BannedTokens : public Step {
 public:
  explicit BannedTokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  std::string_view name() const override { return "banned"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.Ban(tokens_); }

 private:
  std::vector<Token> tokens_;
};

}  // namespace sheepop
