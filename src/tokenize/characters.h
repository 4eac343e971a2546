// Character properties, from the Unicode version of utf8proc.
#pragma once

namespace sheepop {

bool IsWhiteSpace(char32_t c);     // White_Space
bool IsWordCharacter(char32_t c);  // letters, marks, numbers, connector punctuation
char32_t LowerCase(char32_t c);    // of one character to one character

}  // namespace sheepop
