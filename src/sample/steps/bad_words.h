// Removes every token that would make one of the given texts appear, however the text is split into tokens and wherever
// in a token it begins; the prompt's end counts as text. Tokens that only begin a bad word stay.
#pragma once

#include <string>
#include <vector>

#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {

class BadWords : public Step {
 public:
  // Reads the vocabulary once for each byte of each word, and keeps it: it must outlive the step. No word is empty.
  BadWords(const std::vector<std::string>& words, const SamplingVocabulary& vocabulary);
  std::string_view name() const override { return "bad_words"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  struct Word {
    std::string text;
    std::vector<std::vector<Token>> completes;  // [bytes of the word already there]: the tokens that complete it
  };

  std::string Tail(const SequenceState& state) const;

  const SamplingVocabulary& vocabulary_;
  size_t longest_ = 0;  // bytes
  std::vector<Word> words_;
};

}  // namespace sheepop
