// A text as words that case and white space do not tell apart: what it says, whatever it is named and however it is laid
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sheepop {

struct FoldedWord {
  uint64_t hash = 0;          // of its characters in lower case; the same on every machine
  size_t begin = 0, end = 0;  // bytes of the text
};

// Goes through what stands between white space. The text outlives it and may be any bytes: those that are no UTF-8 count
// as characters of their own.
class FoldedWords {
 public:
  explicit FoldedWords(std::string_view text) : text_(text) {}
  bool Next(FoldedWord& word);  // false after the last

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Of all words in their order; evenly spread over 64 bits.
uint64_t HashOfWords(std::string_view text);

}  // namespace sheepop
