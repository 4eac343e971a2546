// What steps ask about the tokens: their number, their bytes, which of them end a text and which are none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/token.h"

namespace sheepop {

// What a token is where text is written.
enum class TokenUse {
  kText,     // stands for its bytes
  kControl,  // stands for itself; its bytes are its name
  kNone,     // for nothing that could be written
};

class ConstraintCache;

class SamplingVocabulary {
 public:
  SamplingVocabulary();
  SamplingVocabulary(const SamplingVocabulary&) : SamplingVocabulary() {}  // the grammars are not copied
  SamplingVocabulary& operator=(const SamplingVocabulary&) = delete;
  virtual ~SamplingVocabulary();
  virtual size_t size() const = 0;
  virtual std::string_view piece(Token token) const = 0;  // raw bytes; may be part of a UTF-8 character
  virtual std::span<const Token> eos() const = 0;
  virtual TokenUse use(Token token) const = 0;
  // As the model's tokenizer writes a text; nothing where there is none.
  virtual std::vector<Token> Encode(std::string_view /*text*/) const { return {}; }

  // What is known of grammars over these tokens.
  ConstraintCache& constraints() const { return *constraints_; }

 private:
  std::unique_ptr<ConstraintCache> constraints_;
};

}  // namespace sheepop
