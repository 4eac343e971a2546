// Bytes from a file, fit to stand in an error message.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

// In double quotes: control characters escaped, invalid UTF-8 replaced, cut with "..." after 100 bytes.
std::string Quoted(std::string_view text);

}  // namespace sheepop
