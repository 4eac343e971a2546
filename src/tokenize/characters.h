// Character properties, from the Unicode version of utf8proc.
#pragma once

namespace sheepop {

bool IsWhiteSpace(char32_t c);     // White_Space
bool IsWordCharacter(char32_t c);  // letters, marks, numbers, connector punctuation

}  // namespace sheepop
