#include "sample/notation/source.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop::notation {

Source::Source(std::string_view text) : text_(text) {
  if (text.size() > kMostBytes) {
    throw Error(ErrorCategory::kLimit, "the grammar has {} bytes; at most {} are read", text.size(), kMostBytes);
  }
  if (!IsValidUtf8(text)) throw Error(ErrorCategory::kInvalidArgument, "the grammar is not UTF-8");
}

char Source::Peek(size_t ahead) const { return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0'; }

bool Source::Take(std::string_view what) {
  if (!Begins(what)) return false;
  offset_ += what.size();
  return true;
}

std::string_view Source::TakeWhile(bool (*allowed)(char)) {
  const size_t begin = offset_;
  while (!AtEnd() && allowed(text_[offset_])) ++offset_;
  return text_.substr(begin, offset_ - begin);
}

char32_t Source::TakeCharacter() {
  const Utf8Step step = DecodeUtf8(rest());
  offset_ += step.length;
  return step.code_point;
}

Error Source::At(size_t offset, ErrorCategory category, std::string_view message) const {
  const std::string_view before = text_.substr(0, offset);
  const size_t line_begin = before.find_last_of('\n') == std::string_view::npos ? 0 : before.find_last_of('\n') + 1;
  const auto is_character = [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; };
  return Error(category, "line {}, column {}: {}", std::ranges::count(before, '\n') + 1,
               std::ranges::count_if(before.substr(line_begin), is_character) + 1, message);
}

Error Source::Unclosed(size_t begin, std::string_view end) const {
  return Fault(begin, fmt::format("what {} opens here is not closed in time; put a {} behind it",
                                  Quoted(text_.substr(begin, 1)), end));
}

Error Source::Expected(std::string_view allowed) const {
  if (AtEnd()) return Fault(offset_, fmt::format("the grammar ends where {} is expected", allowed));
  if (Peek() == '\n' || Peek() == '\r') {
    return Fault(offset_, fmt::format("the line ends where {} is expected", allowed));
  }
  const std::string_view line = rest().substr(0, rest().find_first_of("\r\n"));
  size_t shown = 0;
  for (size_t i = 0; i < 20 && shown < line.size(); ++i) shown += DecodeUtf8(line.substr(shown)).length;
  return Fault(offset_, fmt::format("{} stands where {} is expected", Quoted(line.substr(0, shown)), allowed));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint64_t TakeCount(Source& source) {
  const size_t begin = source.offset();
  const std::string_view digits = source.TakeWhile(IsDigit);
  if (digits.empty()) throw source.Expected("a number of repetitions");
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || count > kMostRepeats) {
    throw source.At(begin, ErrorCategory::kLimit,
                    fmt::format("{} repetitions; at most {} are possible", digits, kMostRepeats));
  }
  return count;
}

std::string_view TakeControlToken(Source& source) {
  const size_t offset = source.offset();
  const std::string_view rest = source.rest();
  const size_t end = rest.find_first_of(">\r\n");
  if (end == std::string_view::npos || rest[end] != '>') throw source.Fault(offset, "> is missing behind <");
  const std::string_view token = rest.substr(0, end + 1);
  if (token.starts_with("<[")) {
    throw source.At(offset, ErrorCategory::kUnsupported,
                    fmt::format("{} is a token by its number, which differs from model to model; write its name, such "
                                "as <|im_end|>",
                                Quoted(token)));
  }
  source.Skip(token.size());
  return token;
}

char32_t TakeHexCharacter(Source& source, size_t digits) {
  const size_t begin = source.offset();
  const std::string_view text = source.rest().substr(0, digits);
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  if (text.size() < digits || error != std::errc() || end != text.data() + digits) {
    throw source.Expected(fmt::format("{} hexadecimal digits of an escape", digits));
  }
  source.Skip(digits);
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    throw source.Fault(begin, fmt::format("U+{:04X} is no character", code));
  }
  return code;
}

}  // namespace sheepop::notation
