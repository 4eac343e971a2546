// JSON from outside: strict syntax and UTF-8, nesting bounded, no key twice in one object.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

namespace sheepop {

// Throws kCorrupt naming `name` and the byte, or the key that appears twice; kLimit past `max_bytes`. A UTF-8 byte
// order mark is skipped. Integers past 64 bits become doubles; a double is the nearest
// to its text, so that one written and read again is the same.
boost::json::value ParseJson(std::string_view text, std::string_view name, size_t max_bytes = 256 << 20);

// The same for a text whose outermost value must be an object.
boost::json::object ParseJsonObject(std::string_view text, std::string_view name, size_t max_bytes = 256 << 20);

}  // namespace sheepop
