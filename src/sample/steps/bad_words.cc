#include "sample/steps/bad_words.h"

#include <algorithm>

namespace sheepop {

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

}  // namespace sheepop
