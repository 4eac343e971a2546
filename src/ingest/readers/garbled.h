// Nonsense that looks like text: a PDF whose fonts do not say which characters their glyphs are.
#pragma once

#include <string_view>

namespace sheepop {

// True when many characters are private, replaced or controls, or when the words, 30 and more in an alphabet that
// language.h knows, hold hardly a function word of any language. Lists of names and tables are taken for nonsense too,
// so this is a reason to look again, not to drop.
bool LooksGarbled(std::string_view utf8);

}  // namespace sheepop
