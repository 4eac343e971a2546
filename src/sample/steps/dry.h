// Don't repeat yourself: penalises the token that would make the end of the text repeat an earlier passage longer than
// allowed, by multiplier * base^(length - allowed_length). A repetition never reaches across a breaker, which is any
// token whose bytes contain one of the given texts. P. E. Weidmann,
// github.com/oobabooga/text-generation-webui/pull/5677.
#pragma once

#include <string>
#include <vector>

#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {

struct DryOptions {
  double multiplier = 0;
  double base = 1.75;
  size_t allowed_length = 2;
  int64_t last_n = -1;  // < 0: all
};

class Dry : public Step {
 public:
  Dry(const DryOptions& options, const std::vector<std::string>& breakers, const SamplingVocabulary& vocabulary);
  std::string_view name() const override { return "dry"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  DryOptions options_;
  std::vector<bool> is_breaker_;  // [vocabulary]
};

}  // namespace sheepop
