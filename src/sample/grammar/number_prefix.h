// What has been written of a number before its exponent. Used by number_language.cc alone. `Integer` is uint64_t or
// boost::multiprecision::cpp_int.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sample/grammar/number_side.h"

namespace sheepop::grammar {

// The bounds of a NumberForm, and those of this program where it has none.
struct NumberBounds {
  static constexpr int64_t kMostExponentDigits = 18;
  explicit NumberBounds(const NumberForm& form);

  bool has_digits;          // whether those of the mantissa are bounded
  int64_t digits;           // of it, at most; where they are not bounded, a number that none reaches
  int64_t exponent_digits;  // 0: no exponents
  int64_t most_exponent;    // 10^exponent_digits - 1
  bool points;
};

enum class NumberPhase : uint8_t { kStart, kMinus, kZero, kInteger, kPoint, kFraction };

template <typename Integer>
struct NumberPrefix {
  NumberPhase phase = NumberPhase::kStart;
  bool negative = false;
  Integer value = 0;     // of the digits, the point left out
  int64_t left = 0;      // digits that may follow, where they are bounded
  int64_t length = 0;    // digits of value
  int64_t fraction = 0;  // digits behind the point
  int64_t zeros = 0;     // at the end of value, if that is not 0

  // Of the digits of value and as many of the bound's: -1, 0, 1. Lower and upper bound.
  std::array<int8_t, 2> orders{};
  std::vector<uint32_t> begun;  // the excluded values whose digits begin with those of value
  uint64_t residue = 0;         // of value by the modulus, as far as the grid of the divisors reaches
  uint64_t stem = 0;            // of value without the zeros at its end
  bool off_grid = false;

  bool is_zero() const { return length == 0; }
};

// Carries prefixes on, and tells those apart that may go on differently: one for each side.
class NumberPrefixes {
 public:
  NumberPrefixes(const NumberSide& side, const NumberBounds& bounds);

  // From kStart, kMinus, kInteger, kPoint or kFraction, where digits are left.
  template <typename Integer>
  NumberPrefix<Integer> Append(const NumberPrefix<Integer>& prefix, unsigned digit) const;

  // Equal for two prefixes only if the same may follow them.
  template <typename Integer>
  std::string Key(const NumberPrefix<Integer>& prefix) const;

 private:
  enum class Place : uint8_t { kBelow, kAbove, kOpen };

  template <typename Integer>
  void CompareDigit(unsigned digit, NumberPrefix<Integer>& prefix) const;
  void CarryResidue(unsigned digit, bool in_fraction, int64_t fraction, uint64_t& residue, bool& off_grid) const;
  // Where the number will be beside a landmark, written without an exponent.
  template <typename Integer>
  static Place PlaceOf(const NumberPrefix<Integer>& prefix, const Decimal& landmark, int order);
  template <typename Integer>
  void AddBounds(const NumberPrefix<Integer>& prefix, std::string& key) const;
  template <typename Integer>
  void AddBoundsWithoutExponents(const NumberPrefix<Integer>& prefix, std::string& key) const;
  template <typename Integer>
  void AddDivisors(const NumberPrefix<Integer>& prefix, std::string& key) const;

  const NumberSide* side_;
  NumberBounds bounds_;
  bool free_;
  std::array<const Decimal*, 2> landmarks_{};  // the bounds that are not zero
  uint64_t modulus_ = 0;                       // 0: too large, digits tell prefixes apart
  int64_t grid_ = 0;                           // digits of a fraction that multiples of the divisors have at most
};

}  // namespace sheepop::grammar
