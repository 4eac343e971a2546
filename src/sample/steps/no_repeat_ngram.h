// Removes every token that would complete a sequence of n tokens that the text, prompt included, already holds.
#pragma once

#include "sample/step.h"

namespace sheepop {

class NoRepeatNgram : public Step {
 public:
  explicit NoRepeatNgram(size_t n) : n_(n) {}  // n >= 1
  std::string_view name() const override { return "no_repeat_ngram"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  size_t n_;
};

}  // namespace sheepop
