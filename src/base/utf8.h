// UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sheepop {

struct Utf8Step {
  char32_t code_point;  // U+FFFD when the bytes are not a character
  uint32_t length;      // bytes consumed, at least 1
  bool valid;
};

// Decodes the character at the front of `text`, which is not empty. Of invalid bytes it consumes the longest prefix that
// could have begun a character (Unicode 15, section 3.9, "substitution of maximal subparts").
Utf8Step DecodeUtf8(std::string_view text);

// The characters of `text`, as DecodeUtf8 finds them one after the other.
std::u32string CodePointsOf(std::string_view text);

void AppendUtf8(char32_t code_point, std::string& out);

bool IsValidUtf8(std::string_view text);

// `text` with each invalid subpart replaced by U+FFFD.
std::string ToValidUtf8(std::string_view text);

// How many bytes at the end of `text` begin a character whose remaining bytes may still come: 0 to 3.
size_t IncompleteUtf8Suffix(std::string_view text);

}  // namespace sheepop
