#include "tokenize/byte_alphabet.h"

#include <array>
#include <cstdint>

namespace sheepop {
namespace {

struct Alphabet {
  std::array<char32_t, 256> character{};
  std::array<int16_t, 0x144> byte{};  // -1: not of the alphabet

  constexpr Alphabet() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (int i = 0; i < 256; ++i) {
      const bool printable = (i >= 0x21 && i <= 0x7E) || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE;
      const char32_t c = printable ? static_cast<char32_t>(i) : next++;
      character[static_cast<size_t>(i)] = c;
      byte[c] = static_cast<int16_t>(i);
    }
  }
};

constexpr Alphabet kAlphabet;

}  // namespace

bool AppendBytesOfAlphabet(std::string_view written, std::string& out) {
  const size_t start = out.size();
  const auto character = [&](size_t i) -> size_t {
    const auto first = static_cast<uint8_t>(written[i]);
    if (first < 0x80) return first;
    // No character of the alphabet takes more than two bytes.
    const auto second = i + 1 < written.size() ? static_cast<uint8_t>(written[i + 1]) : 0;
    return first >= 0xC2 && first < 0xE0 && (second & 0xC0) == 0x80 ? (first & 0x1Fu) << 6 | (second & 0x3Fu)
                                                                    : SIZE_MAX;
  };
  for (size_t i = 0; i < written.size();) {
    const size_t c = character(i);
    const int byte = c < kAlphabet.byte.size() ? kAlphabet.byte[c] : -1;
    if (byte < 0) {
      out.resize(start);
      return false;
    }
    out.push_back(static_cast<char>(byte));
    i += c < 0x80 ? 1 : 2;
  }
  return true;
}

char32_t AlphabetCharacter(unsigned char byte) { return kAlphabet.character[byte]; }

}  // namespace sheepop
