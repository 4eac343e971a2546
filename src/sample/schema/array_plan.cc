#include "sample/schema/array_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sample/schema/instances.h"
#include "sample/schema/values.h"

namespace sheepop::schema {

ArrayState ArrayPlans::Start(const ArrayShape& shape) const {
  ArrayState state;
  state.counts.resize(shape.counts.size());
  return state;
}

bool ArrayPlans::MayEnd(const ArrayShape& shape, const ArrayState& state) const {
  if (state.index < shape.min) return false;
  for (size_t i = 0; i < shape.counts.size(); ++i) {
    if (state.counts[i] < shape.counts[i].min) return false;
  }
  return true;
}

uint64_t ArrayPlans::Horizon(const ArrayShape& shape) const {
  uint64_t horizon = 0;
  for (const NodeId id : shape.nodes) {
    horizon = std::max<uint64_t>(horizon, form_.conjunctions()[id].prefix_items.size());
  }
  for (const auto& [index, literal] : shape.at) horizon = std::max<uint64_t>(horizon, index + 1);
  for (const auto& [from, literal] : shape.unevaluated) horizon = std::max<uint64_t>(horizon, from);
  for (const ItemCount& count : shape.counts) horizon = std::max<uint64_t>(horizon, count.from);
  return horizon;
}

ConjunctionId ArrayPlans::ItemAt(const ArrayShape& shape, uint64_t index) {
  std::vector<Literal> literals;
  for (const NodeId id : shape.nodes) {
    const Node& node = form_.conjunctions()[id];
    if (index < node.prefix_items.size()) {
      literals.push_back({node.prefix_items[index]});
    } else if (node.items) {
      literals.push_back({*node.items});
    }
  }
  for (const auto& [place, literal] : shape.at) {
    if (place == index) literals.push_back(literal);
  }
  for (const auto& [from, literal] : shape.unevaluated) {
    if (index >= from) literals.push_back(literal);
  }
  return form_.conjunctions().Of(std::move(literals));
}

void ArrayPlans::AddValues(const ArrayShape& shape, std::vector<ConjunctionId>& values) {
  CheckLimits(shape);
  const uint64_t horizon = Horizon(shape);
  for (uint64_t i = 0; i <= horizon && (!shape.max || i < *shape.max); ++i) {
    // Each count may ask for its like, for its unlike or, once it is met, for nothing.
    std::vector<ConjunctionId> items{ItemAt(shape, i)};
    for (const ItemCount& count : shape.counts) {
      if (i < count.from) continue;
      const Literal unlike{count.what.node, !count.what.negative};
      for (size_t n = items.size(), k = 0; k < n; ++k) {
        items.push_back(form_.conjunctions().And(items[k], std::span(&count.what, 1)));
        if (count.max || IsUnique(shape)) items.push_back(form_.conjunctions().And(items[k], std::span(&unlike, 1)));
      }
    }
    values.insert(values.end(), items.begin(), items.end());
  }
}

void ArrayPlans::CheckLimits(const ArrayShape& shape) const {
  const auto refuse = [&](std::string_view keyword, uint64_t bound) {
    const NodeId id = shape.unique ? *shape.unique : shape.counts[0].what.node;
    throw SchemaError(ErrorCategory::kLimit, {form_.conjunctions()[id].pointer, std::string(keyword),
                                              fmt::format("at most {} can be kept", bound)});
  };
  if (shape.counts.size() > kMostCounts) refuse("contains", kMostCounts);
  for (const ItemCount& count : shape.counts) {
    if (std::max(count.min, shape.min) > kMostCounted) refuse("minContains", kMostCounted);
  }
  if (IsUnique(shape) && shape.min > kMostCounted) refuse("minItems", kMostCounted);
}

// Counts whose bounds no longer matter do not split an item into cases.
std::vector<ArrayPlans::Way> ArrayPlans::Ways(const ArrayShape& shape, const ArrayState& state) {
  std::vector<Way> ways{{ItemAt(shape, state.index), state.counts}};
  if (!state.used.empty()) {
    std::vector<Literal> unlike;
    for (const NodeId id : state.used) unlike.push_back({id, true});
    ways[0].item = form_.conjunctions().And(ways[0].item, unlike);
  }
  const bool disjoint = IsUnique(shape);
  for (size_t i = 0; i < shape.counts.size(); ++i) {
    const ItemCount& count = shape.counts[i];
    if (state.index < count.from || (!count.max && state.counts[i] >= count.min)) continue;
    std::vector<Way> more;
    for (const Way& way : ways) {
      if (!count.max || state.counts[i] < *count.max) {
        Way counted{form_.conjunctions().And(way.item, std::span(&count.what, 1)), way.counts};
        ++counted.counts[i];
        more.push_back(std::move(counted));
      }
      const Literal unlike{count.what.node, !count.what.negative};
      const bool apart = count.max || disjoint;
      more.push_back({apart ? form_.conjunctions().And(way.item, std::span(&unlike, 1)) : way.item, way.counts});
    }
    ways = std::move(more);
  }
  return ways;
}

ArrayState ArrayPlans::After(const ArrayShape& shape, const ArrayState& state, std::vector<uint64_t> counts) const {
  ArrayState next;
  next.counts = std::move(counts);
  next.used = state.used;
  const uint64_t matters = std::max({Horizon(shape), shape.min, shape.max.value_or(0)});
  next.index = std::min(state.index + 1, matters);
  return next;
}

ArrayState ArrayPlans::WithUsed(ArrayState next, const boost::json::value& item) {
  const NodeId id = form_.conjunctions().MakeValue(item, "");
  const auto place = std::ranges::lower_bound(next.used, id);
  if (place == next.used.end() || *place != id) next.used.insert(place, id);
  return next;
}

std::vector<ArrayStep> ArrayPlans::Steps(const ArrayShape& shape, const ArrayState& state) {
  std::vector<ArrayStep> steps;
  if (shape.max && state.index >= *shape.max) return steps;
  for (const Way& way : Ways(shape, state)) {
    if (!satisfiable_.Holds(way.item)) continue;
    if (IsUnique(shape)) {
      AddUniqueSteps(shape, state, way, steps);
      continue;
    }
    ArrayStep step{.item = way.item, .next = After(shape, state, way.counts)};
    if (CanFinish(shape, step.next)) steps.push_back(std::move(step));
  }
  return steps;
}

// Values that are few somewhere in the array are steps of their own: whether enough of them are left can then be known.
void ArrayPlans::AddUniqueSteps(const ArrayShape& shape, const ArrayState& state, const Way& way,
                                std::vector<ArrayStep>& steps) {
  const bool free = shape.counts.empty() && state.index + 1 >= shape.min && HoldsScalarsOnly(way.item);
  std::vector<Literal> unlike;
  for (const boost::json::value& value : free ? std::vector<boost::json::value>{} : FewValues(shape)) {
    const Literal like{form_.conjunctions().MakeValue(value, "")};
    unlike.push_back({like.node, true});
    ArrayStep step{.item = form_.conjunctions().And(way.item, std::span(&like, 1)),
                   .next = WithUsed(After(shape, state, way.counts), value)};
    if (satisfiable_.Holds(step.item) && CanFinish(shape, step.next)) steps.push_back(std::move(step));
  }
  ArrayStep step{.item = form_.conjunctions().And(way.item, unlike),
                 .next = After(shape, state, way.counts),
                 .captured = !shape.max || state.index + 1 < *shape.max};
  if (satisfiable_.Holds(step.item) && CanFinish(shape, step.next)) steps.push_back(std::move(step));
}

bool ArrayPlans::HoldsScalarsOnly(ConjunctionId item) {
  const Shapes& shapes = form_.Of(item);
  return std::ranges::none_of(shapes.arrays, [&](const ArrayShape& array) { return HasWord(array); }) &&
         std::ranges::none_of(shapes.objects, [&](const ObjectShape& object) { return satisfiable_.HasWord(object); });
}

void ArrayPlans::CheckUnique(const ArrayShape& shape) {
  if (!IsUnique(shape)) return;
  for (uint64_t i = 0; i <= Horizon(shape) && IsUnique(shape); ++i) {
    const ConjunctionId item = ItemAt(shape, i);
    if (HoldsScalarsOnly(item) || instances_->Of(item, kMostValues)) continue;
    form_.Refuse(form_.conjunctions()[*shape.unique], "uniqueItems",
                 "that arrays or objects are all unlike cannot be enforced, unless they are few");
    loose_.insert(&shape);
  }
}

const std::vector<boost::json::value>& ArrayPlans::FewValues(const ArrayShape& shape) {
  const auto [place, is_new] = few_.try_emplace(&shape);
  if (!is_new) return place->second;
  std::set<std::string> known;
  std::vector<boost::json::value> values;
  ArrayState state = Start(shape);
  // A count that is neither met nor full splits the items into all the cases there are.
  for (state.index = 0; state.index <= Horizon(shape); ++state.index) {
    for (const Way& way : Ways(shape, state)) {
      const auto few = instances_->Of(way.item, kMostValues);
      if (!few) continue;
      for (const boost::json::value& value : *few) {
        if (known.insert(CanonicalText(value)).second) values.push_back(value);
      }
    }
  }
  return few_[&shape] = std::move(values);
}

bool ArrayPlans::CanFinish(const ArrayShape& shape, const ArrayState& state) {
  satisfiable_.CountStep();
  if (MayEnd(shape, state)) return true;
  CheckLimits(shape);
  if (!shape.counts.empty()) {
    std::set<ArrayState> failed;
    return CanCount(shape, state, failed);
  }
  if (IsUnique(shape)) return CanStayUnique(shape, state);
  const uint64_t last = std::min(shape.min, std::max(state.index, Horizon(shape)) + 1);
  for (uint64_t i = state.index; i < last; ++i) {
    if (!satisfiable_.Holds(ItemAt(shape, i))) return false;
  }
  return true;
}

bool ArrayPlans::CanCount(const ArrayShape& shape, const ArrayState& state, std::set<ArrayState>& failed) {
  satisfiable_.CountStep();
  if (MayEnd(shape, state)) return true;
  if ((shape.max && state.index >= *shape.max) || failed.contains(state)) return false;
  for (const Way& way : Ways(shape, state)) {
    const ArrayState next = After(shape, state, way.counts);
    if (next == state || !satisfiable_.Holds(way.item)) continue;
    if (!IsUnique(shape)) {
      if (CanCount(shape, next, failed)) return true;
      continue;
    }
    const auto few = instances_->Of(way.item, kMostValues);
    if (!few && CanCount(shape, next, failed)) return true;
    if (!few) continue;
    for (const boost::json::value& value : *few) {
      if (CanCount(shape, WithUsed(next, value), failed)) return true;
    }
  }
  failed.insert(state);
  return false;
}

// Whether the places that must still be filled can be filled with values all unlike (Hall; Kuhn's augmenting paths). A
// place with more values than there are places never stands in the way.
bool ArrayPlans::CanStayUnique(const ArrayShape& shape, const ArrayState& state) {
  const uint64_t wanted = shape.min - state.index;
  std::vector<Literal> unlike;
  for (const NodeId id : state.used) unlike.push_back({id, true});
  std::vector<std::vector<std::string>> places;
  const uint64_t horizon = Horizon(shape);
  std::vector<std::string> texts;
  for (uint64_t i = state.index; i < shape.min; ++i) {
    if (i <= std::max(horizon, state.index)) {
      const ConjunctionId item = form_.conjunctions().And(ItemAt(shape, i), unlike);
      if (!satisfiable_.Holds(item)) return false;
      const auto few = instances_->Of(item, wanted);
      texts.clear();
      for (const boost::json::value& value : few.value_or(std::vector<boost::json::value>{})) {
        texts.push_back(CanonicalText(value));
      }
      if (!few) texts.clear();
    }
    if (!texts.empty()) places.push_back(texts);
  }
  std::map<std::string, size_t> taken;
  const std::function<bool(size_t, std::set<std::string>&)> place = [&](size_t i, std::set<std::string>& tried) {
    for (const std::string& text : places[i]) {
      if (!tried.insert(text).second) continue;
      const auto found = taken.find(text);
      if (found == taken.end() || place(found->second, tried)) {
        taken[text] = i;
        return true;
      }
    }
    return false;
  };
  for (size_t i = 0; i < places.size(); ++i) {
    std::set<std::string> tried;
    if (!place(i, tried)) return false;
  }
  return true;
}

}  // namespace sheepop::schema
