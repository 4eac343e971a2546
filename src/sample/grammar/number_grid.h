// Whether the integers times a power of ten hold a value of a NumberSide. Used by number_language.cc alone. `Integer` is
// uint64_t or an integer without bound, unsigned in use.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sample/grammar/number_side.h"

namespace sheepop::grammar {

template <typename Integer>
Integer PowerOfTen(int64_t exponent) {
  Integer power = 1;
  for (int64_t i = 0; i < exponent; ++i) power *= 10u;
  return power;
}

template <typename Integer>
class NumberGrid {
 public:
  // A side in units of 10^scale, for integers below 10^digits.
  struct Units {
    Integer low;
    std::optional<Integer> high;  // where it bounds those integers
    Integer step;                 // of the multiples; 10^digits where only 0 is one
    std::vector<Integer> not_steps, excluded;
    bool none = false;  // every multiple of step is one of a not_step
  };

  // The integers asked about have at most `digits` digits (18 for uint64_t).
  NumberGrid(const NumberSide& side, int64_t digits) : side_(&side), digits_(digits) {}

  const Units& At(int64_t scale) {
    const auto known = units_.find(scale);
    return known != units_.end() ? known->second : units_.emplace(scale, Make(scale)).first->second;
  }

  // Whether an integer from first to last is one of them.
  static bool Holds(const Units& units, const Integer& first, const Integer& last) {
    const Integer& least = std::max(first, units.low);
    const Integer& greatest = units.high ? std::min(last, *units.high) : last;
    if (least > greatest || units.none) return false;
    Integer n = least;
    if (units.step != 1u) {
      const Integer over = least % units.step;
      if (over != 0u) n += units.step - over;
    }
    // Exceptions never fill long runs: of consecutive multiples of step, each not_step and each excluded value takes few.
    while (n <= greatest && IsException(units, n)) n += units.step;
    return n <= greatest;
  }

  size_t bytes() const { return units_.size() * (sizeof(Units) + 64); }

 private:
  static bool IsException(const Units& units, const Integer& n) {
    return std::ranges::binary_search(units.excluded, n) ||
           std::ranges::any_of(units.not_steps, [&](const Integer& step) { return n % step == 0u; });
  }

  static Integer Read(std::string_view digits) {
    Integer value = 0;
    for (const char digit : digits) {
      value *= 10u;
      value += static_cast<unsigned>(digit - '0');
    }
    return value;
  }

  // value / 10^scale rounded down, and whether it was rounded; nothing where it has more than digits_ digits.
  std::optional<std::pair<Integer, bool>> Floor(const Decimal& value, int64_t scale) const {
    if (value.IsZero() || value.Magnitude() <= scale) return std::pair(Integer(0), !value.IsZero());
    const int64_t size = value.Magnitude() - scale;
    if (size > digits_) return std::nullopt;
    std::string digits = value.digits;
    digits.resize(static_cast<size_t>(size), '0');
    return std::pair(Read(digits), value.exponent < scale);
  }

  Integer Step(const Decimal& divisor, int64_t scale) const {
    const std::optional<std::string> steps = StepsOf(divisor, scale, digits_);
    return steps ? Read(*steps) : PowerOfTen<Integer>(digits_);
  }

  Units Make(int64_t scale) const {
    Units units;
    if (const auto low = Floor(side_->low, scale)) {
      units.low = low->first + (low->second || side_->above_low ? 1u : 0u);
    } else {
      units.low = PowerOfTen<Integer>(digits_);
    }
    if (side_->high) {
      if (const auto high = Floor(*side_->high, scale)) {
        units.high = high->first - (!high->second && side_->below_high && high->first != 0u ? 1u : 0u);
      }
    }
    units.step = side_->multiple ? Step(*side_->multiple, scale) : Integer(1);
    for (const Decimal& divisor : side_->not_multiples) {
      units.not_steps.push_back(Step(divisor, scale));
      units.none |= units.step % units.not_steps.back() == 0u;
    }
    for (const Decimal& value : side_->excluded) {
      const auto exact = Floor(value, scale);
      if (exact && !exact->second) units.excluded.push_back(exact->first);
    }
    std::ranges::sort(units.excluded);
    return units;
  }

  const NumberSide* side_;
  int64_t digits_;
  std::unordered_map<int64_t, Units> units_;
};

}  // namespace sheepop::grammar
