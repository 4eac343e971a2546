#include "sample/grammar/number_language.h"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <deque>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/error.h"
#include "sample/grammar/number_exponent.h"
#include "sample/grammar/number_grid.h"
#include "sample/grammar/number_prefix.h"
#include "sample/grammar/number_side.h"

namespace sheepop::grammar {
namespace {

using boost::multiprecision::cpp_int;

// More digits before or behind the point than any double has.
constexpr int64_t kMostMagnitude = 1100;
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr int64_t kMostSmallDigits = 18;

std::string Digits(uint64_t value) { return std::to_string(value); }
std::string Digits(const cpp_int& value) { return value.str(); }

// The numbers of one sign.
template <typename Integer>
class SignedNumbers {
 public:
  using Prefix = NumberPrefix<Integer>;

  SignedNumbers(const NumberConditions& conditions, const NumberBounds& bounds, bool negative)
      : side_(SideOf(conditions, negative)),
        bounds_(bounds),
        prefixes_(side_, bounds),
        grid_(side_, bounds.digits),
        finest_(side_.FinestScale()),
        coarsest_(side_.CoarsestScale()),
        contradicts_itself_(side_.contradicts_itself()) {}
  SignedNumbers(const SignedNumbers&) = delete;
  SignedNumbers& operator=(const SignedNumbers&) = delete;

  const NumberPrefixes& prefixes() const { return prefixes_; }
  size_t bytes() const { return grid_.bytes(); }

  bool IsAlive(const Prefix& prefix) {
    if (side_.none) return false;
    switch (prefix.phase) {
      case NumberPhase::kStart:
      case NumberPhase::kMinus:
        for (unsigned digit = 0; digit < 10; ++digit) {
          if (IsAlive(prefixes_.Append(prefix, digit))) return true;
        }
        return false;
      case NumberPhase::kPoint:
        if (bounds_.has_digits && prefix.left == 0) return false;
        break;
      default: break;
    }
    if (side_.is_free()) return true;
    if (side_.high && side_.high->IsZero()) return prefix.is_zero() && side_.HasZero();
    return bounds_.has_digits ? ReachesWithin(prefix) : Reaches(prefix);
  }

  bool Accepts(const Prefix& prefix) {
    const bool ends = prefix.phase == NumberPhase::kZero || prefix.phase == NumberPhase::kInteger ||
                      prefix.phase == NumberPhase::kFraction;
    if (!ends || side_.none) return false;
    return side_.is_free() || grid_.Holds(grid_.At(-prefix.fraction), prefix.value, prefix.value);
  }

  ExponentSet Exponents(const Prefix& prefix) const {
    const int64_t most = bounds_.most_exponent;
    if (side_.is_free()) return {-most, most, {}};
    Decimal value;
    if (!prefix.is_zero()) {
      value.digits = Digits(prefix.value);
      value.digits.resize(value.digits.size() - static_cast<size_t>(prefix.zeros));
      value.exponent = prefix.zeros - prefix.fraction;
    }
    return ExponentsFor(value, side_, most);
  }

 private:
  // With all digits that are left, the number is an integer from `first` to `last` times 10^scale, for each scale from
  // `least` to `greatest`; with fewer, it is one of these too. A coarser scale has the multiples of a finer one, ten times as large:
  // unless some of them are above the upper bound or are exceptions, a finer one has nothing new.
  bool ReachesWithin(const Prefix& prefix) {
    const int64_t most = bounds_.most_exponent;
    const bool in_integer = prefix.phase == NumberPhase::kInteger;
    const int64_t least = -most - prefix.fraction - prefix.left;
    int64_t scale = in_integer ? most : most - prefix.fraction - prefix.left;
    if (side_.high) {
      const int64_t size = prefix.is_zero() ? 0 : prefix.length + prefix.left;
      scale = std::max(least, std::min(scale, side_.high->Magnitude() - size));
    }
    if (coarsest_) scale = std::max(least, std::min(scale, *coarsest_));
    const Integer power = PowerOfTen<Integer>(prefix.left);
    const Integer first = prefix.value * power;
    const Integer last = first + (power - 1u);
    for (; scale >= least; --scale) {
      const auto& units = grid_.At(scale);
      if (grid_.Holds(units, first, last)) return true;
      if (HasNoFiner(units, last)) return false;
    }
    return false;
  }

  // The number is from value * 10^place to just below (value + 1) * 10^place for one of the places from `least` to
  // `greatest`. Bounds, divisors and exceptions are integers times 10^finest_: what lies between two of these shows on the
  // grid that is ten times finer, if at all. Below 10^finest_ a grid has at most ten numbers more to ask about, while the
  // lower bound and the divisor grow tenfold in its units: one of them ends the search, or there is neither, and between 0
  // and an upper bound above 0 are always numbers that are no exceptions.
  bool Reaches(const Prefix& prefix) {
    const bool exponents = bounds_.exponent_digits > 0;
    const bool shifts_up = exponents || prefix.phase == NumberPhase::kInteger;
    const int64_t least = exponents ? -INT64_MAX : prefix.phase == NumberPhase::kInteger ? 0 : -prefix.fraction;
    if (shifts_up && !side_.high) return !contradicts_itself_;
    int64_t place = -prefix.fraction;
    if (shifts_up) place = std::max(least, side_.high->Magnitude() - prefix.length);
    for (; place >= least; --place) {
      const int64_t scale = std::min(finest_, place) - 1;
      const Integer power = PowerOfTen<Integer>(place - scale);
      const Integer first = prefix.value * power;
      const Integer last = first + (power - 1u);
      const auto& units = grid_.At(scale);
      if (grid_.Holds(units, first, last)) return true;
      if (HasNoFiner(units, last)) return false;
    }
    return false;
  }

  bool HasNoFiner(const typename NumberGrid<Integer>::Units& units, const Integer& last) const {
    if (last < units.low || last < units.step) return true;
    return !side_.has_exceptions() && (!units.high || last <= *units.high);
  }

  NumberSide side_;
  NumberBounds bounds_;
  NumberPrefixes prefixes_;
  NumberGrid<Integer> grid_;
  int64_t finest_;
  std::optional<int64_t> coarsest_;
  bool contradicts_itself_;
};

// Of a byte that may stand in a number: its place in a row of transitions; of the others, kSymbols.
constexpr std::string_view kSymbolBytes = "0123456789.-+e";
constexpr uint8_t kSymbols = kSymbolBytes.size();
constexpr std::array<uint8_t, 256> kSymbolOf = [] {
  std::array<uint8_t, 256> symbols;
  symbols.fill(kSymbols);
  for (uint8_t i = 0; i < kSymbols; ++i) symbols[static_cast<uint8_t>(kSymbolBytes[i])] = i;
  symbols['E'] = symbols['e'];
  return symbols;
}();

template <typename Integer>
class NumberLanguage : public ByteLanguage {
 public:
  NumberLanguage(const NumberConditions& conditions, const NumberBounds& bounds)
      : bounds_(bounds), positive_(conditions, bounds, false), negative_(conditions, bounds, true) {
    states_.emplace_back();  // kDead
    Prefix start;
    start.left = bounds.has_digits ? bounds.digits : 0;
    Prefix minus = start;
    minus.phase = NumberPhase::kMinus;
    minus.negative = true;
    if (positive_.IsAlive(start) || negative_.IsAlive(minus)) start_ = Add("start", false, std::move(start));
  }

  State Start() override { return start_; }

  State Next(State state, uint8_t byte) override {
    const uint8_t symbol = kSymbolOf[byte];
    if (symbol == kSymbols) return kDead;
    const State known = states_[state].next[symbol];
    if (known != kUnknown) return known;
    const State next = Make(state, kSymbolBytes[symbol]);
    return states_[state].next[symbol] = next;
  }

  bool Accepts(State state) override { return states_[state].accepts; }

  ByteSet Allowed(State state) override {
    ByteSet allowed;
    for (const char symbol : kSymbolBytes) {
      if (Next(state, static_cast<uint8_t>(symbol)) == kDead) continue;
      allowed.Add(static_cast<uint8_t>(symbol));
      if (symbol == 'e') allowed.Add('E');
    }
    return allowed;
  }

  size_t bytes() const override { return bytes_ + positive_.bytes() + negative_.bytes(); }

 private:
  using Prefix = NumberPrefix<Integer>;
  static constexpr State kUnknown = UINT32_MAX;

  struct Body {
    Body() { next.fill(kUnknown); }
    std::array<State, kSymbols> next;
    bool accepts = false;
    std::variant<Prefix, ExponentPrefix> written;
  };

  SignedNumbers<Integer>& Side(bool negative) { return negative ? negative_ : positive_; }

  State Make(State state, char symbol) {
    if (const auto* exponent = std::get_if<ExponentPrefix>(&states_[state].written)) {
      if (symbol == '.' || symbol == 'e') return kDead;
      std::optional<ExponentPrefix> next = exponent->Append(symbol);
      return next ? Intern(*std::move(next)) : kDead;
    }
    const Prefix& prefix = std::get<Prefix>(states_[state].written);
    switch (symbol) {
      case '+': return kDead;
      case '-': return MakeMinus(prefix);
      case '.': return MakePoint(prefix);
      case 'e': return MakeExponent(prefix);
      default: return MakeDigit(prefix, static_cast<unsigned>(symbol - '0'));
    }
  }

  State MakeMinus(const Prefix& prefix) {
    if (prefix.phase != NumberPhase::kStart) return kDead;
    Prefix next = prefix;
    next.phase = NumberPhase::kMinus;
    next.negative = true;
    return InternIfAlive(std::move(next));
  }

  State MakePoint(const Prefix& prefix) {
    if (!bounds_.points || (prefix.phase != NumberPhase::kZero && prefix.phase != NumberPhase::kInteger)) return kDead;
    Prefix next = prefix;
    next.phase = NumberPhase::kPoint;
    return InternIfAlive(std::move(next));
  }

  State MakeExponent(const Prefix& prefix) {
    if (bounds_.exponent_digits == 0 || prefix.phase == NumberPhase::kStart || prefix.phase == NumberPhase::kMinus ||
        prefix.phase == NumberPhase::kPoint) {
      return kDead;
    }
    ExponentPrefix next(Side(prefix.negative).Exponents(prefix), bounds_.exponent_digits);
    return next.is_alive() ? Intern(std::move(next)) : kDead;
  }

  State MakeDigit(const Prefix& prefix, unsigned digit) {
    if (prefix.phase == NumberPhase::kZero || (bounds_.has_digits && prefix.left == 0)) return kDead;
    return InternIfAlive(Side(prefix.negative).prefixes().Append(prefix, digit));
  }

  State InternIfAlive(Prefix prefix) {
    SignedNumbers<Integer>& side = Side(prefix.negative);
    const std::string key = side.prefixes().Key(prefix);
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    if (!side.IsAlive(prefix)) return known_.emplace(key, kDead).first->second;
    const bool accepts = side.Accepts(prefix);
    return Add(key, accepts, std::move(prefix));
  }

  State Intern(ExponentPrefix prefix) {
    const std::string key = prefix.Key();
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    const bool accepts = prefix.Accepts();
    return Add(key, accepts, std::move(prefix));
  }

  State Add(const std::string& key, bool accepts, std::variant<Prefix, ExponentPrefix> written) {
    bytes_ += sizeof(Body) + 2 * key.size() + 64;
    if (bytes_ > kMostBytes) {
      throw Error(ErrorCategory::kLimit,
                  "the numbers under these conditions have more states than fit in {} MiB; fewer "
                  "digits or conditions need fewer",
                  kMostBytes >> 20);
    }
    const State state = static_cast<State>(states_.size());
    Body& body = states_.emplace_back();
    body.accepts = accepts;
    body.written = std::move(written);
    known_.emplace(key, state);
    return state;
  }

  NumberBounds bounds_;
  SignedNumbers<Integer> positive_, negative_;
  std::deque<Body> states_;
  std::unordered_map<std::string, State> known_;
  State start_ = kDead;
  size_t bytes_ = 0;
};

void CheckSize(std::string_view what, const Decimal& value) {
  if (value.IsZero() || (value.Magnitude() <= kMostMagnitude && value.exponent >= -kMostMagnitude)) return;
  throw Error(ErrorCategory::kUnsupported, "{} has a digit beyond 10^{} or 10^-{}, the bounds for numbers", what,
              kMostMagnitude, kMostMagnitude);
}

void Check(const NumberConditions& conditions) {
  if (conditions.minimum) CheckSize("the lower bound of a number", *conditions.minimum);
  if (conditions.maximum) CheckSize("the upper bound of a number", *conditions.maximum);
  for (const Decimal& value : conditions.excluded) CheckSize("an excluded number", value);
  for (const Decimal& divisor : conditions.not_multiples) CheckSize("a divisor that numbers must not have", divisor);
  Decimal multiple = Decimal::Of(int64_t{1});
  for (const Decimal& divisor : conditions.multiples) {
    CheckSize("a divisor of numbers", divisor);
    multiple = LeastCommonMultiple(multiple, divisor);
    CheckSize("the least common multiple of the divisors of numbers", multiple);
  }
}

}  // namespace

std::unique_ptr<ByteLanguage> MakeNumberLanguage(const NumberConditions& conditions, const NumberForm& form) {
  Check(conditions);
  const NumberBounds bounds(form);
  if (bounds.has_digits && bounds.digits <= kMostSmallDigits) {
    return std::make_unique<NumberLanguage<uint64_t>>(conditions, bounds);
  }
  return std::make_unique<NumberLanguage<cpp_int>>(conditions, bounds);
}

bool Meets(const Decimal& value, const NumberConditions& conditions) {
  if (conditions.integer && !value.IsInteger()) return false;
  if (conditions.not_integer && value.IsInteger()) return false;
  if (conditions.minimum) {
    const std::strong_ordering order = Compare(value, *conditions.minimum);
    if (order < 0 || (order == 0 && conditions.above_minimum)) return false;
  }
  if (conditions.maximum) {
    const std::strong_ordering order = Compare(value, *conditions.maximum);
    if (order > 0 || (order == 0 && conditions.below_maximum)) return false;
  }
  const auto divides = [&](const Decimal& divisor) { return IsMultiple(value, divisor); };
  return std::ranges::all_of(conditions.multiples, divides) &&
         std::ranges::none_of(conditions.not_multiples, divides) &&
         std::ranges::find(conditions.excluded, value) == conditions.excluded.end();
}

}  // namespace sheepop::grammar
