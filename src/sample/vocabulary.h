// What steps ask about the tokens: their number, their bytes and which of them end a text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/token.h"

namespace sheepop {

class SamplingVocabulary {
 public:
  virtual ~SamplingVocabulary() = default;
  virtual size_t size() const = 0;
  virtual std::string_view piece(Token token) const = 0;  // raw bytes; may be part of a UTF-8 character
  virtual std::span<const Token> eos() const = 0;
};

}  // namespace sheepop
