#include "sample/notation/lark_common.h"

#include <utility>

namespace sheepop::notation {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

constexpr Row kCommon[] = {
    {"DIGIT", R"([0-9])"},
    {"HEXDIGIT", R"([0-9a-fA-F])"},
    {"INT", R"([0-9]+)"},
    {"SIGNED_INT", R"([+-]?[0-9]+)"},
    {"DECIMAL", R"([0-9]+\.[0-9]*|\.[0-9]+)"},
    {"FLOAT", R"([0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"SIGNED_FLOAT", R"([+-]?(?:[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"},
    {"NUMBER", R"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"SIGNED_NUMBER", R"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"ESCAPED_STRING", R"("(?:[^"\\\n]|\\[^\n])*")"},
    {"LCASE_LETTER", R"([a-z])"},
    {"UCASE_LETTER", R"([A-Z])"},
    {"LETTER", R"([a-zA-Z])"},
    {"WORD", R"([a-zA-Z]+)"},
    {"CNAME", R"([a-zA-Z_][a-zA-Z_0-9]*)"},
    {"WS_INLINE", R"([ \t]+)"},
    {"WS", R"([ \t\f\r\n]+)"},
    {"CR", R"(\r)"},
    {"LF", R"(\n)"},
    {"NEWLINE", R"((?:\r?\n)+)"},
    {"SH_COMMENT", R"(#[^\n]*)"},
    {"CPP_COMMENT", R"(\/\/[^\n]*)"},
    {"C_COMMENT", R"(\/\*(?:[^*]|\*+[^*/])*\*+\/)"},
    {"SQL_COMMENT", R"(--[^\n]*)"},
};

}  // namespace

std::optional<std::string_view> CommonTerminal(std::string_view name) {
  for (const auto& [known, pattern] : kCommon) {
    if (known == name) return pattern;
  }
  return std::nullopt;
}

std::string CommonTerminalNames() {
  std::string names;
  for (const auto& [name, pattern] : kCommon) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace sheepop::notation
