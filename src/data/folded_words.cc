#include "data/folded_words.h"

#include "base/utf8.h"
#include "tokenize/characters.h"

namespace sheepop {
namespace {

// FNV-1a.
constexpr uint64_t kEmpty = 0xcbf29ce484222325, kPrime = 0x100000001b3;

// MurmurHash3's last step: FNV leaves the last characters out of its upper bits.
uint64_t Spread(uint64_t hash) {
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
  return hash ^ hash >> 33;
}

}  // namespace

bool FoldedWords::Next(FoldedWord& word) {
  uint64_t hash = kEmpty;
  bool inside = false;
  while (at_ < text_.size()) {
    const auto byte = static_cast<uint8_t>(text_[at_]);
    const Utf8Step step = byte < 0x80 ? Utf8Step{byte, 1, true} : DecodeUtf8(text_.substr(at_));
    if (step.valid && IsWhiteSpace(step.code_point)) {
      if (inside) break;
      at_ += step.length;
      continue;
    }
    if (!inside) word.begin = at_;
    inside = true;
    // Beyond the code points: bytes that are none.
    const uint32_t value = step.valid ? static_cast<uint32_t>(LowerCase(step.code_point)) : 0x110000 + uint32_t{byte};
    hash = (hash ^ value) * kPrime;
    at_ += step.valid ? step.length : 1;
  }
  word.end = at_;
  word.hash = Spread(hash);
  return inside;
}

uint64_t HashOfWords(std::string_view text) {
  uint64_t hash = kEmpty;
  FoldedWords words(text);
  for (FoldedWord word; words.Next(word);) hash = (hash ^ word.hash) * kPrime;
  return Spread(hash);
}

}  // namespace sheepop
