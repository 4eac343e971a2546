#include "base/numbers.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/quoted.h"

namespace sheepop {
namespace {

[[noreturn]] void Refuse(std::string_view thing, std::string_view text, std::string_view expected) {
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be {}", thing, Quoted(text), expected);
}

enum class Reading { kDone, kNoNumber, kTooLarge };

template <class Number>
Reading ReadWhole(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return Reading::kNoNumber;
  return error == std::errc() ? Reading::kDone : Reading::kTooLarge;
}

// A number above a bound that help texts leave out is told that bound.
std::string WholeText(const Bounds& bounds) {
  return fmt::format("{} to {}", NumberText(bounds.low), NumberText(bounds.high));
}

// Whatever IEEE 754 has, a NaN too.
bool IsReal(const Bounds& bounds) { return bounds.low == kReal.low && bounds.high == kReal.high; }

}  // namespace

std::string NumberText(double value) {
  constexpr double kExact = 9007199254740992;
  if (value == std::floor(value) && std::abs(value) <= kExact) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}

std::string Bounds::Text() const {
  if (IsReal(*this)) return "of any size";
  return open ? fmt::format("at least {}", NumberText(low)) : WholeText(*this);
}

void CheckBounds(std::string_view thing, double value, const Bounds& bounds) {
  if (bounds.Hold(value)) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be {}", thing, NumberText(value),
              value > bounds.high ? WholeText(bounds) : bounds.Text());
}

double ReadNumber(std::string_view thing, std::string_view text, const Bounds& bounds) {
  double value = 0;
  const Reading reading = ReadWhole(text, value);
  if (reading == Reading::kNoNumber) Refuse(thing, text, fmt::format("a number, {}", bounds.Text()));
  if (reading == Reading::kTooLarge) Refuse(thing, text, fmt::format("a number, {}", WholeText(bounds)));
  if (!IsReal(bounds)) CheckBounds(thing, value, bounds);
  return value;
}

int64_t ReadInteger(std::string_view thing, std::string_view text, const Bounds& bounds) {
  int64_t value = 0;
  const Reading reading = ReadWhole(text, value);
  if (reading == Reading::kNoNumber) Refuse(thing, text, fmt::format("a whole number, {}", bounds.Text()));
  if (reading == Reading::kTooLarge) {
    Refuse(thing, text, fmt::format("a whole number, {}", text.starts_with('-') ? bounds.Text() : WholeText(bounds)));
  }
  CheckBounds(thing, static_cast<double>(value), bounds);
  return value;
}

uint64_t ReadUnsigned(std::string_view thing, std::string_view text) {
  uint64_t value = 0;
  if (ReadWhole(text, value) != Reading::kDone) Refuse(thing, text, "a whole number, 0 to 18446744073709551615");
  return value;
}

bool ReadBool(std::string_view thing, std::string_view text) {
  if (text != "true" && text != "false") Refuse(thing, text, "true or false");
  return text == "true";
}

std::string_view ReadChoice(std::string_view thing, std::string_view text, std::string_view choices) {
  std::vector<std::string_view> known = ReadList(thing, choices, '|');
  const auto found = std::ranges::find(known, text);
  if (found != known.end()) return *found;
  Refuse(thing, text, fmt::format("{}{}", fmt::join(known, " or "), DidYouMean(text, known)));
}

std::vector<std::string_view> ReadList(std::string_view thing, std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    if (end == start) {
      Refuse(thing, text, fmt::format("a list separated by '{}', with no empty element", separator));
    }
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

bool IsDigits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace sheepop
