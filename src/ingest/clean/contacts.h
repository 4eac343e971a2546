// E-mail addresses and telephone numbers in running text of any language.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sheepop {

struct TextSpan {
  size_t begin, end;  // bytes
};

// The next address at or after `from` in valid UTF-8, whole, also where its letters are beyond ASCII (RFC 6531) or its @ is
// the full-width one. Scripts that write words without spaces end where Latin letters begin, so that a sentence is no part
// of an address.
std::optional<TextSpan> FindEmail(std::string_view text, size_t from);

// The next telephone number at or after `from`: a plus and 8 to 15 digits (E.164), or ten in groups of three, three and
// four with the marks of North America. Groups apart by spaces alone count only where the words before or the place say
// that a number is meant to be called.
std::optional<TextSpan> FindPhone(std::string_view text, size_t from);

}  // namespace sheepop
