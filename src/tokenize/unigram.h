// SentencePiece's unigram language model: of all ways to spell a text with pieces, the most probable (Kudo 2018, "Subword
// Regularization"). A character that no piece begins or covers costs the lowest score less 10.
#pragma once

#include <memory>
#include <vector>

#include "base/byte_trie.h"
#include "tokenize/bpe.h"
#include "tokenize/token_model.h"
#include "tokenize/vocabulary.h"

namespace sheepop {

class Unigram final : public TokenModel {
 public:
  // scores: [vocabulary size], natural logarithms. Throws kCorrupt when one of a text token is not finite.
  Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores, const Fallback& fallback);

  // Time linear in the text, times the longest piece. Of equally probable spellings the one whose last piece is longest.
  void Encode(std::string_view word, std::vector<Token>& out, ModelWorkspace& work) const override;

 private:
  void AppendUnknown(std::string_view text, std::vector<Token>& out) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<double> scores_;
  Fallback fallback_;
  double unknown_score_;
  ByteTrie trie_;
};

}  // namespace sheepop
