#include "tokenize/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

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
  while (!written.empty()) {
    const Utf8Step step = DecodeUtf8(written);
    const int byte = step.valid && step.code_point < kAlphabet.byte.size() ? kAlphabet.byte[step.code_point] : -1;
    if (byte < 0) {
      out.resize(start);
      return false;
    }
    out.push_back(static_cast<char>(byte));
    written.remove_prefix(step.length);
  }
  return true;
}

char32_t AlphabetCharacter(unsigned char byte) { return kAlphabet.character[byte]; }

}  // namespace sheepop
