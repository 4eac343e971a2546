// JSON's numbers (RFC 8259, section 6) with conditions on their value, however it is written: 12, 12.0, 1.2e1.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sample/grammar/byte_language.h"
#include "sample/grammar/decimal.h"

namespace sheepop::grammar {

// All must hold.
struct NumberConditions {
  bool integer = false;      // the value is one: 1.0 and 1e2 are
  bool not_integer = false;  // the value is none
  std::optional<Decimal> minimum, maximum;
  bool above_minimum = false, below_maximum = false;  // the bound itself does not count
  std::vector<Decimal> multiples;                     // of each of these, greater than 0
  std::vector<Decimal> not_multiples;                 // of none of these, greater than 0
  std::vector<Decimal> excluded;                      // the value is none of these
};

struct NumberForm {
  // Digits of the mantissa at most, those before and behind the point together; leading and closing zeros count. 0: any number.
  size_t digits = 0;
  bool exponents = true;  // "e" may be written
  bool points = true;     // "." may be written; without it and exponents, integers are asked for
  // Digits of an exponent at most, where `digits` is bounded; without a bound JSON's form, but 18 digits at most.
  size_t exponent_digits = 3;
};

// Exact: a prefix is alive where some number with that prefix and within the form meets the conditions. Throws
// kUnsupported for conditions that it cannot decide so, saying which.
std::unique_ptr<ByteLanguage> MakeNumberLanguage(const NumberConditions& conditions, const NumberForm& form);

// Whether a value as such meets them.
bool Meets(const Decimal& value, const NumberConditions& conditions);

}  // namespace sheepop::grammar
