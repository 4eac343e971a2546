// References between schemas as RFC 3986 has them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sheepop::schema {

// What stands before the first '#' and what stands behind it, as they are written.
std::pair<std::string_view, std::string_view> SplitFragment(std::string_view reference);

// RFC 3986, section 5.2: the target of `reference` seen from `base`, both without a fragment. A base that is itself relative
// or empty stays so: "a/b" seen from "c/d" is "c/a/b".
std::string ResolveUri(std::string_view base, std::string_view reference);

// "%7e" is "~"; a '%' that two hexadecimal digits do not follow is itself.
std::string PercentDecoded(std::string_view text);

// Tokens of a JSON pointer (RFC 6901): '~' and '/' as ~0 and ~1, and back.
std::string PointerToken(std::string_view key);
std::string FromPointerToken(std::string_view token);

}  // namespace sheepop::schema
