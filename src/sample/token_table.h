// The tokens of a vocabulary by their bytes, for whoever asks which of them may follow. Immutable; shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/token.h"
#include "sample/vocabulary.h"

namespace sheepop {

// Bit t of word t / 64 is token t; [ceil(vocabulary / 64)].
using TokenMask = std::vector<uint64_t>;

class TokenTable {
 public:
  // A trie in the order of a walk: children follow their parent, `skip` leads behind the last of them.
  struct Node {
    uint8_t byte;
    uint32_t skip;   // index of the next node that is not below this one
    uint32_t depth;  // bytes above this node
  };
  // Part 0 are the tokens that are in no slice. A slice has tokens of `least` to `most` plain characters
  // (grammar::IsPlain), more than the slice before, and nothing else.
  struct Part {
    size_t least = 0, most = 0;  // 0 for part 0
    TokenMask up_to;             // the tokens of this slice and of those before; empty for part 0
    std::vector<Node> nodes;
    std::vector<uint32_t> first_token;  // [nodes + 1]: tokens[first_token[n] ... first_token[n + 1] - 1] end at node n
    std::vector<Token> tokens;          // in the order of their bytes
  };

  explicit TokenTable(const SamplingVocabulary& vocabulary);

  size_t vocabulary_size() const { return bytes_.size(); }
  std::span<const Part> parts() const { return parts_; }  // part 0, then the slices, those with tokens
  std::span<const Token> end_tokens() const { return end_tokens_; }
  // What a grammar sees of a token: its bytes; of a control token kControlMark and its name; nothing of one that ends a
  // text, or has no bytes.
  std::string_view bytes(Token token) const { return bytes_[static_cast<size_t>(token)]; }

 private:
  std::vector<std::string> bytes_;
  std::vector<Token> end_tokens_;
  std::vector<Part> parts_;
};

}  // namespace sheepop
