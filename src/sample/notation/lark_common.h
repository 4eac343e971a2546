// The terminals that Lark's grammars import from "common", by what they mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sheepop::notation {

// As an ECMA-262 pattern for the whole of it; nothing for a name that is not among them.
std::optional<std::string_view> CommonTerminal(std::string_view name);
std::string CommonTerminalNames();  // "DIGIT, INT, ..."

}  // namespace sheepop::notation
