#include "sample/steps/no_repeat_ngram.h"

#include <algorithm>
#include <vector>

namespace sheepop {

void NoRepeatNgram::Apply(Candidates& candidates, const SequenceState& state) const {
  const auto tokens = state.tokens();
  if (tokens.size() < n_) return;
  const auto begun = tokens.last(n_ - 1);
  std::vector<Token> completes;
  for (size_t i = 0; i + n_ <= tokens.size(); ++i) {
    if (std::equal(begun.begin(), begun.end(), tokens.begin() + static_cast<std::ptrdiff_t>(i))) {
      completes.push_back(tokens[i + n_ - 1]);
    }
  }
  candidates.Ban(completes);
}

}  // namespace sheepop
