// The values of "format" as regular expressions over the characters of a string.
#pragma once

#include <optional>
#include <string_view>

#include "sample/grammar/regex.h"

namespace sheepop::schema {

// Each by its RFC, as JSON Schema 2020-12 (validation, section 7.3) names it: date-time, date, time (RFC 3339; days as the
// calendar has them, second 60 only in the last minute of a day in UTC and, beside a date, of a month), duration (RFC 3339,
// appendix A), email and idn-email (RFC 5321, 6531; without tagged address literals), hostname (RFC 1123; without labels
// that begin with "xn--", of which RFC 3492 decides), ipv4, ipv6 (RFC 2673, 4291), uri, uri-reference, iri, iri-reference
// (RFC 3986, 3987), uri-template (RFC 6570), uuid (RFC 4122), json-pointer, relative-json-pointer (RFC 6901). Nothing for
// those that are no regular languages (regex, idn-hostname), and for a name that is none of these.
std::optional<grammar::RegexId> FormatRegex(std::string_view format, grammar::RegexPool& pool);

// regex and idn-hostname too.
bool IsKnownFormat(std::string_view format);

}  // namespace sheepop::schema
