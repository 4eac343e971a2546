// Jinja source -> tokens, with the whitespace rules of trim_blocks and lstrip_blocks: a newline after a block tag goes,
// spaces before a block tag that begins its line go, "-" at a tag's end strips all whitespace there, "+" keeps it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jinja/value.h"

namespace sheepop::jinja {

enum class TokenType {
  kData,           // `text` between tags
  kVariableBegin,  // {{
  kVariableEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kString,    // `text`, unescaped
  kNumber,    // `number`
  kOperator,  // `text`
  kEnd,
};

struct Token {
  TokenType type;
  int line;  // from 1
  std::string text;
  Value number = {};
};

// Ends with a kEnd token. `source` is valid UTF-8. Throws Error (kCorrupt) that names the line.
std::vector<Token> Lex(std::string_view source);

// The whitespace of Python's str.isspace().
bool IsSpace(char32_t c);
// `text` without whitespace at its end, its front.
std::string_view StripEnd(std::string_view text);
std::string_view StripFront(std::string_view text);

[[noreturn]] void FailAtLine(int line, const std::string& message);

}  // namespace sheepop::jinja
