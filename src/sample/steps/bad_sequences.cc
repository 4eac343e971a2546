#include "sample/steps/bad_sequences.h"

#include <algorithm>

namespace sheepop {

void BadSequences::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<Token> completes;
  for (const std::vector<Token>& sequence : sequences_) {
    const auto begun = std::span(sequence).first(sequence.size() - 1);
    const auto tokens = state.tokens();
    if (begun.size() > tokens.size()) continue;
    if (std::equal(begun.begin(), begun.end(), tokens.last(begun.size()).begin())) completes.push_back(sequence.back());
  }
  candidates.Ban(completes);
}

}  // namespace sheepop
