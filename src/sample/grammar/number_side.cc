#include "sample/grammar/number_side.h"

#include <algorithm>

namespace sheepop::grammar {
namespace {

Decimal Absolute(Decimal value) {
  value.negative = false;
  return value;
}

// Of two numbers above zero, whose digits are compared as if they had the same magnitude.
bool DigitsAtMost(const Decimal& value, const Decimal& bound, bool strict) {
  const int order = value.digits.compare(bound.digits);
  return strict ? order < 0 : order <= 0;
}

}  // namespace

bool NumberSide::HasZero() const {
  const bool bounds = !none && low.IsZero() && !above_low;
  return bounds && not_multiples.empty() &&
         std::ranges::none_of(excluded, [](const Decimal& value) { return value.IsZero(); });
}

bool NumberSide::contradicts_itself() const {
  return multiple && std::ranges::any_of(not_multiples, [&](const Decimal& d) { return IsMultiple(*multiple, d); });
}

std::optional<int64_t> NumberSide::CoarsestScale() const {
  std::optional<int64_t> coarsest;
  for (const Decimal& divisor : not_multiples) {
    const std::optional<int64_t> shift = LeastShift(Decimal::Of(int64_t{1}), divisor);
    if (shift) coarsest = std::min(coarsest.value_or(*shift - 1), *shift - 1);
  }
  return coarsest;
}

int64_t NumberSide::FinestScale() const {
  int64_t finest = std::min(low.exponent, high ? high->exponent : 0);
  if (multiple) finest = std::min(finest, multiple->exponent);
  for (const std::vector<Decimal>* list : {&not_multiples, &excluded}) {
    for (const Decimal& value : *list) finest = std::min(finest, value.exponent);
  }
  return finest;
}

NumberSide SideOf(const NumberConditions& conditions, bool negative) {
  const std::optional<Decimal>& low = negative ? conditions.maximum : conditions.minimum;
  const std::optional<Decimal>& high = negative ? conditions.minimum : conditions.maximum;
  NumberSide side;
  if (low && (low->IsZero() || low->negative == negative)) {
    side.low = Absolute(*low);
    side.above_low = negative ? conditions.below_maximum : conditions.above_minimum;
  }
  if (high) {
    side.high = Absolute(*high);
    side.below_high = negative ? conditions.above_minimum : conditions.below_maximum;
    side.none = high->IsZero() ? side.below_high : high->negative != negative;
  }
  if (conditions.integer) side.multiple = Decimal::Of(int64_t{1});
  for (const Decimal& divisor : conditions.multiples) {
    side.multiple = LeastCommonMultiple(side.multiple.value_or(divisor), divisor);
  }
  side.not_multiples = conditions.not_multiples;
  if (conditions.not_integer) side.not_multiples.push_back(Decimal::Of(int64_t{1}));
  for (const Decimal& value : conditions.excluded) {
    if (value.IsZero() || value.negative == negative) side.excluded.push_back(Absolute(value));
  }
  return side;
}

bool ExponentSet::Has(int64_t n) const {
  return n >= least && n <= greatest && !std::ranges::binary_search(excluded, n);
}

ExponentSet ExponentSet::Within(int64_t first, int64_t last) const {
  ExponentSet within{std::max(least, first), std::min(greatest, last), {}};
  for (const int64_t n : excluded) {
    if (n >= within.least && n <= within.greatest) within.excluded.push_back(n);
  }
  return within;
}

ExponentSet ExponentSet::Negated() const {
  ExponentSet negated{-greatest, -least, {}};
  for (const int64_t n : excluded) negated.excluded.insert(negated.excluded.begin(), -n);
  return negated;
}

ExponentSet ExponentsFor(const Decimal& value, const NumberSide& side, int64_t most) {
  const ExponentSet all{-most, most, {}};
  const ExponentSet none;
  if (value.IsZero()) return side.HasZero() ? all : none;
  if (side.none || (side.high && side.high->IsZero())) return none;
  ExponentSet set = all;
  if (!side.low.IsZero()) {
    const int64_t same = side.low.Magnitude() - value.Magnitude();
    set.least = std::max(set.least, DigitsAtMost(value, side.low, !side.above_low) ? same + 1 : same);
  }
  if (side.high) {
    const int64_t same = side.high->Magnitude() - value.Magnitude();
    set.greatest = std::min(set.greatest, DigitsAtMost(value, *side.high, side.below_high) ? same : same - 1);
  }
  if (side.multiple) {
    const std::optional<int64_t> shift = LeastShift(value, *side.multiple);
    if (!shift) return none;
    set.least = std::max(set.least, *shift);
  }
  for (const Decimal& divisor : side.not_multiples) {
    const std::optional<int64_t> shift = LeastShift(value, divisor);
    if (shift) set.greatest = std::min(set.greatest, *shift - 1);
  }
  for (const Decimal& excluded : side.excluded) {
    if (excluded.digits == value.digits) set.excluded.push_back(excluded.exponent - value.exponent);
  }
  std::ranges::sort(set.excluded);
  const auto [first, last] = std::ranges::unique(set.excluded);
  set.excluded.erase(first, last);
  return set.Within(set.least, set.greatest);
}

}  // namespace sheepop::grammar
