// The smallest tokenizer: one token for each byte that occurs in a text, and one that ends a document. Written as a
// byte-level BPE without merges, so every engine that reads GGUF reads it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "checkpoint/metadata.h"

namespace sheepop {

class ByteVocabulary {
 public:
  explicit ByteVocabulary(std::string_view text);

  size_t size() const { return bytes_.size() + 1; }
  Token end() const { return static_cast<Token>(bytes_.size()); }

  // Throws kInvalidArgument, naming the byte and where it stands, for one that the vocabulary does not have.
  std::vector<Token> Encode(std::string_view text) const;
  std::string Decode(const std::vector<Token>& tokens) const;

  // The tokenizer.ggml.* keys.
  Metadata ToMetadata() const;

 private:
  std::string bytes_;             // ascending; token i is byte i
  std::array<Token, 256> ids_{};  // -1: not there
};

}  // namespace sheepop
