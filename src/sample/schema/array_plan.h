// The items of an array, one after another: what may come next, where what was there and what is still owed is a state.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sample/schema/normal_form.h"
#include "sample/schema/satisfiable.h"

namespace sheepop::schema {

struct ArrayState {
  uint64_t index = 0;            // of the next item, as far as it matters
  std::vector<uint64_t> counts;  // of ArrayShape::counts, as far as they matter
  std::vector<NodeId> used;      // values that must not come again, ascending
  auto operator<=>(const ArrayState&) const = default;
};

// One item more.
struct ArrayStep {
  ConjunctionId item;
  ArrayState next;  // without the item itself, where `captured`
  bool captured = false;
};

class Instances;

class ArrayPlans {
 public:
  ArrayPlans(NormalForm& form, Satisfiable& satisfiable) : form_(form), satisfiable_(satisfiable) {}
  void Use(Instances& instances) { instances_ = &instances; }

  bool HasWord(const ArrayShape& shape) { return CanFinish(shape, Start(shape)); }
  ArrayState Start(const ArrayShape& shape) const;
  bool MayEnd(const ArrayShape& shape, const ArrayState& state) const;
  // Those after which the array can be finished.
  std::vector<ArrayStep> Steps(const ArrayShape& shape, const ArrayState& state);
  // `next` of a captured step, once the item is known.
  ArrayState WithUsed(ArrayState next, const boost::json::value& item);
  // What items may have to meet.
  void AddValues(const ArrayShape& shape, std::vector<ConjunctionId>& values);
  // What stands at an index, without what the counts ask for.
  ConjunctionId ItemAt(const ArrayShape& shape, uint64_t index);
  // From there on, all items are asked for the same.
  uint64_t Horizon(const ArrayShape& shape) const;
  bool IsUnique(const ArrayShape& shape) const {
    return shape.unique && (!shape.max || *shape.max > 1) && !loose_.contains(&shape);
  }
  // Throws, or notes it and drops the keyword: items that cannot be told apart.
  void CheckUnique(const ArrayShape& shape);
  bool HoldsScalarsOnly(ConjunctionId item);

  static constexpr uint64_t kMostCounted = 2'000;  // items that are to be counted or told apart; kLimit beyond
  static constexpr size_t kMostCounts = 6;
  static constexpr size_t kMostValues = 256;  // of items that are to be unique, where they are few

 private:
  // An item with what some of the counts ask for.
  struct Way {
    ConjunctionId item;
    std::vector<uint64_t> counts;  // with it
  };
  std::vector<Way> Ways(const ArrayShape& shape, const ArrayState& state);
  ArrayState After(const ArrayShape& shape, const ArrayState& state, std::vector<uint64_t> counts) const;
  void AddUniqueSteps(const ArrayShape& shape, const ArrayState& state, const Way& way, std::vector<ArrayStep>& steps);
  const std::vector<boost::json::value>& FewValues(const ArrayShape& shape);

  bool CanFinish(const ArrayShape& shape, const ArrayState& state);
  bool CanCount(const ArrayShape& shape, const ArrayState& state, std::set<ArrayState>& failed);
  bool CanStayUnique(const ArrayShape& shape, const ArrayState& state);
  void CheckLimits(const ArrayShape& shape) const;

  NormalForm& form_;
  Satisfiable& satisfiable_;
  Instances* instances_ = nullptr;
  std::map<const ArrayShape*, std::vector<boost::json::value>> few_;
  std::set<const ArrayShape*> loose_;
};

}  // namespace sheepop::schema
