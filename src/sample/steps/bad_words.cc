// Removes every token that would make one of the given texts appear, however the text is split into tokens and wherever
// in a token it begins; the prompt's end counts as text. Tokens that only begin a bad word stay.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

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

BadWords::BadWords(const std::vector<std::string>& words, const SamplingVocabulary& vocabulary)
    : vocabulary_(vocabulary) {
  for (const std::string& text : words) {
    longest_ = std::max(longest_, text.size());
    Word word{text, std::vector<std::vector<Token>>(text.size())};
    for (size_t id = 0; id < vocabulary.size(); ++id) {
      const auto token = static_cast<Token>(id);
      const std::string_view piece = vocabulary.piece(token);
      if (piece.find(text) != std::string_view::npos) word.completes[0].push_back(token);
      for (size_t there = 1; there < text.size(); ++there) {
        if (piece.starts_with(std::string_view(text).substr(there))) word.completes[there].push_back(token);
      }
    }
    words_.push_back(std::move(word));
  }
}

// The last bytes of the text, as many as a word could have begun with.
std::string BadWords::Tail(const SequenceState& state) const {
  const auto tokens = state.tokens();
  std::string tail;
  for (size_t i = tokens.size(); i-- > 0 && tail.size() + 1 < longest_;) {
    tail.insert(0, vocabulary_.piece(tokens[i]));
  }
  return tail;
}

void BadWords::Apply(Candidates& candidates, const SequenceState& state) const {
  const std::string tail = Tail(state);
  for (const Word& word : words_) {
    candidates.Ban(word.completes[0]);
    for (size_t there = 1; there < word.text.size(); ++there) {
      if (tail.ends_with(std::string_view(word.text).substr(0, there))) candidates.Ban(word.completes[there]);
    }
  }
}

}  // namespace

StepPointer MakeBadWords(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.bad_words.empty()) return nullptr;
  return std::make_shared<BadWords>(options.bad_words, vocabulary);
}

}  // namespace sheepop
