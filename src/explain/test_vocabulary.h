// A vocabulary of given pieces, for tests.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/vocabulary.h"

namespace sheepop {

class TestVocabulary final : public SamplingVocabulary {
 public:
  explicit TestVocabulary(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  size_t size() const override { return pieces_.size(); }
  std::string_view piece(Token token) const override { return pieces_[static_cast<size_t>(token)]; }
  std::span<const Token> eos() const override { return {}; }
  TokenUse use(Token) const override { return TokenUse::kText; }

 private:
  std::vector<std::string> pieces_;
};

}  // namespace sheepop
