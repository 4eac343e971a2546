#include "jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop::jinja {

bool IsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view StripEnd(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    if (!IsSpace(DecodeUtf8(text.substr(begin)).code_point)) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::string_view StripFront(std::string_view text) {
  while (!text.empty()) {
    Utf8Step step = DecodeUtf8(text);
    if (!IsSpace(step.code_point)) break;
    text.remove_prefix(step.length);
  }
  return text;
}

void FailAtLine(int line, const std::string& message) {
  throw Error(ErrorCategory::kCorrupt, "chat template, line {}: {}", line, message);
}

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<signed char>(c) < 0;
}

std::string NormalizeNewlines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : owned_(NormalizeNewlines(source)), rest_(owned_) {}

  std::vector<Token> Run() {
    while (!rest_.empty()) LexData();
    Add(TokenType::kEnd, "end of template");
    return std::move(tokens_);
  }

 private:
  void Add(TokenType type, std::string_view text) { tokens_.push_back({type, line_, std::string(text)}); }

  void AddData(std::string_view text) {
    if (!text.empty()) Add(TokenType::kData, text);
  }

  void Take(size_t count) {
    line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(count), '\n'));
    if (count > 0) line_starting_ = rest_[count - 1] == '\n';
    rest_.remove_prefix(count);
  }

  void TakeSpace() { Take(rest_.size() - StripFront(rest_).size()); }

  void TrimNewline() {
    if (rest_.starts_with('\n')) Take(1);
  }

  // The text before a tag that begins with the marker `sign` ('-', '+' or 0).
  std::string_view BeforeTag(std::string_view text, char sign, bool lstrip) const {
    if (sign == '-') return StripEnd(text);
    if (sign == '+' || !lstrip) return text;
    size_t newline = text.rfind('\n');
    size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    if (begin == 0 && !line_starting_) return text;
    return StripFront(text.substr(begin)).empty() ? text.substr(0, begin) : text;
  }

  static char Sign(std::string_view at) {
    return !at.empty() && (at.front() == '-' || at.front() == '+') ? at.front() : '\0';
  }

  void LexData() {
    size_t tag = 0;
    for (;; ++tag) {
      tag = rest_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= rest_.size()) {
        AddData(rest_);
        return Take(rest_.size());
      }
      if (std::string_view("%{#").find(rest_[tag + 1]) != std::string_view::npos) break;
    }
    char kind = rest_[tag + 1];
    char sign = Sign(rest_.substr(tag + 2));
    AddData(BeforeTag(rest_.substr(0, tag), sign, kind != '{'));
    Take(tag);
    if (kind == '%' && LexRaw()) return;
    Take(sign ? 3 : 2);
    if (kind == '#') return LexComment();
    Add(kind == '{' ? TokenType::kVariableBegin : TokenType::kBlockBegin, kind == '{' ? "{{" : "{%");
    LexTag(kind == '{');
  }

  void LexComment() {
    int begin_line = line_;
    size_t end = rest_.find("#}");
    if (end == std::string_view::npos) FailAtLine(begin_line, "the comment that begins here has no end, \"#}\"");
    char sign = end > 0 ? Sign(rest_.substr(end - 1)) : '\0';
    Take(end + 2);
    EndOfBlock(sign);
  }

  void EndOfBlock(char sign) {
    if (sign == '-') {
      TakeSpace();
    } else if (sign != '+') {
      TrimNewline();
    }
  }

  // Of "{%- raw -%}" at the front of `at`: its length, or 0 when `at` begins with something else.
  static size_t RawTag(std::string_view at, std::string_view name, char& sign_at_end) {
    std::string_view text = at.substr(2);
    if (Sign(text)) text.remove_prefix(1);
    text = StripFront(text);
    if (!text.starts_with(name)) return 0;
    text = StripFront(text.substr(name.size()));
    sign_at_end = Sign(text);
    if (sign_at_end) text.remove_prefix(1);
    if (!text.starts_with("%}")) return 0;
    return at.size() - text.size() + 2;
  }

  bool LexRaw() {
    char sign_at_end = '\0';
    size_t length = RawTag(rest_, "raw", sign_at_end);
    if (length == 0 || sign_at_end == '+') return false;
    int begin_line = line_;
    Take(length);
    if (sign_at_end == '-') TakeSpace();
    for (size_t tag = 0; (tag = rest_.find("{%", tag)) != std::string_view::npos; ++tag) {
      size_t end_length = RawTag(rest_.substr(tag), "endraw", sign_at_end);
      if (end_length == 0) continue;
      AddData(BeforeTag(rest_.substr(0, tag), Sign(rest_.substr(tag + 2)), true));
      Take(tag + end_length);
      EndOfBlock(sign_at_end);
      return true;
    }
    FailAtLine(begin_line, "the raw block that begins here has no {% endraw %}");
  }

  // Whether the tag ends here; takes its end if so.
  bool AtTagEnd(bool variable) {
    std::string_view close = variable ? "}}" : "%}";
    char sign = Sign(rest_);
    if (sign == '+' && variable) return false;
    if (!rest_.substr(sign ? 1 : 0).starts_with(close)) return false;
    Add(variable ? TokenType::kVariableEnd : TokenType::kBlockEnd, close);
    Take(sign ? 3 : 2);
    if (variable && sign == '-') TakeSpace();
    if (!variable) EndOfBlock(sign);
    return true;
  }

  void LexTag(bool variable) {
    int begin_line = line_;
    std::string open;  // the closing brackets still to come
    while (true) {
      TakeSpace();
      if (rest_.empty()) FailAtLine(begin_line, "the tag that begins here has no end");
      if (open.empty() && AtTagEnd(variable)) return;
      char c = rest_.front();
      if (IsDigit(c)) {
        LexNumber();
      } else if (IsNameByte(c)) {
        size_t length = 1;
        while (length < rest_.size() && IsNameByte(rest_[length])) ++length;
        Add(TokenType::kName, rest_.substr(0, length));
        Take(length);
      } else if (c == '"' || c == '\'') {
        LexString(c);
      } else {
        LexOperator(open);
      }
    }
  }

  // The length of digits, singly separated by "_", at `at`.
  size_t Digits(size_t at) const {
    size_t begin = at;
    while (at < rest_.size() && (IsDigit(rest_[at]) ||
                                 (at > begin && rest_[at] == '_' && at + 1 < rest_.size() && IsDigit(rest_[at + 1])))) {
      ++at;
    }
    return at - begin;
  }

  void LexNumber() {
    bool after_dot = !tokens_.empty() && tokens_.back().type == TokenType::kOperator && tokens_.back().text == "." &&
                     rest_.data() > owned_.data() && rest_.data()[-1] == '.';
    size_t length = Digits(0);
    bool is_float = false;
    if (!after_dot) {
      size_t fraction = length < rest_.size() && rest_[length] == '.' ? Digits(length + 1) : 0;
      size_t end = fraction ? length + 1 + fraction : length;
      is_float = fraction > 0;
      if (end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
        size_t digits = end + 1 + (Sign(rest_.substr(end + 1)) ? 1 : 0);
        if (size_t exponent = Digits(digits)) {
          end = digits + exponent;
          is_float = true;
        }
      }
      if (is_float) length = end;
    }
    AddNumber(is_float ? length : IntegerLength(length), is_float);
  }

  // "0x1f", "0b1", "0o7" are longer than their decimal digits; "012" is the two numbers 0 and 12.
  size_t IntegerLength(size_t decimal) const {
    if (rest_.front() != '0') return decimal;
    if (rest_.size() > 2 && std::string_view("xXbBoO").find(rest_[1]) != std::string_view::npos) {
      size_t length = 2;
      auto is_digit = [&](char c) {
        return rest_[1] == 'x' || rest_[1] == 'X' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : IsDigit(c);
      };
      while (length < rest_.size() && (is_digit(rest_[length]) || rest_[length] == '_')) ++length;
      if (length > 2) return length;
    }
    size_t zeros = 1;
    while (zeros < decimal && (rest_[zeros] == '0' || rest_[zeros] == '_')) ++zeros;
    return zeros;
  }

  void AddNumber(size_t length, bool is_float) {
    std::string digits(rest_.substr(0, length));
    std::erase(digits, '_');
    Token token{TokenType::kNumber, line_, digits};
    const char* end = digits.data() + digits.size();
    std::from_chars_result result{};
    if (is_float) {
      double value = 0;
      result = std::from_chars(digits.data(), end, value);
      token.number = Value(value);
    } else {
      int64_t value = 0;
      int base = digits.size() < 2         ? 10
                 : (digits[1] | 32) == 'x' ? 16
                 : (digits[1] | 32) == 'b' ? 2
                 : (digits[1] | 32) == 'o' ? 8
                                           : 10;
      result = std::from_chars(digits.data() + (base == 10 ? 0 : 2), end, value, base);
      token.number = Value(value);
    }
    if (result.ec != std::errc() || result.ptr != end) FailAtLine(line_, "the number " + digits + " is out of range");
    tokens_.push_back(std::move(token));
    Take(length);
  }

  void LexString(char quote) {
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != quote) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) FailAtLine(line_, "the string that begins here has no end");
    Add(TokenType::kString, Unescape(rest_.substr(1, end - 1)));
    Take(end + 1);
  }

  std::string Unescape(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      char c = text.front();
      text.remove_prefix(1);
      if (c == '\\') {
        UnescapeOne(text, out);
      } else {
        out += c;
      }
    }
    return out;
  }

  // `text` stands after a backslash, which is never the last byte of a string.
  void UnescapeOne(std::string_view& text, std::string& out) const {
    static constexpr std::string_view kNames = "abfnrtv\\'\"";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    char c = text.front();
    if (size_t name = kNames.find(c); name != std::string_view::npos) {
      out += kMeanings[name];
      text.remove_prefix(1);
    } else if (c == '\n') {
      text.remove_prefix(1);
    } else if (c >= '0' && c <= '7') {
      size_t length = 1;
      while (length < 3 && length < text.size() && text[length] >= '0' && text[length] <= '7') ++length;
      AppendCodePoint(text, 0, length, 8, out);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      AppendCodePoint(text, 1, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, out);
    } else if (c == 'N') {
      FailAtLine(line_, "\\N{name} in a string is not supported; write \\u and four digits");
    } else {
      out += '\\';
    }
  }

  void AppendCodePoint(std::string_view& text, size_t skip, size_t length, int base, std::string& out) const {
    uint32_t code = 0;
    std::string_view digits = text.substr(skip, length);
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    if (digits.size() < length || result.ptr != digits.data() + digits.size() || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000)) {
      FailAtLine(line_, "a string holds a broken \\" + std::string(text.substr(0, 1)) + " escape");
    }
    AppendUtf8(code, out);
    text.remove_prefix(skip + length);
  }

  void LexOperator(std::string& open) {
    static constexpr std::array<std::string_view, 6> kLong = {"//", "**", "==", "!=", ">=", "<="};
    std::string_view text = rest_.substr(0, 1);
    for (std::string_view candidate : kLong) {
      if (rest_.starts_with(candidate)) text = candidate;
    }
    char c = text.front();
    if (text.size() == 1 && std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) {
      Utf8Step step = DecodeUtf8(rest_);
      FailAtLine(line_, "unexpected character '" + std::string(rest_.substr(0, step.length)) + "'");
    }
    static constexpr std::string_view kOpen = "([{";
    static constexpr std::string_view kClose = ")]}";
    if (size_t bracket = kOpen.find(c); bracket != std::string_view::npos) open += kClose[bracket];
    if (kClose.find(c) != std::string_view::npos) {
      if (open.empty() || open.back() != c) FailAtLine(line_, "unexpected '" + std::string(text) + "'");
      open.pop_back();
    }
    Add(TokenType::kOperator, text);
    Take(text.size());
  }

  std::string owned_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  int line_ = 1;
  bool line_starting_ = true;
};

}  // namespace

std::vector<Token> Lex(std::string_view source) { return Lexer(source).Run(); }

}  // namespace sheepop::jinja
