// Sets of characters by their Unicode properties, from the Unicode version of PCRE2.
#pragma once

#include <optional>
#include <string_view>

#include "sample/grammar/char_set.h"

namespace sheepop::grammar {

// What stands between the braces of ECMA-262's \p{...}: a general category or a binary property, or a name and a value
// (General_Category, Script, Script_Extensions). Nothing where that is unknown. Any thread; a set is made once.
std::optional<CharSet> UnicodeProperty(std::string_view expression);

}  // namespace sheepop::grammar
