// What has been written of a number's exponent. Used by number_language.cc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sample/grammar/number_side.h"

namespace sheepop::grammar {

class ExponentPrefix {
 public:
  // Right behind the "e". `digits` at most, 18 or fewer.
  ExponentPrefix(ExponentSet wanted, int64_t digits);

  // Nothing where no wanted exponent goes on so. `symbol` is '+', '-' or a digit.
  std::optional<ExponentPrefix> Append(char symbol) const;
  bool is_alive() const;
  bool Accepts() const;
  // Equal only for prefixes that may go on in the same ways.
  std::string Key() const;

 private:
  bool MayBecomeAny() const;

  ExponentSet wanted_;  // once the sign is known without it
  int64_t left_;        // digits that may follow
  bool signed_ = false;
  bool begun_ = false;  // has a digit
  int64_t value_ = 0;   // of the digits
};

}  // namespace sheepop::grammar
