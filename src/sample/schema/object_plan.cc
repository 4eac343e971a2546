#include "sample/schema/object_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace sheepop::schema {

using grammar::RegexId;

const ObjectPlan& ObjectPlans::Of(const ObjectShape& shape) {
  if (const auto found = plans_.find(&shape); found != plans_.end()) return *found->second;
  auto plan = std::make_unique<ObjectPlan>();
  plan->shape = &shape;
  if (shape.some.size() > kMostObligations) {
    throw SchemaError(
        ErrorCategory::kLimit,
        {"", "", fmt::format("more than {} members of an object must be unlike a schema at once", kMostObligations)});
  }
  for (const SomeMember& some : shape.some) {
    plan->obligations.push_back(some.value.value_or(Literal{}));
    plan->has_value.push_back(some.value.has_value());
  }
  AddNamed(*plan);
  if (plan->possible) AddFree(*plan);
  plan->plain = shape.some.empty() && plan->implied.empty() && shape.min == 0 && !shape.max;
  if (!plan->plain) SpellFewNames(*plan);
  for (uint32_t i = 0; i < plan->named.size(); ++i) {
    if (plan->named[i].required) plan->required.push_back(i);
  }
  plan->linked.resize(plan->named.size());
  for (const auto& [one, other] : plan->implied) plan->linked[one] = plan->linked[other] = true;
  return *(plans_[&shape] = std::move(plan));
}

void ObjectPlans::AddNamed(ObjectPlan& plan) {
  const ObjectShape& shape = *plan.shape;
  std::unordered_map<std::string, uint32_t> index;
  const auto add = [&](const std::string& name) {
    const auto [place, is_new] = index.try_emplace(name, static_cast<uint32_t>(plan.named.size()));
    if (is_new) plan.named.push_back({.name = name, .value = ValueOf(shape, name)});
    return place->second;
  };
  for (const NodeId id : shape.nodes) {
    for (const auto& [name, value] : form_.conjunctions()[id].properties) add(name);
  }
  for (const UnevaluatedMembers& members : shape.unevaluated) {
    for (const NodeId id : members.evaluated) {
      for (const auto& [name, value] : form_.conjunctions()[id].properties) add(name);
    }
  }
  for (const auto& [name, value] : shape.members) add(name);
  for (const std::string& name : shape.forbidden) add(name);
  for (const std::string& name : shape.required) {
    NamedMember& member = plan.named[add(name)];
    member.required = true;
    plan.possible &= member.value != kNothing;
  }
  for (const auto& [name, other] : shape.implied) {
    const uint32_t one = add(name);
    plan.implied.emplace_back(one, add(other));
  }
  for (NamedMember& member : plan.named) {
    for (size_t i = 0; i < shape.some.size(); ++i) {
      if (form_.pool().Matches(shape.some[i].names, member.name)) member.owed |= uint32_t{1} << i;
    }
  }
}

std::vector<RegexId> ObjectPlans::PatternsOf(const Node& node) {
  std::vector<RegexId> patterns;
  for (const auto& [pattern, value] : node.pattern_properties) {
    // What cannot be read asks for nothing, and may match anything.
    patterns.push_back(form_.Pattern(pattern, node, "patternProperties").value_or(form_.pool().Any()));
  }
  return patterns;
}

ConjunctionId ObjectPlans::ValueOf(const ObjectShape& shape, const std::string& name) {
  grammar::RegexPool& pool = form_.pool();
  if (std::ranges::binary_search(shape.forbidden, name)) return kNothing;
  for (const RegexId names : shape.names) {
    if (!pool.Matches(names, name)) return kNothing;
  }
  std::vector<Literal> literals;
  const auto covers = [&](NodeId id, bool collect) {
    const Node& node = form_.conjunctions()[id];
    bool covered = false;
    const NodeId value = form_.Property(node, id, name, covered);
    if (covered && collect) literals.push_back({value});
    const std::vector<RegexId> patterns = PatternsOf(node);
    for (size_t i = 0; i < patterns.size(); ++i) {
      if (!pool.Matches(patterns[i], name)) continue;
      covered = true;
      if (collect) literals.push_back({node.pattern_properties[i].second});
    }
    return covered;
  };
  for (const NodeId id : shape.nodes) {
    const Node& node = form_.conjunctions()[id];
    if (!covers(id, true) && node.additional_properties) literals.push_back({*node.additional_properties});
  }
  for (const auto& [other, literal] : shape.members) {
    if (other == name) literals.push_back(literal);
  }
  for (const UnevaluatedMembers& members : shape.unevaluated) {
    if (std::ranges::none_of(members.evaluated, [&](NodeId id) { return covers(id, false); })) {
      literals.push_back(members.value);
    }
  }
  return form_.conjunctions().Of(std::move(literals));
}

void ObjectPlans::AddValues(const ObjectShape& shape, std::vector<ConjunctionId>& values) {
  Conjunctions& all = form_.conjunctions();
  for (const NodeId id : shape.nodes) {
    const Node& node = all[id];
    for (const auto& [name, value] : node.properties) values.push_back(ValueOf(shape, name));
    for (const auto& [pattern, value] : node.pattern_properties) values.push_back(all.Of(Literal{value}));
    if (node.additional_properties) values.push_back(all.Of(Literal{*node.additional_properties}));
  }
  for (const auto& [name, literal] : shape.members) values.push_back(ValueOf(shape, name));
  for (const UnevaluatedMembers& members : shape.unevaluated) values.push_back(all.Of(members.value));
  for (const SomeMember& some : shape.some) {
    if (some.value) values.push_back(all.Of(*some.value));
  }
}

// Patterns on which it depends what a member must meet.
std::vector<RegexId> ObjectPlans::SplittingPatterns(const ObjectShape& shape) {
  std::vector<RegexId> patterns;
  const Conjunctions& all = form_.conjunctions();
  const auto asks = [&](NodeId id) {
    Literal literal{id};
    return all.Resolve(literal) != Conjunctions::Trivial::kAlways;
  };
  for (const NodeId id : shape.nodes) {
    const Node& node = all[id];
    const bool otherwise = node.additional_properties && asks(*node.additional_properties);
    const std::vector<RegexId> regexes = PatternsOf(node);
    for (size_t i = 0; i < regexes.size(); ++i) {
      if (otherwise || asks(node.pattern_properties[i].second)) patterns.push_back(regexes[i]);
    }
  }
  for (const UnevaluatedMembers& members : shape.unevaluated) {
    for (const NodeId id : members.evaluated) {
      for (const RegexId regex : PatternsOf(all[id])) patterns.push_back(regex);
    }
  }
  for (const SomeMember& some : shape.some) patterns.push_back(some.names);
  std::ranges::sort(patterns);
  patterns.erase(std::ranges::unique(patterns).begin(), patterns.end());
  return patterns;
}

ConjunctionId ObjectPlans::FreeValueOf(const ObjectShape& shape, const std::map<RegexId, bool>& matched) {
  std::vector<Literal> literals;
  const auto covers = [&](NodeId id, bool collect) {
    const Node& node = form_.conjunctions()[id];
    const std::vector<RegexId> patterns = PatternsOf(node);
    bool covered = false;
    for (size_t i = 0; i < patterns.size(); ++i) {
      const auto found = matched.find(patterns[i]);
      if (found == matched.end() || !found->second) continue;
      covered = true;
      if (collect) literals.push_back({node.pattern_properties[i].second});
    }
    return covered;
  };
  for (const NodeId id : shape.nodes) {
    const Node& node = form_.conjunctions()[id];
    if (!covers(id, true) && node.additional_properties) literals.push_back({*node.additional_properties});
  }
  for (const UnevaluatedMembers& members : shape.unevaluated) {
    if (std::ranges::none_of(members.evaluated, [&](NodeId id) { return covers(id, false); })) {
      literals.push_back(members.value);
    }
  }
  return form_.conjunctions().Of(std::move(literals));
}

struct ObjectPlans::Class {
  RegexId names;
  std::map<RegexId, bool> matched;
};

void ObjectPlans::AddFree(ObjectPlan& plan) {
  grammar::RegexPool& pool = form_.pool();
  const ObjectShape& shape = *plan.shape;
  const std::vector<RegexId> patterns = SplittingPatterns(shape);
  if (patterns.empty() && FreeValueOf(shape, {}) == kNothing) return;
  std::vector<RegexId> words;
  for (const NamedMember& member : plan.named) words.push_back(pool.Text(member.name));
  std::vector<RegexId> base = shape.names;
  base.push_back(pool.Complement(pool.Union(words)));
  std::vector<Class> classes{{pool.Intersection(base), {}}};
  for (const RegexId pattern : patterns) {
    std::vector<Class> parts;
    for (const Class& one : classes) {
      for (const bool matches : {true, false}) {
        Class part = one;
        part.names = pool.Intersection(one.names, matches ? pattern : pool.Complement(pattern));
        part.matched[pattern] = matches;
        // A few patterns are cheaper to put together first: most parts are then forbidden before they are looked into.
        if (patterns.size() <= 3 || !pool.IsNone(part.names)) parts.push_back(std::move(part));
      }
    }
    if (parts.size() > kMostNameClasses) {
      throw SchemaError(
          ErrorCategory::kLimit,
          {form_.conjunctions()[shape.nodes.empty() ? NodeId{} : shape.nodes[0]].pointer, "patternProperties",
           fmt::format("the patterns overlap in more than {} ways", kMostNameClasses)});
    }
    classes = std::move(parts);
  }
  for (const Class& one : classes) {
    FreeMembers free{.names = one.names, .value = FreeValueOf(shape, one.matched)};
    if (free.value == kNothing) continue;
    if ((!patterns.empty() || !shape.names.empty()) && pool.IsNone(one.names)) continue;
    for (size_t i = 0; i < shape.some.size(); ++i) {
      const auto found = one.matched.find(shape.some[i].names);
      if (found != one.matched.end() && found->second) free.owed |= uint32_t{1} << i;
    }
    const auto same = std::ranges::find_if(
        plan.free, [&](const FreeMembers& other) { return other.value == free.value && other.owed == free.owed; });
    if (same == plan.free.end()) {
      plan.free.push_back(free);
    } else {
      same->names = pool.Union(same->names, free.names);
    }
  }
}

// Names that count and are few are as good as named: it is then known which are left.
void ObjectPlans::SpellFewNames(ObjectPlan& plan) {
  const uint64_t wanted = std::min<uint64_t>(plan.shape->min + plan.shape->some.size(), 10'000);
  std::vector<FreeMembers> kept;
  for (const FreeMembers& free : plan.free) {
    const auto words = form_.pool().Words(free.names, std::max<size_t>(kMostSpelledNames, wanted));
    if (!words) {
      kept.push_back(free);
      continue;
    }
    for (const std::string& word : *words) plan.named.push_back({.name = word, .value = free.value, .owed = free.owed});
  }
  plan.free = std::move(kept);
}

bool ObjectPlans::HasWord(const ObjectShape& shape) {
  const ObjectPlan& plan = Of(shape);
  return plan.possible && CanFinish(plan, Start(plan));
}

ObjectState ObjectPlans::Start(const ObjectPlan& plan) const {
  ObjectState state;
  state.owed = (uint32_t{1} << plan.obligations.size()) - 1;
  return state;
}

bool ObjectPlans::IsOpen(const ObjectState& state, uint32_t index) const {
  return (any_order_ || index >= state.position) && !std::ranges::binary_search(state.seen, index);
}

// Those that must still come; false where one of them cannot.
bool ObjectPlans::Needed(const ObjectPlan& plan, const ObjectState& state, std::vector<uint32_t>& needed) const {
  for (const uint32_t i : plan.required) {
    if (IsOpen(state, i)) needed.push_back(i);
  }
  const auto is_there = [&](uint32_t index) {
    return std::ranges::binary_search(state.seen, index) || std::ranges::find(needed, index) != needed.end();
  };
  for (bool changed = !plan.implied.empty(); changed;) {
    changed = false;
    for (const auto& [one, other] : plan.implied) {
      if (!is_there(one) || is_there(other)) continue;
      if (!IsOpen(state, other)) return false;
      needed.push_back(other);
      changed = true;
    }
  }
  return true;
}

ConjunctionId ObjectPlans::Owing(const ObjectPlan& plan, ConjunctionId value, uint32_t paid) {
  std::vector<Literal> more;
  for (; paid != 0; paid &= paid - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(paid));
    if (plan.has_value[i]) more.push_back(plan.obligations[i]);
  }
  return form_.conjunctions().And(value, more);
}

bool ObjectPlans::CanFinish(const ObjectPlan& plan, const ObjectState& state) {
  satisfiable_.CountStep();
  std::vector<uint32_t> needed;
  if (!Needed(plan, state, needed)) return false;
  if (plan.shape->max && state.count + needed.size() > *plan.shape->max) return false;
  if (std::ranges::any_of(needed, [&](uint32_t i) { return !satisfiable_.Holds(plan.named[i].value); })) return false;
  if (state.owed != 0) return CanPay(plan, state);
  return state.count + needed.size() >= plan.shape->min || CanFill(plan, state, needed);
}

// Whether the lowest obligation can be met by some member, and the rest after it.
bool ObjectPlans::CanPay(const ObjectPlan& plan, const ObjectState& state) {
  const uint32_t lowest = state.owed & -state.owed;
  const auto pay = [&](ConjunctionId value, uint32_t can, std::optional<uint32_t> index) {
    const uint32_t others = can & state.owed & ~lowest;
    for (uint32_t more = others;; more = (more - 1) & others) {
      if (satisfiable_.Holds(Owing(plan, value, more | lowest))) {
        ObjectState next = state;
        next.owed &= ~(more | lowest);
        ++next.count;
        if (index) next.seen.insert(std::ranges::lower_bound(next.seen, *index), *index);
        if (CanFinish(plan, next)) return true;
      }
      if (more == 0) return false;
    }
  };
  for (uint32_t i = any_order_ ? 0 : state.position; i < plan.named.size(); ++i) {
    const NamedMember& member = plan.named[i];
    if ((member.owed & lowest) != 0 && IsOpen(state, i) && pay(member.value, member.owed, i)) return true;
  }
  return std::ranges::any_of(plan.free, [&](const FreeMembers& free) {
    return (free.owed & lowest) != 0 && pay(free.value, free.owed, std::nullopt);
  });
}

// Whether there are members enough for the least number of them.
bool ObjectPlans::CanFill(const ObjectPlan& plan, const ObjectState& state, const std::vector<uint32_t>& needed) {
  if (std::ranges::any_of(plan.free, [&](const FreeMembers& free) { return satisfiable_.Holds(free.value); }))
    return true;
  std::vector<uint32_t> more;
  for (uint32_t i = any_order_ ? 0 : state.position; i < plan.named.size(); ++i) {
    if (!IsOpen(state, i) || std::ranges::find(needed, i) != needed.end()) continue;
    if (satisfiable_.Holds(plan.named[i].value)) more.push_back(i);
  }
  if (plan.implied.empty()) return state.count + needed.size() + more.size() >= plan.shape->min;
  return std::ranges::any_of(more, [&](uint32_t i) {
    ObjectState next = state;
    ++next.count;
    next.seen.insert(std::ranges::lower_bound(next.seen, i), i);
    return CanFinish(plan, next);
  });
}

bool ObjectPlans::MayEnd(const ObjectPlan& plan, const ObjectState& state) const {
  const auto is_there = [&](uint32_t index) { return std::ranges::binary_search(state.seen, index); };
  return state.owed == 0 && state.count >= plan.shape->min &&
         std::ranges::none_of(plan.required, [&](uint32_t index) { return IsOpen(state, index); }) &&
         std::ranges::all_of(plan.implied,
                             [&](const auto& pair) { return !is_there(pair.first) || is_there(pair.second); });
}

// Whether a free name must not come twice: two members of one name are one.
bool ObjectPlans::Distinct(const ObjectPlan& plan, const ObjectState& state) const {
  return plan.shape->max || !plan.shape->some.empty() || state.count < plan.shape->min;
}

void ObjectPlans::Forget(const ObjectPlan& plan, ObjectState& state) const {
  const ObjectShape& shape = *plan.shape;
  if (!shape.max) state.count = std::min(state.count, shape.min);
  if (!any_order_) {
    std::erase_if(state.seen, [&](uint32_t i) { return !plan.linked[i]; });
  }
  if (!Distinct(plan, state)) state.used.clear();
}

void ObjectPlans::AddSteps(const ObjectPlan& plan, const ObjectState& state, bool is_named, uint32_t index,
                           ConjunctionId value, uint32_t owed, std::vector<ObjectStep>& steps) {
  const uint32_t can = owed & state.owed;
  for (uint32_t paid = can;; paid = (paid - 1) & can) {
    const ConjunctionId asked = Owing(plan, value, paid);
    if (satisfiable_.Holds(asked)) {
      ObjectStep step{.is_named = is_named, .index = index, .value = asked, .next = state};
      ObjectState& next = step.next;
      next.owed &= ~paid;
      ++next.count;
      if (is_named) {
        next.seen.insert(std::ranges::lower_bound(next.seen, index), index);
        if (!any_order_) next.position = index + 1;
      } else if (!any_order_) {
        next.position = static_cast<uint32_t>(plan.named.size());
      }
      const bool fits = plan.plain || CanFinish(plan, next);
      Forget(plan, next);
      step.captured = !is_named && Distinct(plan, next);
      if (fits) steps.push_back(std::move(step));
    }
    if (paid == 0) return;
  }
}

std::vector<ObjectStep> ObjectPlans::Steps(const ObjectPlan& plan, const ObjectState& state) {
  std::vector<ObjectStep> steps;
  std::vector<uint32_t> needed;
  if (!Needed(plan, state, needed)) return steps;
  bool passed = false;
  for (uint32_t i = any_order_ ? 0 : state.position; i < plan.named.size() && !passed; ++i) {
    if (!IsOpen(state, i)) continue;
    AddSteps(plan, state, true, i, plan.named[i].value, plan.named[i].owed, steps);
    passed = !any_order_ && std::ranges::find(needed, i) != needed.end();
  }
  if (passed) return steps;
  for (uint32_t i = 0; i < plan.free.size(); ++i) {
    AddSteps(plan, state, false, i, plan.free[i].value, plan.free[i].owed, steps);
  }
  return steps;
}

}  // namespace sheepop::schema
