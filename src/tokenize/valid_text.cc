#include "tokenize/valid_text.h"

#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace sheepop {

size_t ValidUtf8Prefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight = 0;
    if (i + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + i, 8);
      if ((eight & 0x8080808080808080) == 0) {
        i += 8;
        continue;
      }
    }
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Utf8Step step = DecodeUtf8(text.substr(i));
    if (!step.valid) break;
    i += step.length;
  }
  return i;
}

size_t InvalidUtf8Prefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const Utf8Step step = DecodeUtf8(text.substr(i));
    if (step.valid) break;
    i += step.length;
  }
  return i;
}

}  // namespace sheepop
