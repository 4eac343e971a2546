// Patterns as people write them, as regular expressions.
#pragma once

#include <string_view>

#include "sample/grammar/regex.h"

namespace sheepop::grammar {

enum class PatternMeaning {
  kFound,  // a word matches where the pattern matches anywhere in it (ECMA-262, JSON Schema)
  kWhole,  // the pattern is the whole word (--regex, terminals of a grammar)
};

// ECMA-262 (2024) with the flag u where it can be read so, else by its Annex B, as validators do: classes, \d \w \s and
// \p{...} (general categories, scripts as far as Unicode's ranges are at hand; else refused by name), quantifiers, lazy ones
// too (the language is the same), groups, named ones too, ^ and $ anywhere, look-ahead and look-behind as far as they are
// regular (outside of repetitions), \b. Throws kUnsupported, naming the construct and its offset, for back-references and
// the rest, kInvalidArgument, naming the offset, for what is no pattern.
RegexId ParsePattern(std::string_view pattern, PatternMeaning meaning, RegexPool& pool);

}  // namespace sheepop::grammar
