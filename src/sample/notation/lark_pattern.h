// Regular expressions as Lark's grammars write them, in Python's form, in that of ECMA-262.
#pragma once

#include <string>
#include <string_view>

namespace sheepop::notation {

// `body` is what stands between the slashes, `flags` are those behind them: i (of ASCII letters alone), m, s, x; u and l
// change nothing. Python's own forms ((?P<name>...), (?#...), \A, \Z, . as any character but \n) become the other
// language's; what neither has is left for the reader of the pattern to refuse. Throws kInvalidArgument for an unknown flag,
// kUnsupported for i with other letters than ASCII's.
std::string EcmaPattern(std::string_view body, std::string_view flags);

// A string that is matched with the flag i, as a pattern. Throws like EcmaPattern.
std::string CaselessPattern(std::string_view text);

}  // namespace sheepop::notation
