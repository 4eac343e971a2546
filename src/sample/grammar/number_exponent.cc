#include "sample/grammar/number_exponent.h"

#include <utility>

namespace sheepop::grammar {
namespace {

int64_t PowerOfTen(int64_t exponent) {
  int64_t power = 1;
  for (int64_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

void Add(int64_t value, std::string& key) { key.append(reinterpret_cast<const char*>(&value), sizeof(value)); }

}  // namespace

ExponentPrefix::ExponentPrefix(ExponentSet wanted, int64_t digits) : wanted_(std::move(wanted)), left_(digits) {}

std::optional<ExponentPrefix> ExponentPrefix::Append(char symbol) const {
  ExponentPrefix next = *this;
  const bool is_digit = symbol >= '0' && symbol <= '9';
  if (is_digit ? left_ == 0 : signed_) return std::nullopt;
  if (!signed_) {
    next.wanted_ = (symbol == '-' ? wanted_.Negated() : wanted_).Within(0, PowerOfTen(left_) - 1);
    next.signed_ = true;
  }
  if (is_digit) {
    next.value_ = value_ * 10 + (symbol - '0');
    next.begun_ = true;
    --next.left_;
  }
  return next.is_alive() ? std::optional(std::move(next)) : std::nullopt;
}

bool ExponentPrefix::is_alive() const {
  if (!begun_) return !wanted_.empty();
  for (int64_t more = 0; more <= left_; ++more) {
    const int64_t power = PowerOfTen(more);
    if (!wanted_.Within(value_ * power, value_ * power + power - 1).empty()) return true;
  }
  return false;
}

bool ExponentPrefix::Accepts() const { return begun_ && wanted_.Has(value_); }

bool ExponentPrefix::MayBecomeAny() const {
  if (!wanted_.excluded.empty() || value_ < wanted_.least) return false;
  const int64_t power = PowerOfTen(left_);
  return value_ * power + power - 1 <= wanted_.greatest;
}

std::string ExponentPrefix::Key() const {
  std::string key = begun_ ? "d" : signed_ ? "s" : "e";
  Add(left_, key);
  if (begun_ && MayBecomeAny()) return key;  // whatever follows, the exponent is a wanted one
  if (begun_) Add(value_, key);
  Add(wanted_.least, key);
  Add(wanted_.greatest, key);
  for (const int64_t n : wanted_.excluded) Add(n, key);
  return key;
}

}  // namespace sheepop::grammar
