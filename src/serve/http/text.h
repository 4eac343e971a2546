// Text of HTTP: names that are compared without regard to case, what goes before a body.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "serve/http/exchange.h"

namespace sheepop::http {

// What Allow and Access-Control-Allow-Methods name.
inline constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

bool EqualsIgnoringCase(std::string_view a, std::string_view b);  // ASCII
std::string LowerCase(std::string_view text);                     // ASCII

// "Bad Request"; empty for a status that is not known.
std::string_view ReasonOf(unsigned status);

// The status line, Date, the headers, and the empty line. What would end a line early is sent as a space.
std::string HeadText(unsigned status, std::span<const Header> headers);

}  // namespace sheepop::http
