// What turns one word (a piece of text between the borders that the splitter found) into tokens. Immutable after
// construction, shared between threads; the workspace is the caller's.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/token.h"

namespace sheepop {

struct Symbol {
  Token token;          // -1: not in the vocabulary
  uint32_t begin, end;  // bytes of the word
  uint32_t previous, next;
};

struct MergeCandidate {
  uint32_t rank;  // lower is merged first
  uint32_t position;
  uint32_t size;  // bytes of both symbols together; tells a stale candidate
  Token token;
};

struct ModelWorkspace {
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate> heap;
  std::vector<double> scores;    // unigram: [bytes + 1]
  std::vector<uint32_t> starts;  // unigram: [bytes + 1]
  std::vector<Token> tokens;
  bool after_unknown = false;  // the word so far ends with the unknown token; set false in front of a new word
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // Appends the tokens of `word`, any bytes, at most 2 GiB. Time n log n, stack constant. Throws kUnsupported when the
  // vocabulary can spell neither a byte of it nor "unknown".
  virtual void Encode(std::string_view word, std::vector<Token>& out, ModelWorkspace& work) const = 0;
};

}  // namespace sheepop
