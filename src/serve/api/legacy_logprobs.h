// Log-probabilities as OpenAI's completions have them; see completions.h.
#pragma once

#include <boost/json/object.hpp>
#include <span>

#include "serve/answer.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

// Of one choice, part by part as its tokens come.
class LegacyLogprobs {
 public:
  // `top`: how many of the best a map has. The tokenizer must outlive it.
  LegacyLogprobs(const Tokenizer& tokenizer, size_t top) : tokenizer_(tokenizer), top_(top) {}

  boost::json::object Write(std::span<const TokenRecord> prompt, std::span<const TokenRecord> tokens);

 private:
  boost::json::object TopOf(const TokenRecord& token, double drawn) const;
  std::string NameOf(Token id) const;
  size_t OffsetOf(const TokenRecord& token);

  const Tokenizer& tokenizer_;
  const size_t top_;
  size_t characters_ = 0;  // that have begun
};

}  // namespace sheepop
