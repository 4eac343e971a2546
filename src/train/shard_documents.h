// Token shards as documents to train on: they stay in the mapped file.
#pragma once

#include "data/token_shards.h"
#include "train/documents.h"

namespace sheepop {

class ShardDocuments final : public TokenDocuments {
 public:
  explicit ShardDocuments(TokenShard shard) : shard_(std::move(shard)) {}

  size_t count() const override { return shard_.documents(); }
  uint64_t size(size_t document) const override { return shard_.size(document); }
  void Copy(size_t document, uint64_t begin, std::span<Token> out) const override { shard_.Copy(document, begin, out); }
  uint64_t text_bytes() const override { return shard_.text_bytes(); }
  const TokenShard& shard() const { return shard_; }

 private:
  TokenShard shard_;
};

}  // namespace sheepop
