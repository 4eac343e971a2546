#include "train/memorisation.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sheepop {
namespace {

// A polynomial hash over the last `length` tokens (Rabin and Karp, 1987), modulo 2^64.
class RollingHash {
 public:
  explicit RollingHash(size_t length) : length_(length) {
    for (size_t i = 0; i < length; ++i) top_ *= kBase;
  }

  // body(begin, hash) for every window of text.
  template <typename Body>
  void ForEach(std::span<const Token> text, const Body& body) const {
    uint64_t hash = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      hash = hash * kBase + Value(text[i]);
      if (i >= length_) hash -= top_ * Value(text[i - length_]);
      if (i + 1 >= length_) body(i + 1 - length_, hash);
    }
  }

 private:
  static constexpr uint64_t kBase = 0x9e3779b97f4a7c15;
  static uint64_t Value(Token token) { return static_cast<uint64_t>(token) + 1; }
  size_t length_;
  uint64_t top_ = 1;
};

}  // namespace

double VerbatimShare(std::span<const Token> sample, const TokenDocuments& documents, size_t length) {
  if (length == 0 || sample.size() < length) return 0;
  const RollingHash hash(length);
  std::unordered_multimap<uint64_t, size_t> windows;
  hash.ForEach(sample, [&](size_t begin, uint64_t value) { windows.emplace(value, begin); });
  std::vector<bool> found(sample.size());  // by a window's first token
  std::vector<Token> tokens;
  for (size_t i = 0; i < documents.count(); ++i) {
    tokens.resize(documents.size(i));
    documents.Copy(i, 0, tokens);
    const std::span<const Token> text(tokens);
    hash.ForEach(text, [&](size_t begin, uint64_t value) {
      const auto [first, last] = windows.equal_range(value);
      for (auto it = first; it != last; ++it) {
        if (std::ranges::equal(sample.subspan(it->second, length), text.subspan(begin, length)))
          found[it->second] = true;
      }
    });
  }
  size_t covered = 0, until = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    if (found[i]) until = i + length;
    if (i < until) ++covered;
  }
  return static_cast<double>(covered) / static_cast<double>(sample.size());
}

size_t VerbatimLength(const TokenDocuments& documents) {
  constexpr uint64_t kBytes = 50;
  uint64_t tokens = 0;
  for (size_t i = 0; i < documents.count(); ++i) tokens += documents.size(i);
  return std::max<uint64_t>(4, kBytes * tokens / std::max<uint64_t>(1, documents.text_bytes()));
}

}  // namespace sheepop
