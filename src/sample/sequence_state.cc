#include "sample/sequence_state.h"

namespace sheepop {

SequenceState::SequenceState(uint64_t seed, uint32_t sequence, std::span<const Token> prompt)
    : seed_(seed), sequence_(sequence), prompt_length_(prompt.size()), tokens_(prompt.begin(), prompt.end()) {}

void SequenceState::Accept(Token token) {
  tokens_.push_back(token);
  ++output_counts_[token];
}

std::span<const Token> SequenceState::LastOf(std::span<const Token> tokens, int64_t n) {
  if (n < 0 || static_cast<uint64_t>(n) >= tokens.size()) return tokens;
  return tokens.last(static_cast<size_t>(n));
}

Candidates& SequenceState::Workspace(const kernel::SelectKernels& select) {
  if (!candidates_) candidates_.emplace(select);
  return *candidates_;
}

}  // namespace sheepop
