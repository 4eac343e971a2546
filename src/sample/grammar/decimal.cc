#include "sample/grammar/decimal.h"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>

namespace sheepop::grammar {
namespace {

using Integer = boost::multiprecision::cpp_int;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view& text) {
  const size_t count = static_cast<size_t>(std::ranges::find_if_not(text, IsDigit) - text.begin());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Of an exponent behind its "e"; nothing where it has none or too many digits.
std::optional<int64_t> TakeExponent(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return negative ? -value : value;
}

Decimal Normal(bool negative, std::string digits, int64_t exponent) {
  const size_t last = digits.find_last_not_of('0');
  if (last == std::string::npos) return {};
  exponent += static_cast<int64_t>(digits.size() - last - 1);
  digits.resize(last + 1);
  digits.erase(0, digits.find_first_not_of('0'));
  return {negative, std::move(digits), exponent};
}

Integer ToInteger(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');  // a leading zero means octal to cpp_int
  return first == std::string_view::npos ? Integer(0) : Integer(std::string(digits.substr(first)));
}

Integer PowerOfTen(int64_t exponent) {
  return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

// Divides by `factor` as often as it goes, at most `most` times; says how often.
int64_t Strip(Integer& value, int factor, int64_t most) {
  int64_t count = 0;
  while (count < most && value % factor == 0) {
    value /= factor;
    ++count;
  }
  return count;
}

}  // namespace

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::string digits(TakeDigits(text));
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  int64_t exponent = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = TakeDigits(text);
    if (fraction.empty()) return std::nullopt;
    digits += fraction;
    exponent = -static_cast<int64_t>(fraction.size());
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const std::optional<int64_t> written = TakeExponent(text);
    if (!written) return std::nullopt;
    exponent += *written;
  }
  if (!text.empty()) return std::nullopt;
  return Normal(negative, std::move(digits), exponent);
}

Decimal Decimal::Of(int64_t value) { return *Parse(std::to_string(value)); }
Decimal Decimal::Of(uint64_t value) { return *Parse(std::to_string(value)); }

Decimal Decimal::Of(double value) {
  std::array<char, 32> text;
  const std::to_chars_result end = std::to_chars(text.data(), text.data() + text.size(), value);
  return *Parse({text.data(), end.ptr});
}

std::string Decimal::Text() const {
  if (IsZero()) return "0";
  const int64_t size = static_cast<int64_t>(digits.size());
  const int64_t point = Magnitude();  // digits before it
  std::string text;
  if (point > 21 || point < -5) {
    text = digits.substr(0, 1) + (size > 1 ? "." + digits.substr(1) : "") + (point > 0 ? "e+" : "e") +
           std::to_string(point - 1);
  } else if (point <= 0) {
    text = "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (point >= size) {
    text = digits + std::string(static_cast<size_t>(point - size), '0');
  } else {
    text = digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  }
  if (negative) text.insert(text.begin(), '-');
  return text;
}

std::strong_ordering Compare(const Decimal& a, const Decimal& b) {
  const int sign_a = a.IsZero() ? 0 : a.negative ? -1 : 1;
  const int sign_b = b.IsZero() ? 0 : b.negative ? -1 : 1;
  if (sign_a != sign_b || sign_a == 0) return sign_a <=> sign_b;
  const std::strong_ordering magnitudes =
      a.Magnitude() != b.Magnitude() ? a.Magnitude() <=> b.Magnitude() : a.digits.compare(b.digits) <=> 0;
  return sign_a < 0 ? 0 <=> magnitudes : magnitudes;
}

bool IsMultiple(const Decimal& value, const Decimal& divisor) {
  if (value.IsZero()) return true;
  const int64_t shift = value.exponent - divisor.exponent;
  if (shift < 0) return false;  // digits / 10^-shift is no integer: they do not end in a zero
  const Integer modulus = ToInteger(divisor.digits);
  const Integer power = boost::multiprecision::powm(Integer(10), Integer(shift), modulus);
  return ToInteger(value.digits) % modulus * power % modulus == 0;
}

Decimal LeastCommonMultiple(const Decimal& a, const Decimal& b) {
  const int64_t exponent = std::min(a.exponent, b.exponent);
  const Integer product = boost::multiprecision::lcm(Integer(ToInteger(a.digits) * PowerOfTen(a.exponent - exponent)),
                                                     Integer(ToInteger(b.digits) * PowerOfTen(b.exponent - exponent)));
  return Normal(false, product.str(), exponent);
}

std::optional<int64_t> LeastShift(const Decimal& value, const Decimal& divisor) {
  Integer rest = ToInteger(divisor.digits);
  rest /= boost::multiprecision::gcd(rest, ToInteger(value.digits));
  const int64_t unlimited = INT64_MAX;
  const int64_t twos = Strip(rest, 2, unlimited);
  const int64_t fives = Strip(rest, 5, unlimited);
  if (rest != 1) return std::nullopt;
  return divisor.exponent - value.exponent + std::max(twos, fives);
}

std::optional<std::string> StepsOf(const Decimal& divisor, int64_t scale, int64_t most) {
  const int64_t shift = divisor.exponent - scale;
  std::string steps = divisor.digits;
  if (shift > 0) {
    if (divisor.Magnitude() - scale > most + 1) return std::nullopt;
    steps.append(static_cast<size_t>(shift), '0');
  } else if (shift < 0) {
    Integer rest = ToInteger(divisor.digits);
    Strip(rest, 2, -shift);
    Strip(rest, 5, -shift);
    steps = rest.str();
  }
  const int64_t size = static_cast<int64_t>(steps.size());
  const bool power = steps.find_first_not_of('0', 1) == std::string::npos && steps[0] == '1';
  if (size > most + 1 || (size == most + 1 && !power)) return std::nullopt;
  return steps;
}

}  // namespace sheepop::grammar
