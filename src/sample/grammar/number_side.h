// What NumberConditions ask of the absolute value of a number, for one sign. Used by number_language.cc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sample/grammar/decimal.h"
#include "sample/grammar/number_language.h"

namespace sheepop::grammar {

// Of an absolute value; zero belongs to either sign.
struct NumberSide {
  bool none = false;  // the bounds leave no value
  Decimal low;        // at least this
  bool above_low = false;
  std::optional<Decimal> high;  // at most this
  bool below_high = false;
  std::optional<Decimal> multiple;     // of this
  std::vector<Decimal> not_multiples;  // of none of these
  std::vector<Decimal> excluded;       // none of these

  bool has_exceptions() const { return !not_multiples.empty() || !excluded.empty(); }
  bool has_divisors() const { return multiple || !not_multiples.empty(); }
  bool is_free() const { return !none && low.IsZero() && !above_low && !high && !has_divisors() && excluded.empty(); }

  bool HasZero() const;
  // Every multiple of `multiple` is one of not_multiples.
  bool contradicts_itself() const;
  // Every integer times 10^n is a multiple of one of not_multiples for n above this; nothing where they are not.
  std::optional<int64_t> CoarsestScale() const;
  // 10 to this divides every number above.
  int64_t FinestScale() const;
};

NumberSide SideOf(const NumberConditions& conditions, bool negative);

// All exponents n from least to greatest but the excluded ones.
struct ExponentSet {
  int64_t least = 0;
  int64_t greatest = -1;
  std::vector<int64_t> excluded;  // ascending, each within

  bool empty() const { return greatest - least + 1 <= static_cast<int64_t>(excluded.size()); }
  bool Has(int64_t n) const;
  // Only those from `first` to `last`.
  ExponentSet Within(int64_t first, int64_t last) const;
  ExponentSet Negated() const;
};

// The n within +-most with value * 10^n in `side`; value is not negative.
ExponentSet ExponentsFor(const Decimal& value, const NumberSide& side, int64_t most);

}  // namespace sheepop::grammar
