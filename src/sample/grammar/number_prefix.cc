#include "sample/grammar/number_prefix.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

namespace sheepop::grammar {
namespace {

constexpr int64_t kModulusDigits = 18;  // 10 times the modulus and a digit fit in 64 bits

template <typename T>
void Add(T value, std::string& key) {
  key.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string Digits(uint64_t value) { return std::to_string(value); }
std::string Digits(const boost::multiprecision::cpp_int& value) { return value.str(); }

char DigitAt(const Decimal& value, int64_t place) {
  return static_cast<size_t>(place) < value.digits.size() ? value.digits[static_cast<size_t>(place)] : '0';
}

}  // namespace

NumberBounds::NumberBounds(const NumberForm& form)
    : has_digits(form.digits > 0),
      digits(has_digits ? static_cast<int64_t>(std::min<size_t>(form.digits, INT32_MAX)) : INT64_MAX / 4),
      exponent_digits(!form.exponents ? 0
                      : has_digits ? static_cast<int64_t>(std::min<size_t>(form.exponent_digits, kMostExponentDigits))
                                   : kMostExponentDigits),
      most_exponent(0),
      points(form.points) {
  for (int64_t i = 0; i < exponent_digits; ++i) most_exponent = most_exponent * 10 + 9;
}

NumberPrefixes::NumberPrefixes(const NumberSide& side, const NumberBounds& bounds)
    : side_(&side), bounds_(bounds), free_(side.is_free()) {
  if (!side.low.IsZero()) landmarks_[0] = &side.low;
  if (side.high && !side.high->IsZero()) landmarks_[1] = &*side.high;
  std::vector<Decimal> divisors = side.not_multiples;
  if (side.multiple) divisors.push_back(*side.multiple);
  if (divisors.empty()) return;
  for (Decimal& divisor : divisors) {
    if (bounds.exponent_digits > 0) divisor.exponent = 0;  // that of the number can be any
    grid_ = std::max(grid_, -divisor.exponent);
  }
  Decimal modulus = divisors[0];
  for (const Decimal& divisor : divisors) {
    modulus = LeastCommonMultiple(modulus, divisor);
    if (modulus.Magnitude() + grid_ > kModulusDigits) return;
  }
  modulus_ = std::stoull(*StepsOf(modulus, -grid_, kModulusDigits));
}

template <typename Integer>
NumberPrefix<Integer> NumberPrefixes::Append(const NumberPrefix<Integer>& prefix, unsigned digit) const {
  NumberPrefix<Integer> next = prefix;
  if (prefix.phase == NumberPhase::kPoint || prefix.phase == NumberPhase::kFraction) {
    next.phase = NumberPhase::kFraction;
    ++next.fraction;
  } else {
    next.phase = digit == 0 && prefix.phase != NumberPhase::kInteger ? NumberPhase::kZero : NumberPhase::kInteger;
  }
  if (bounds_.has_digits) --next.left;
  if (free_) {
    next.length += digit > 0 || !prefix.is_zero();
    return next;
  }
  next.value *= 10u;
  next.value += digit;
  if (!prefix.is_zero() || digit > 0) {
    CompareDigit(digit, next);
    ++next.length;
    next.zeros = digit == 0 ? next.zeros + 1 : 0;
  }
  if (modulus_ != 0) {
    const bool grid = bounds_.exponent_digits > 0 || next.fraction <= grid_;
    if (grid) next.residue = (next.residue * 10 + digit) % modulus_;
    if (digit > 0) next.stem = next.residue;
    next.off_grid |= !grid && digit > 0;
  }
  return next;
}

// Before `length` is counted up.
template <typename Integer>
void NumberPrefixes::CompareDigit(unsigned digit, NumberPrefix<Integer>& prefix) const {
  const char c = static_cast<char>('0' + digit);
  for (size_t i = 0; i < landmarks_.size(); ++i) {
    if (landmarks_[i] == nullptr || prefix.orders[i] != 0) continue;
    const char own = DigitAt(*landmarks_[i], prefix.length);
    prefix.orders[i] = static_cast<int8_t>((c > own) - (c < own));
  }
  if (prefix.is_zero()) {
    for (uint32_t i = 0; i < side_->excluded.size(); ++i) {
      if (!side_->excluded[i].IsZero()) prefix.begun.push_back(i);
    }
  }
  std::erase_if(prefix.begun, [&](uint32_t i) { return DigitAt(side_->excluded[i], prefix.length) != c; });
}

template <typename Integer>
NumberPrefixes::Place NumberPrefixes::PlaceOf(const NumberPrefix<Integer>& prefix, const Decimal& landmark, int order) {
  const int64_t magnitude = landmark.Magnitude();
  if (prefix.is_zero()) return magnitude > -prefix.fraction ? Place::kBelow : Place::kOpen;
  if (magnitude < prefix.length - prefix.fraction) return Place::kAbove;
  if (prefix.phase == NumberPhase::kInteger) return Place::kOpen;
  if (magnitude > prefix.length - prefix.fraction || order < 0) return Place::kBelow;
  return order > 0 ? Place::kAbove : Place::kOpen;
}

template <typename Integer>
void NumberPrefixes::AddBoundsWithoutExponents(const NumberPrefix<Integer>& prefix, std::string& key) const {
  bool open = false;
  for (size_t i = 0; i < landmarks_.size(); ++i) {
    if (landmarks_[i] == nullptr) continue;
    const Place place = PlaceOf(prefix, *landmarks_[i], prefix.orders[i]);
    Add(place, key);
    if (place != Place::kOpen) continue;
    Add(prefix.orders[i], key);
    open = true;
  }
  for (uint32_t i = 0; i < side_->excluded.size(); ++i) {
    const bool begun = prefix.is_zero() || std::ranges::binary_search(prefix.begun, i);
    if (!begun || PlaceOf(prefix, side_->excluded[i], 0) != Place::kOpen) continue;
    Add(i, key);
    open = true;
  }
  if (!open) return;
  Add(prefix.length, key);
  Add(prefix.fraction, key);
}

template <typename Integer>
void NumberPrefixes::AddBounds(const NumberPrefix<Integer>& prefix, std::string& key) const {
  if (landmarks_[0] == nullptr && landmarks_[1] == nullptr && side_->excluded.empty()) return;
  Add(prefix.length - prefix.fraction, key);
  if (prefix.is_zero()) return;
  bool open = !prefix.begun.empty();
  for (size_t i = 0; i < landmarks_.size(); ++i) {
    if (landmarks_[i] == nullptr) continue;
    Add(prefix.orders[i], key);
    open |= prefix.orders[i] == 0;
  }
  for (const uint32_t i : prefix.begun) Add(i, key);
  if (open) Add(prefix.length, key);
}

template <typename Integer>
void NumberPrefixes::AddDivisors(const NumberPrefix<Integer>& prefix, std::string& key) const {
  if (!side_->has_divisors()) return;
  if (modulus_ == 0) {
    Add(prefix.fraction, key);
    key += Digits(prefix.value);
  } else if (bounds_.exponent_digits > 0) {
    Add(prefix.fraction, key);
    Add(prefix.zeros, key);
    Add(prefix.stem, key);
  } else {
    Add(std::min(prefix.fraction, grid_ + 1), key);
    Add(prefix.off_grid ? modulus_ : prefix.residue, key);
  }
}

template <typename Integer>
std::string NumberPrefixes::Key(const NumberPrefix<Integer>& prefix) const {
  std::string key;
  Add(prefix.phase, key);
  if (bounds_.has_digits) Add(prefix.left, key);
  if (free_ || prefix.phase == NumberPhase::kStart || prefix.phase == NumberPhase::kMinus) return key;
  Add(prefix.negative, key);
  Add(prefix.is_zero(), key);
  if (bounds_.exponent_digits > 0) {
    AddBounds(prefix, key);
  } else {
    AddBoundsWithoutExponents(prefix, key);
  }
  AddDivisors(prefix, key);
  return key;
}

template NumberPrefix<uint64_t> NumberPrefixes::Append(const NumberPrefix<uint64_t>&, unsigned) const;
template std::string NumberPrefixes::Key(const NumberPrefix<uint64_t>&) const;
using boost::multiprecision::cpp_int;
template NumberPrefix<cpp_int> NumberPrefixes::Append(const NumberPrefix<cpp_int>&, unsigned) const;
template std::string NumberPrefixes::Key(const NumberPrefix<cpp_int>&) const;

}  // namespace sheepop::grammar
