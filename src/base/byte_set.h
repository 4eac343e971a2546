// A set of byte values.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sheepop {

class ByteSet {
 public:
  constexpr void Add(uint8_t byte) { words_[byte / 64] |= uint64_t{1} << (byte % 64); }
  constexpr bool Has(uint8_t byte) const { return words_[byte / 64] >> (byte % 64) & 1; }
  constexpr ByteSet& operator|=(const ByteSet& other) {
    for (size_t i = 0; i < 4; ++i) words_[i] |= other.words_[i];
    return *this;
  }
  constexpr size_t size() const {
    size_t count = 0;
    for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  constexpr bool empty() const { return size() == 0; }
  constexpr uint8_t First() const {  // of a set that is not empty
    size_t word = 0;
    while (words_[word] == 0) ++word;
    return static_cast<uint8_t>(word * 64 + static_cast<size_t>(std::countr_zero(words_[word])));
  }
  bool operator==(const ByteSet&) const = default;

 private:
  std::array<uint64_t, 4> words_{};
};

}  // namespace sheepop
