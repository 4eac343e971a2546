// Values as text in the ways templates ask for: JSON as transformers' tojson writes it, printf-style and brace-style
// formatting, dates. Every piece keeps its mark; JSON that holds content is content as a whole.
#pragma once

#include <boost/json/fwd.hpp>
#include <ctime>
#include <string>
#include <string_view>

#include "jinja/interpreter.h"

namespace sheepop::jinja {

struct JsonStyle {
  bool ascii = false;
  bool sort_keys = false;
  bool multiline = false;
  std::string indent;  // of one level, when multiline
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

Text ToJson(Budget& budget, const Value& value, const JsonStyle& style);
// All strings, numbers and keys carry the mark. Throws for invalid UTF-8 and integers past 64 bits.
Value FromJson(Budget& budget, const boost::json::value& json, Origin origin);

// format % arguments, and format.format(arguments).
Value FormatPercent(Interpreter& interpreter, const Value& format, const Value& arguments);
Value FormatBraces(Interpreter& interpreter, const Value& format, const Arguments& arguments);

// strftime in the C locale, of `now` in UTC.
std::string FormatTime(const std::string& format, std::time_t now);

}  // namespace sheepop::jinja
