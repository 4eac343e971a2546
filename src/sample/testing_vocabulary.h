// For the tests of this folder: a vocabulary from a list of pieces.
#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

#include "sample/vocabulary.h"

namespace sheepop::testing {

class ListVocabulary : public SamplingVocabulary {
 public:
  explicit ListVocabulary(std::vector<std::string> pieces, std::vector<Token> eos = {})
      : pieces_(std::move(pieces)), eos_(std::move(eos)) {}
  explicit ListVocabulary(size_t size, std::vector<Token> eos = {}) : eos_(std::move(eos)) {
    for (size_t i = 0; i < size; ++i) pieces_.push_back(fmt::format("t{}", i));
  }
  size_t size() const override { return pieces_.size(); }
  std::string_view piece(Token token) const override { return pieces_[static_cast<size_t>(token)]; }
  std::span<const Token> eos() const override { return eos_; }
  TokenUse use(Token) const override { return TokenUse::kText; }

 private:
  std::vector<std::string> pieces_;
  std::vector<Token> eos_;
};

}  // namespace sheepop::testing
