// The text of a grammar while it is read, and where in it a fault is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheepop::notation {

class Source {
 public:
  static constexpr size_t kMostBytes = size_t{4} << 20;

  // Throws kLimit for more than kMostBytes, kInvalidArgument for bytes that are not UTF-8. `text` must stay.
  explicit Source(std::string_view text);

  bool AtEnd() const { return offset_ == text_.size(); }
  size_t offset() const { return offset_; }
  std::string_view rest() const { return text_.substr(offset_); }
  char Peek(size_t ahead = 0) const;  // NUL behind the end
  bool Begins(std::string_view what) const { return rest().starts_with(what); }
  void Skip(size_t bytes) { offset_ += bytes; }
  bool Take(std::string_view what);  // skips it where it stands next
  void SkipLine() { offset_ = std::min(text_.find_first_of("\r\n", offset_), text_.size()); }
  std::string_view TakeWhile(bool (*allowed)(char));
  char32_t TakeCharacter();  // not at the end

  // An Error whose message begins with line and column of `offset`, both from 1, the column in characters.
  Error At(size_t offset, ErrorCategory category, std::string_view message) const;
  Error Fault(size_t offset, std::string_view message) const {
    return At(offset, ErrorCategory::kInvalidArgument, message);
  }
  // What stands next is not `allowed`.
  Error Expected(std::string_view allowed) const;
  // The text ends, or the line, and what stands at `begin` has not met its `end`.
  Error Unclosed(size_t begin, std::string_view end) const;

 private:
  std::string_view text_;
  size_t offset_ = 0;
};

bool IsDigit(char c);
// A whole number in decimal digits. Throws kInvalidArgument where there is none, kLimit past kMostRepeats.
inline constexpr uint64_t kMostRepeats = 1'000'000;
uint64_t TakeCount(Source& source);
// The name of a control token with its < and >; < stands next. Throws kUnsupported for a token by its number.
std::string_view TakeControlToken(Source& source);
// As many hexadecimal digits, as a character.
char32_t TakeHexCharacter(Source& source, size_t digits);

}  // namespace sheepop::notation
