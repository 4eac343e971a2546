// Text of any encoding to UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sheepop {

struct DecodedText {
  std::string text;       // valid UTF-8, without a byte order mark
  std::string encoding;   // as iconv names it
  uint64_t replaced = 0;  // bytes that stood for nothing, now U+FFFD
};

// In this order: a byte order mark; valid UTF-8, whatever a guesser or a declaration says; UTF-8 with a few broken
// characters; UTF-16 by its zero bytes; `declared` (a name from the document, may be empty); uchardet's guess.
DecodedText ToUtf8(std::string_view bytes, std::string_view declared = {});

// The encoding that ToUtf8 would choose from the beginning of a long text; `head` may end inside a character.
std::string GuessEncoding(std::string_view head, std::string_view declared = {});

// Decodes with a known encoding.
DecodedText Decode(std::string_view bytes, const std::string& encoding);

}  // namespace sheepop
