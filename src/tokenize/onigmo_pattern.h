// tokenizer.json patterns are written for Oniguruma with Ruby's syntax; here they are rewritten for PCRE2. Both agree on
// almost everything; the rest is rewritten (\s, \w, \b, \h, scripts, nested classes) or refused.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

// Throws kUnsupported, naming the construct, for class intersections, negated classes within classes and (?m).
std::string PcrePatternFromOnigmo(std::string_view pattern);

}  // namespace sheepop
