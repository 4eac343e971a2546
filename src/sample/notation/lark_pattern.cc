#include "sample/notation/lark_pattern.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop::notation {
namespace {

bool IsLower(char32_t c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char32_t c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char32_t c) { return IsLower(c) || IsUpper(c); }
char OtherCase(char32_t letter) { return static_cast<char>(letter ^ 0x20); }

void RequireAscii(char32_t c) {
  if (c < 0x80) return;
  std::string text;
  AppendUtf8(c, text);
  throw Error(ErrorCategory::kUnsupported, "the flag i knows the letters A to Z alone, and {} is beyond ASCII",
              Quoted(text));
}

class Translator {
 public:
  Translator(std::string_view body, std::string_view flags) : rest_(body) {
    for (const char flag : flags) Set(flag);
    // (?i) at the front is a flag of the whole.
    if (rest_.starts_with("(?") && rest_.find_first_not_of("imsxul", 2) == rest_.find(')') && rest_.size() > 3) {
      const size_t end = rest_.find(')');
      for (const char flag : rest_.substr(2, end - 2)) Set(flag);
      rest_.remove_prefix(end + 1);
    }
  }

  std::string Translate() {
    while (!rest_.empty()) Step();
    return std::move(out_);
  }

 private:
  void Set(char flag) {
    switch (flag) {
      case 'i': caseless_ = true; return;
      case 'm': lines_ = true; return;
      case 's': dot_all_ = true; return;
      case 'x': verbose_ = true; return;
      case 'u':
      case 'l': return;
      default:
        throw Error(ErrorCategory::kInvalidArgument, "{} is no flag of an expression; i, m, s, u, x and l are",
                    Quoted(std::string_view(&flag, 1)));
    }
  }

  bool Take(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }

  void Step() {
    if (Take("(?P<")) {
      out_ += "(?<";
    } else if (Take("(?P=")) {
      out_ += "\\k<";  // a back-reference: refused as one
    } else if (Take("(?#")) {
      rest_.remove_prefix(std::min(rest_.size(), rest_.find(')') == rest_.npos ? rest_.size() : rest_.find(')') + 1));
    } else if (Take("(?<=") || Take("(?<!")) {
      out_ += "(?<";
      out_ += rest_.data()[-1];
    } else if (Take("(?<")) {
      out_ += "(?<";
      CopyName();
    } else if (Take("[")) {
      Class();
    } else if (Take("\\")) {
      Escape();
    } else if (Take(".")) {
      out_ += dot_all_ ? "[\\s\\S]" : "[^\\n]";
    } else if (lines_ && Take("^")) {
      out_ += "(?:^|(?<=\\n))";
    } else if (lines_ && Take("$")) {
      out_ += "(?:$|(?=\\n))";
    } else if (verbose_ && Take("#")) {
      rest_.remove_prefix(std::min(rest_.size(), rest_.find('\n')));
    } else if (verbose_ && rest_.find_first_not_of(" \t\r\n\f\v") != 0) {
      rest_.remove_prefix(1);
    } else {
      Literal(TakeCharacter());
    }
  }

  void CopyName() {
    const size_t end = std::min(rest_.find('>'), rest_.size());
    out_ += rest_.substr(0, end);
    rest_.remove_prefix(end);
  }

  char32_t TakeCharacter() {
    const Utf8Step step = DecodeUtf8(rest_);
    rest_.remove_prefix(step.length);
    return step.code_point;
  }

  void Literal(char32_t c) {
    if (!caseless_) return AppendUtf8(c, out_);
    RequireAscii(c);
    if (!IsLetter(c)) return AppendUtf8(c, out_);
    out_ += '[';
    AppendUtf8(c, out_);
    out_ += OtherCase(c);
    out_ += ']';
  }

  void Escape() {
    if (rest_.empty()) {
      out_ += '\\';
    } else if (Take("A")) {
      out_ += '^';
    } else if (Take("Z")) {
      out_ += '$';
    } else if (const std::optional<char32_t> c = EscapedCharacter()) {
      caseless_ ? Literal(*c) : AppendEscaped(*c);
    } else if (Take("k<")) {
      out_ += "\\k<";
      CopyName();
    } else if (Take("p{") || Take("P{")) {
      out_ += '\\';
      out_ += rest_.data()[-2];
      out_ += '{';
      const size_t end = std::min(rest_.find('}'), rest_.size());
      out_ += rest_.substr(0, end);
      rest_.remove_prefix(end);
    } else {
      out_ += '\\';
      AppendUtf8(TakeCharacter(), out_);
    }
  }

  // Behind a reverse solidus: what stands for one character by its number or because Python escapes more than ECMA-262
  // does.
  std::optional<char32_t> EscapedCharacter() {
    const size_t digits = rest_[0] == 'x' ? 2 : rest_[0] == 'u' ? 4 : rest_[0] == 'U' ? 8 : 0;
    if (digits > 0 && rest_.size() > digits &&
        rest_.substr(1, digits).find_first_not_of("0123456789abcdefABCDEF") == rest_.npos) {
      const auto code = static_cast<char32_t>(std::stoul(std::string(rest_.substr(1, digits)), nullptr, 16));
      rest_.remove_prefix(digits + 1);
      return code;
    }
    if (Take("a")) return 7;
    const auto first = static_cast<uint8_t>(rest_[0]);
    if (first > ' ' && first < 0x80 &&
        std::string_view("\"'#%&,:;<=>@`~!/_").find(rest_[0]) == std::string_view::npos) {
      return std::nullopt;
    }
    return TakeCharacter();
  }

  void AppendEscaped(char32_t c) {
    if (c < 0x80 && !IsLetter(c) && !(c >= '0' && c <= '9')) {
      out_ += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else {
      AppendUtf8(c, out_);
    }
  }

  void Class() {
    out_ += '[';
    if (Take("^")) out_ += '^';
    std::string other;  // the other case of what stands in it
    std::optional<char32_t> before;
    bool range = false, first = true;
    while (!rest_.empty() && (first || rest_[0] != ']')) {
      first = false;
      if (before && !range && rest_[0] == '-' && rest_.size() > 1 && rest_[1] != ']') {
        out_ += '-';
        rest_.remove_prefix(1);
        range = true;
        continue;
      }
      const std::optional<char32_t> here = ClassCharacter();
      if (caseless_ && here) {
        RequireAscii(*here);
        AddOtherCase(range && before ? *before : *here, *here, other);
      }
      before = range ? std::nullopt : here;
      range = false;
    }
    out_ += other;
    if (Take("]")) out_ += ']';
  }

  // Nothing for a class within it, such as \d.
  std::optional<char32_t> ClassCharacter() {
    if (!Take("\\")) {
      const char32_t c = TakeCharacter();
      if (c == ']') out_ += '\\';
      AppendUtf8(c, out_);
      return c;
    }
    if (rest_.empty()) {
      out_ += '\\';
      return std::nullopt;
    }
    if (const std::optional<char32_t> c = EscapedCharacter()) {
      AppendEscaped(*c);
      return c;
    }
    if (rest_[0] == 'p' || rest_[0] == 'P') {
      Escape();
      return std::nullopt;
    }
    const char32_t c = TakeCharacter();
    out_ += '\\';
    AppendUtf8(c, out_);
    if (IsLetter(c) || (c >= '0' && c <= '9')) return std::nullopt;
    return c;
  }

  static void AddOtherCase(char32_t first, char32_t last, std::string& out) {
    for (const auto& [low, high] : {std::pair{U'a', U'z'}, std::pair{U'A', U'Z'}}) {
      const char32_t begin = std::max(first, low), end = std::min(last, high);
      if (begin <= end) out += fmt::format("{}-{}", OtherCase(begin), OtherCase(end));
    }
  }

  std::string_view rest_;
  std::string out_;
  bool caseless_ = false, lines_ = false, dot_all_ = false, verbose_ = false;
};

}  // namespace

std::string EcmaPattern(std::string_view body, std::string_view flags) { return Translator(body, flags).Translate(); }

std::string CaselessPattern(std::string_view text) {
  std::string pattern;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    text.remove_prefix(step.length);
    RequireAscii(step.code_point);
    const auto c = static_cast<char>(step.code_point);
    pattern += IsLetter(step.code_point) ? fmt::format("[{}{}]", c, OtherCase(step.code_point))
                                         : fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
  }
  return pattern;
}

}  // namespace sheepop::notation
