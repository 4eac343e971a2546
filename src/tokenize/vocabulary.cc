#include "tokenize/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "base/error.h"
#include "tokenize/hash.h"

namespace sheepop {

void Vocabulary::Add(std::string_view piece, TokenKind kind) {
  constexpr size_t kMaxBytes = size_t{1} << 30;
  if (size() >= kMaxSize) throw Error(ErrorCategory::kLimit, "the vocabulary has more than {} tokens", kMaxSize);
  if (piece.size() > kMaxBytes - arena_.size()) {
    throw Error(ErrorCategory::kLimit, "the vocabulary's pieces hold more than {} bytes", kMaxBytes);
  }
  arena_.append(piece);
  begins_.push_back(static_cast<uint32_t>(arena_.size()));
  kinds_.push_back(kind);
  max_piece_size_ = std::max(max_piece_size_, piece.size());
}

void Vocabulary::Seal() {
  seed_ = HashSeed();
  byte_tokens_.fill(-1);
  slots_.assign(std::bit_ceil(size() * 2 + 16), Slot{0, -1});
  const auto count = static_cast<Token>(size());
  for (Token token = 0; token < count; ++token) {
    if (IsText(token)) Insert(token);
    if (Kind(token) == TokenKind::kByte && Piece(token).size() == 1) {
      Token& slot = byte_tokens_[static_cast<uint8_t>(Piece(token)[0])];
      if (slot < 0) slot = token;
    }
  }
  for (Token token = 0; token < count; ++token) {
    if (!IsText(token) && Kind(token) != TokenKind::kByte) Insert(token);
  }
}

void Vocabulary::Insert(Token token) {
  const std::string_view piece = Piece(token);
  if (piece.empty()) return;
  const uint64_t hash = HashBytes(piece, seed_);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.token < 0) {
      slot = {tag, token};
      return;
    }
    // A second copy would never be found, but would let a file of equal pieces make every probe long.
    if (slot.tag == tag && IsText(slot.token) == IsText(token) && Piece(slot.token) == piece) return;
  }
}

Token Vocabulary::Find(std::string_view piece, bool text) const {
  assert(!slots_.empty());
  if (piece.size() > max_piece_size_) return -1;
  const uint64_t hash = HashBytes(piece, seed_);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; slots_[i].token >= 0; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.tag == tag && IsText(slot.token) == text && Piece(slot.token) == piece) return slot.token;
  }
  return -1;
}

Token Vocabulary::FindAny(std::string_view piece) const {
  const Token token = Find(piece, true);
  return token >= 0 ? token : Find(piece, false);
}

}  // namespace sheepop
