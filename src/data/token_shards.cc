#include "data/token_shards.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "base/error.h"

namespace sheepop {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "SHEEPTOK";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeader = 16, kHash = 64, kFooter = 4 * 8 + 2 * kHash;
constexpr size_t kMostNarrow = 65536, kMostVocabulary = size_t{1} << 22;

size_t WidthOf(size_t vocab) { return vocab <= kMostNarrow ? 2 : 4; }

template <typename Number>
std::string_view Bytes(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof(Number)};
}

template <typename Number>
Number Read(std::span<const std::byte> bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(Number));
  return number;
}

std::string_view Text(std::span<const std::byte> bytes, size_t at, size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

uint64_t Padded(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

template <typename... Args>
[[noreturn]] void Broken(const std::filesystem::path& path, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCategory::kCorrupt, "{}: {}; `sheepop corpus shards` writes it anew", path.string(),
              fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

bool IsShardFolder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path / kTrainShard, ignored);
}

TokenShardWriter::TokenShardWriter(const std::filesystem::path& path, size_t vocab, std::string tokenizer)
    : file_(path), vocab_(vocab), tokenizer_(std::move(tokenizer)) {
  assert(tokenizer_.size() == kHash && vocab_ <= kMostVocabulary);
  Write(kMagic);
  Write(Bytes(kVersion));
  Write(Bytes(static_cast<uint32_t>(WidthOf(vocab_))));
}

void TokenShardWriter::Write(std::string_view bytes) {
  hash_.Update(bytes);
  file_.Write(bytes);
}

void TokenShardWriter::Add(std::span<const Token> tokens, uint64_t text_bytes) {
  const size_t width = WidthOf(vocab_);
  buffer_.resize(tokens.size() * width);
  for (size_t i = 0; i < tokens.size(); ++i) {
    assert(tokens[i] >= 0 && static_cast<size_t>(tokens[i]) < vocab_);
    std::memcpy(buffer_.data() + i * width, &tokens[i], width);  // the low bytes come first
  }
  Write(buffer_);
  tokens_ += tokens.size();
  text_bytes_ += text_bytes;
  ends_.push_back(tokens_);
}

void TokenShardWriter::Commit() {
  const uint64_t bytes = tokens_ * WidthOf(vocab_);
  Write(std::string(Padded(bytes) - bytes, '\0'));
  Write({reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(uint64_t)});
  for (const uint64_t number : {documents(), tokens_, text_bytes_, uint64_t{vocab_}}) Write(Bytes(number));
  Write(tokenizer_);
  file_.Write(hash_.Hex());
  file_.Commit();
}

TokenShard TokenShard::Open(const std::filesystem::path& path) {
  TokenShard shard;
  shard.file_ = MappedFile::Open(path);
  shard.Parse(path);
  return shard;
}

void TokenShard::Parse(const std::filesystem::path& path) {
  const std::span<const std::byte> bytes = file_.bytes();
  if (bytes.size() < kHeader + kFooter || Text(bytes, 0, kMagic.size()) != kMagic) Broken(path, "it is no token shard");
  if (const auto version = Read<uint32_t>(bytes, 8); version != kVersion) {
    throw Error(ErrorCategory::kUnsupported, "{}: token shards of version {}, only {} is known here", path.string(),
                version, kVersion);
  }
  const size_t footer = bytes.size() - kFooter, room = footer - kHeader;
  const auto documents = Read<uint64_t>(bytes, footer);
  count_ = Read<uint64_t>(bytes, footer + 8);
  text_bytes_ = Read<uint64_t>(bytes, footer + 16);
  const auto vocab = Read<uint64_t>(bytes, footer + 24);
  if (vocab == 0 || vocab > kMostVocabulary) {
    Broken(path, "its vocabulary has {} entries, 1 to {} are possible", vocab, kMostVocabulary);
  }
  vocab_ = vocab;
  width_ = WidthOf(vocab_);
  if (const auto width = Read<uint32_t>(bytes, 12); width != width_) {
    Broken(path, "its tokens have {} bytes, those of {} entries have {}", width, vocab_, width_);
  }
  // Bounded by the file's size first, so that the sums below cannot overflow.
  if (documents > room / 8 || count_ > room / width_ || Padded(count_ * width_) + 8 * documents != room) {
    Broken(path, "{} documents of {} tokens do not fill its {} bytes", documents, count_, bytes.size());
  }
  tokens_ = bytes.data() + kHeader;
  ends_ = {reinterpret_cast<const uint64_t*>(tokens_ + Padded(count_ * width_)), static_cast<size_t>(documents)};
  if (!std::ranges::is_sorted(ends_) || (documents ? ends_.back() : 0) != count_) {
    Broken(path, "its documents do not end in order, the last at token {}", count_);
  }
  tokenizer_ = Text(bytes, footer + 32, kHash);

  Sha256 hash;
  hash.Update(Text(bytes, 0, kHeader));
  width_ == 2 ? CheckTokens<uint16_t>(path, hash) : CheckTokens<uint32_t>(path, hash);
  const size_t rest = kHeader + count_ * width_;
  hash.Update(Text(bytes, rest, bytes.size() - kHash - rest));
  if (hash.Hex() != Text(bytes, bytes.size() - kHash, kHash))
    Broken(path, "its checksum is another: it was changed or cut");
}

// Piece by piece, each let go again: a shard may be larger than the memory.
template <typename Id>
void TokenShard::CheckTokens(const std::filesystem::path& path, Sha256& hash) const {
  constexpr size_t kPiece = size_t{1} << 20;  // tokens
  for (uint64_t begin = 0; begin < count_; begin += kPiece) {
    const size_t size = std::min<uint64_t>(kPiece, count_ - begin);
    const auto* ids = reinterpret_cast<const Id*>(tokens_) + begin;
    Id highest = 0;
    for (size_t i = 0; i < size; ++i) highest = std::max(highest, ids[i]);
    if (highest >= vocab_) Broken(path, "it holds token {}, its vocabulary has {} entries", highest, vocab_);
    const std::span piece(reinterpret_cast<const std::byte*>(ids), size * sizeof(Id));
    hash.Update({reinterpret_cast<const char*>(piece.data()), piece.size()});
    file_.Release(piece);
  }
}

void TokenShard::Copy(size_t document, uint64_t begin, std::span<Token> out) const {
  const uint64_t first = Begin(document) + begin;
  assert(first + out.size() <= End(document));
  const auto copy = [&](const auto* ids) { std::copy_n(ids + first, out.size(), out.begin()); };
  width_ == 2 ? copy(reinterpret_cast<const uint16_t*>(tokens_)) : copy(reinterpret_cast<const uint32_t*>(tokens_));
}

}  // namespace sheepop
