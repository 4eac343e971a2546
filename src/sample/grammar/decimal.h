// Decimal numbers, exact, of any size: what JSON writes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sheepop::grammar {

// (-1)^negative * digits * 10^exponent. Normal form: no zero at either end of the digits; zero is "" with exponent 0 and
// is not negative.
struct Decimal {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;

  // RFC 8259's form of a number; nothing for other text, and where the exponent has more than 18 digits.
  static std::optional<Decimal> Parse(std::string_view text);
  static Decimal Of(int64_t value);
  static Decimal Of(uint64_t value);
  static Decimal Of(double value);  // the shortest text that reads back as it; finite

  bool IsZero() const { return digits.empty(); }
  bool IsInteger() const { return exponent >= 0; }
  // Of the first digit: 0.1 <= |value| / 10^Magnitude() < 1. Not of zero.
  int64_t Magnitude() const { return exponent + static_cast<int64_t>(digits.size()); }
  // In JSON's form, as people write it: plain from 1e-6 on and below 1e21, else with an exponent.
  std::string Text() const;
  bool operator==(const Decimal&) const = default;
};

std::strong_ordering Compare(const Decimal& a, const Decimal& b);
// Whether value is an integer times divisor, which is not zero.
bool IsMultiple(const Decimal& value, const Decimal& divisor);

// The least number above zero that is an integer times a and an integer times b, neither of them zero.
Decimal LeastCommonMultiple(const Decimal& a, const Decimal& b);
// The least n with value * 10^n an integer times divisor; nothing where there is none. Neither is zero.
std::optional<int64_t> LeastShift(const Decimal& value, const Decimal& divisor);
// How many steps of 10^scale make the least number above zero that is an integer times divisor, as digits; nothing where
// they are more than 10^most. The divisor is not zero.
std::optional<std::string> StepsOf(const Decimal& divisor, int64_t scale, int64_t most);

}  // namespace sheepop::grammar
