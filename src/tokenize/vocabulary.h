// The pieces of a vocabulary: id -> bytes and kind, bytes -> id. Immutable once sealed, shared freely between threads.
// Pieces are the bytes that a token stands for in text: byte-level alphabets, `<0xAB>` and U+2581 (the space of
// SentencePiece) are decoded by the loader. One arena holds them all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"

namespace sheepop {

// The numbers of `tokenizer.ggml.token_type`.
enum class TokenKind : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // never read from untrusted text, never shown
  kUserDefined = 4,  // found whole in any text, before the model sees it
  kUnused = 5,
  kByte = 6,  // one byte, for what the vocabulary cannot spell otherwise
};

class Vocabulary {
 public:
  static constexpr size_t kMaxSize = size_t{1} << 22;

  // In the order of ids. Throws kLimit beyond kMaxSize tokens or 1 GiB of pieces.
  void Add(std::string_view piece, TokenKind kind);
  void SetKind(Token token, TokenKind kind) { kinds_[static_cast<size_t>(token)] = kind; }
  // Builds the index; called once, after the last Add.
  void Seal();

  size_t size() const { return kinds_.size(); }
  bool Contains(Token token) const { return token >= 0 && static_cast<size_t>(token) < size(); }
  std::string_view Piece(Token token) const {
    const auto i = static_cast<size_t>(token);
    return std::string_view(arena_).substr(begins_[i], begins_[i + 1] - begins_[i]);
  }
  TokenKind Kind(Token token) const { return kinds_[static_cast<size_t>(token)]; }
  size_t max_piece_size() const { return max_piece_size_; }

  // The token that a model may build from text (kNormal or kUserDefined) with these bytes; -1 when there is none. Of
  // equal pieces the lowest id.
  Token FindText(std::string_view piece) const { return Find(piece, true); }
  // Any token with these bytes, those of FindText first; byte tokens and empty pieces are not found.
  Token FindAny(std::string_view piece) const;

  Token ByteToken(uint8_t byte) const { return byte_tokens_[byte]; }  // the kByte token, or -1

 private:
  struct Slot {
    uint32_t tag;
    Token token;  // -1 when free
  };

  Token Find(std::string_view piece, bool text) const;
  void Insert(Token token);
  bool IsText(Token token) const { return Kind(token) == TokenKind::kNormal || Kind(token) == TokenKind::kUserDefined; }

  std::string arena_;
  std::vector<uint32_t> begins_ = {0};  // [size + 1]
  std::vector<TokenKind> kinds_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  uint64_t seed_ = 0;
  std::array<Token, 256> byte_tokens_{};
  size_t max_piece_size_ = 0;
};

}  // namespace sheepop
