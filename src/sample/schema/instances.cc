#include "sample/schema/instances.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <limits>
#include <set>

#include "sample/schema/values.h"

namespace sheepop::schema {
namespace {

using boost::json::value;
using grammar::Decimal;

constexpr int kMostDepth = 6;

value OfDecimal(const Decimal& number) { return boost::json::parse(number.Text()); }

std::optional<int64_t> Small(const Decimal& number) {
  if (number.exponent > 18) return std::nullopt;
  const value parsed = OfDecimal(number);
  if (const int64_t* whole = parsed.if_int64()) return *whole;
  if (const double* real = parsed.if_double(); real != nullptr && std::abs(*real) < 1e15)
    return static_cast<int64_t>(*real);
  return std::nullopt;
}

}  // namespace

class Instances::Collecting {
 public:
  Collecting(Instances& all, size_t most) : all_(all), most_(most) {}

  bool Conjunction(ConjunctionId conjunction, int depth, std::vector<value>& out) {
    if (conjunction == kAnything || depth > kMostDepth) return false;
    const Shapes& shapes = all_.form_.Of(conjunction);
    std::set<std::string> known;
    const auto add = [&](const value& one) {
      if (known.insert(CanonicalText(one)).second) out.push_back(one);
      return out.size() <= most_;
    };
    if (shapes.null && !add(nullptr)) return false;
    if (shapes.no && !add(false)) return false;
    if (shapes.yes && !add(true)) return false;
    for (const NumberShape& number : shapes.numbers) {
      if (!Numbers(number, add)) return false;
    }
    if (shapes.strings) {
      const auto words = all_.form_.pool().Words(*shapes.strings, most_);
      if (!words) return false;
      for (const std::string& word : *words) {
        if (!add(value(word))) return false;
      }
    }
    for (const ArrayShape& array : shapes.arrays) {
      if (!Items(array, all_.arrays_.Start(array), {}, depth, add)) return false;
    }
    for (const ObjectShape& object : shapes.objects) {
      const ObjectPlan& plan = all_.objects_.Of(object);
      if (!all_.objects_.HasWord(object)) continue;
      if (!Members(plan, all_.objects_.Start(plan), {}, depth, add)) return false;
    }
    return true;
  }

 private:
  template <typename Add>
  bool Numbers(const NumberShape& number, const Add& add) {
    if (number.among) {
      for (const Decimal& one : *number.among) {
        if (!add(OfDecimal(one))) return false;
      }
      return true;
    }
    const grammar::NumberConditions& conditions = number.conditions;
    if (!conditions.minimum || !conditions.maximum) return false;
    if (*conditions.minimum == *conditions.maximum) {
      return !Meets(*conditions.minimum, conditions) || add(OfDecimal(*conditions.minimum));
    }
    const std::optional<int64_t> first = Small(*conditions.minimum), last = Small(*conditions.maximum);
    if (!conditions.integer || !first || !last || *last - *first > 100'000) return false;
    for (int64_t one = *first; one <= *last; ++one) {
      if (Meets(Decimal::Of(one), conditions) && !add(value(one))) return false;
    }
    return true;
  }

  template <typename Add>
  bool Items(const ArrayShape& shape, const ArrayState& state, const boost::json::array& before, int depth,
             const Add& add) {
    if (++steps_ > 64 * most_ + 64) return false;
    if (all_.arrays_.MayEnd(shape, state) && !add(value(before))) return false;
    for (const ArrayStep& step : all_.arrays_.Steps(shape, state)) {
      std::vector<value> items;
      if (!Conjunction(step.item, depth + 1, items)) return false;
      for (const value& item : items) {
        boost::json::array longer = before;
        longer.push_back(item);
        const ArrayState next = step.captured ? all_.arrays_.WithUsed(step.next, item) : step.next;
        if (!Items(shape, next, longer, depth, add)) return false;
      }
    }
    return true;
  }

  template <typename Add>
  bool Members(const ObjectPlan& plan, const ObjectState& state, const boost::json::object& before, int depth,
               const Add& add) {
    if (++steps_ > 64 * most_ + 64) return false;
    if (all_.objects_.MayEnd(plan, state) && !add(value(before))) return false;
    for (const ObjectStep& step : all_.objects_.Steps(plan, state)) {
      if (!step.is_named) return false;
      std::vector<value> members;
      if (!Conjunction(step.value, depth + 1, members)) return false;
      for (const value& member : members) {
        boost::json::object longer = before;
        longer[plan.named[step.index].name] = member;
        if (!Members(plan, step.next, longer, depth, add)) return false;
      }
    }
    return true;
  }

  Instances& all_;
  size_t most_;
  size_t steps_ = 0;
};

std::optional<std::vector<value>> Instances::Of(ConjunctionId conjunction, size_t most) {
  std::vector<value> found;
  if (!Collecting(*this, most).Conjunction(conjunction, 0, found)) return std::nullopt;
  return found;
}

}  // namespace sheepop::schema
