// Where a trainer's tokens come from: documents of token ids, in memory or in mapped shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"

namespace sheepop {

// Immutable; any thread may read. Spans live as long as the documents.
class TokenDocuments {
 public:
  virtual ~TokenDocuments() = default;
  virtual size_t count() const = 0;
  virtual uint64_t size(size_t document) const = 0;  // tokens
  // The tokens from `begin` on; as many as `out` holds, which must be there.
  virtual void Copy(size_t document, uint64_t begin, std::span<Token> out) const = 0;
  // 1 where the token is something to learn, 0 where it is only read (a user's words in a chat); empty: all are
  // learned.
  virtual std::span<const uint8_t> learned(size_t /*document*/) const { return {}; }
  virtual uint64_t text_bytes() const = 0;  // of all documents' text, for bits per byte
};

class MemoryDocuments final : public TokenDocuments {
 public:
  struct Document {
    std::vector<Token> tokens;
    std::vector<uint8_t> learned;  // empty, or one for each token
  };

  MemoryDocuments(std::vector<Document> documents, uint64_t text_bytes);

  size_t count() const override { return documents_.size(); }
  uint64_t size(size_t document) const override { return documents_[document].tokens.size(); }
  void Copy(size_t document, uint64_t begin, std::span<Token> out) const override;
  std::span<const uint8_t> learned(size_t document) const override { return documents_[document].learned; }
  uint64_t text_bytes() const override { return text_bytes_; }

 private:
  std::vector<Document> documents_;
  uint64_t text_bytes_;
};

}  // namespace sheepop
