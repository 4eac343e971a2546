// Removes the tokens that end the text until the output has the wanted length.
#pragma once

#include <vector>

#include "sample/step.h"

namespace sheepop {

class MinTokens : public Step {
 public:
  MinTokens(size_t length, std::span<const Token> eos) : length_(length), eos_(eos.begin(), eos.end()) {}
  std::string_view name() const override { return "min_tokens"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override {
    if (state.output().size() < length_) candidates.Ban(eos_);
  }

 private:
  size_t length_;
  std::vector<Token> eos_;
};

}  // namespace sheepop
