// Removes every token that would complete one of the given sequences of tokens.
#include <algorithm>
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class BadSequences : public Step {
 public:
  explicit BadSequences(std::vector<std::vector<Token>> sequences) : sequences_(std::move(sequences)) {}  // none empty
  std::string_view name() const override { return "bad_sequences"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  std::vector<std::vector<Token>> sequences_;
};

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

}  // namespace

StepPointer MakeBadSequences(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  for (const auto& sequence : options.bad_sequences) {
    for (Token token : sequence) ResolveToken(token, vocabulary, "bad_sequences");
  }
  if (options.bad_sequences.empty()) return nullptr;
  return std::make_shared<BadSequences>(options.bad_sequences);
}

}  // namespace sheepop
