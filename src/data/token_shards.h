// Documents as token ids in a file that training maps: what a corpus is, once a tokenizer has read it.
//
// The format, little-endian:
//   "SHEEPTOK"                      8 bytes
//   version                         u32, 1
//   width                           u32, bytes of a token id: 2 when the vocabulary has at most 65,536 entries, else 4
//   tokens                          [tokens] of that width, document after document, zeros up to a multiple of 8 bytes
//   ends                            u64 [documents], tokens up to and with each document; ascending
//   documents, tokens, text bytes   u64 each
//   vocabulary size                 u64; every token id is below it
//   tokenizer                       64 bytes, SHA-256 in hexadecimal of what the writer calls its tokenizer
//   checksum                        64 bytes, SHA-256 in hexadecimal of all bytes before
//
// A folder of shards holds train.tokens, held-out.tokens and tokenizer.gguf.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_writer.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "base/token.h"

namespace sheepop {

inline constexpr const char* kTrainShard = "train.tokens";
inline constexpr const char* kHeldOutShard = "held-out.tokens";
inline constexpr const char* kShardTokenizer = "tokenizer.gguf";

// Whether a path is a folder of shards.
bool IsShardFolder(const std::filesystem::path& path);

// Eight bytes a document stay in memory. Not thread-safe.
class TokenShardWriter {
 public:
  // `tokenizer`: 64 hexadecimal digits.
  TokenShardWriter(const std::filesystem::path& path, size_t vocab, std::string tokenizer);

  // One more document. Tokens are below the vocabulary's size.
  void Add(std::span<const Token> tokens, uint64_t text_bytes);
  // Nothing is at the path before. Throws kIo.
  void Commit();

  uint64_t documents() const { return ends_.size(); }
  uint64_t tokens() const { return tokens_; }
  uint64_t text_bytes() const { return text_bytes_; }

 private:
  void Write(std::string_view bytes);

  FileWriter file_;
  Sha256 hash_;
  size_t vocab_;
  std::string tokenizer_;
  std::vector<uint64_t> ends_;
  uint64_t tokens_ = 0, text_bytes_ = 0;
  std::string buffer_;
};

// Immutable; any thread may read. The file must not be written to meanwhile.
class TokenShard {
 public:
  // Reads the whole file once, to check it. Throws kNotFound, kIo; kCorrupt, naming the file and what is wrong with it.
  static TokenShard Open(const std::filesystem::path& path);

  size_t documents() const { return ends_.size(); }
  uint64_t size(size_t document) const { return End(document) - Begin(document); }  // tokens
  // As many tokens as `out` holds, from `begin` on; they must be there.
  void Copy(size_t document, uint64_t begin, std::span<Token> out) const;

  uint64_t text_bytes() const { return text_bytes_; }
  size_t vocab() const { return vocab_; }
  const std::string& tokenizer() const { return tokenizer_; }

 private:
  TokenShard() = default;
  void Parse(const std::filesystem::path& path);
  template <typename Id>
  void CheckTokens(const std::filesystem::path& path, Sha256& hash) const;

  uint64_t End(size_t document) const { return ends_[document]; }
  uint64_t Begin(size_t document) const { return document ? ends_[document - 1] : 0; }

  MappedFile file_;
  const std::byte* tokens_ = nullptr;
  uint64_t count_ = 0, text_bytes_ = 0;
  size_t width_ = 2, vocab_ = 0;
  std::span<const uint64_t> ends_;
  std::string tokenizer_;
};

}  // namespace sheepop
