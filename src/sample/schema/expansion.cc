#include "sample/schema/expansion.h"

#include <fmt/format.h>

#include <algorithm>

namespace sheepop::schema {
namespace {

using grammar::Decimal;
using grammar::RegexId;

// All of them are followed at once.
constexpr size_t kMostShapes = 400;

bool Sound(const Alternative& a) {
  const grammar::NumberConditions& n = a.number;
  return !(n.integer && n.not_integer) && (!n.minimum || !n.maximum || Compare(*n.minimum, *n.maximum) <= 0);
}

bool SoundMembers(const ObjectShape& object) {
  if (object.max && (object.min > *object.max || object.required.size() > *object.max)) return false;
  return std::ranges::none_of(
      object.forbidden, [&](const std::string& name) { return std::ranges::binary_search(object.required, name); });
}

void SortNames(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
}

template <typename T>
void AddOnce(std::vector<T>& all, T&& one) {
  // Long lists are not looked through: what stands there twice does no harm.
  if (all.size() > 64 || std::ranges::find(all, one) == all.end()) all.push_back(std::forward<T>(one));
}

}  // namespace

void Expansion::Run(std::span<const Literal> literals, Shapes& shapes, uint8_t kinds) {
  std::vector<Alternative> stack(1);
  stack[0].kinds = kinds;
  stack[0].string = pool_.Any();
  if (!literals.empty()) first_ = literals[0].node;
  for (const Literal literal : literals) stack[0].pending.push_back({literal});
  while (!stack.empty()) {
    Alternative alternative = std::move(stack.back());
    stack.pop_back();
    WorkOut(alternative);
    if (!alternative.choices.empty()) DropByTags(alternative);
    if (alternative.kinds == 0) continue;
    if (alternative.choices.empty()) {
      Finish(alternative, shapes);
    } else {
      Split(std::move(alternative), stack);
    }
    if (++alternatives_ > NormalForm::kMostAlternatives || shapes.objects.size() + shapes.arrays.size() > kMostShapes) {
      const Node& node = form_.conjunctions()[first_];
      throw SchemaError(ErrorCategory::kLimit,
                        {node.pointer, "",
                         fmt::format("its alternatives are more than {}, or those of arrays and objects that are left "
                                     "more than {}: anyOf, oneOf, not or if inside of each other; a simpler schema is "
                                     "needed",
                                     NormalForm::kMostAlternatives, kMostShapes)});
    }
  }
}

void Expansion::WorkOut(Alternative& alternative) {
  while (alternative.kinds != 0 && !alternative.pending.empty()) {
    Pending pending = alternative.pending.back();
    alternative.pending.pop_back();
    switch (form_.conjunctions().Resolve(pending.literal)) {
      case Conjunctions::Trivial::kNever: alternative.kinds = 0; return;
      case Conjunctions::Trivial::kAlways: continue;
      case Conjunctions::Trivial::kNo:
        const auto place = std::ranges::lower_bound(alternative.worked_out, pending);
        if (place != alternative.worked_out.end() && *place == pending) continue;
        alternative.worked_out.insert(place, pending);
        pending.literal.negative ? Deny(alternative, pending) : Require(alternative, pending);
    }
  }
  SortNames(alternative.object.required);
  if ((alternative.kinds & kObjectKind) != 0 && !SoundMembers(alternative.object)) alternative.kinds &= ~kObjectKind;
  if ((alternative.kinds & kNumberKind) != 0 && !Sound(alternative)) alternative.kinds &= ~kNumberKind;
}

// The choice with the fewest ways is made first: with one way or none it is none.
void Expansion::Split(Alternative alternative, std::vector<Alternative>& stack) {
  size_t best = 0, fewest = SIZE_MAX;
  for (size_t i = 0; i < alternative.choices.size() && fewest > 1; ++i) {
    const size_t ways = static_cast<size_t>(std::ranges::count_if(
        alternative.choices[i], [&](const Branch& branch) { return (branch.kinds & alternative.kinds) != 0; }));
    if (ways < fewest) {
      fewest = ways;
      best = i;
    }
  }
  const Choice choice = std::move(alternative.choices[best]);
  alternative.choices.erase(alternative.choices.begin() + static_cast<ptrdiff_t>(best));
  for (size_t i = choice.size(); i-- > 0;) {  // backwards: the first is taken from the stack first
    const Branch& branch = choice[i];
    if ((branch.kinds & alternative.kinds) == 0) continue;
    Alternative taken = alternative;
    taken.kinds &= branch.kinds;
    taken.pending = branch.pending;
    std::ranges::reverse(taken.pending);
    if (branch.apply) branch.apply(taken);
    stack.push_back(std::move(taken));
  }
}

// Names that no node of a collector speaks of.
RegexId Expansion::Uncovered(const Collector& collector, bool& everything) {
  std::vector<RegexId> covered;
  for (const NodeId id : collector.evaluated) {
    const Node& node = form_.conjunctions()[id];
    everything |= node.additional_properties || (id != collector.owner && node.unevaluated_properties);
    for (const auto& [name, value] : node.properties) covered.push_back(pool_.Text(name));
    for (const auto& [pattern, value] : node.pattern_properties) {
      covered.push_back(form_.Pattern(pattern, node, "patternProperties").value_or(pool_.Any()));
    }
  }
  return pool_.Complement(pool_.Union(covered));
}

void Expansion::FinishMembers(Alternative& alternative, const Collector& collector) {
  const NodeId rest = *form_.conjunctions()[collector.owner].unevaluated_properties;
  bool everything = false;
  const RegexId names = Uncovered(collector, everything);
  if (collector.denied_members) {
    if (everything) alternative.kinds &= ~kObjectKind;
    alternative.object.some.push_back({names, Literal{rest, true}});
  } else if (!everything) {
    alternative.object.unevaluated.push_back({collector.evaluated, Literal{rest}});
  }
}

void Expansion::FinishItems(Alternative& alternative, const Collector& collector) {
  const Node& owner = form_.conjunctions()[collector.owner];
  size_t from = 0;
  bool everything = false;
  std::vector<NodeId> allowed;
  for (const NodeId id : collector.evaluated) {
    const Node& node = form_.conjunctions()[id];
    from = std::max(from, node.prefix_items.size());
    everything |= node.items || (id != collector.owner && node.unevaluated_items);
    if (node.contains) allowed.push_back(*node.contains);
  }
  if (everything && collector.denied_items) alternative.kinds &= ~kArrayKind;
  if (everything) return;
  allowed.push_back(*owner.unevaluated_items);
  const NodeId value = allowed.size() > 1 ? form_.conjunctions().MakeAny(allowed, owner.pointer) : allowed[0];
  if (collector.denied_items) {
    alternative.array.counts.push_back({Literal{value, true}, from, 1, std::nullopt});
  } else {
    alternative.array.unevaluated.emplace_back(from, Literal{value});
  }
}

void Expansion::FinishCollector(Alternative& alternative, const Collector& collector) {
  const Node& owner = form_.conjunctions()[collector.owner];
  const bool denied = collector.denied_members || collector.denied_items;
  if (owner.unevaluated_properties && (!denied || collector.denied_members)) FinishMembers(alternative, collector);
  if (owner.unevaluated_items && (!denied || collector.denied_items)) FinishItems(alternative, collector);
}

// What the language of numbers cannot decide is told now.
void Expansion::CheckNumber(grammar::NumberConditions& number) {
  if (number.multiples.empty() && number.not_multiples.empty()) return;
  try {
    grammar::NumberForm form;
    form.digits = form_.options_.digits;
    MakeNumberLanguage(number, form);
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kUnsupported) throw;
    form_.Refuse(form_.conjunctions()[first_], "multipleOf", error.what());
    number.multiples.clear();
    number.not_multiples.clear();
  }
}

void Expansion::Finish(Alternative& a, Shapes& shapes) {
  for (const Collector& collector : a.collectors) FinishCollector(a, collector);
  shapes.null |= (a.kinds & kNullKind) != 0;
  shapes.no |= (a.kinds & kFalseKind) != 0;
  shapes.yes |= (a.kinds & kTrueKind) != 0;
  if ((a.kinds & kNumberKind) != 0) {
    if (a.numbers) std::erase_if(*a.numbers, [&](const Decimal& value) { return !Meets(value, a.number); });
    if (!a.numbers) CheckNumber(a.number);
    if (!a.numbers || !a.numbers->empty()) shapes.numbers.push_back({a.number, a.numbers});
  }
  if ((a.kinds & kStringKind) != 0) {
    RegexId regex = a.string;
    if (a.words) {
      std::vector<RegexId> words;
      for (const std::string& word : *a.words) {
        if (pool_.Matches(a.string, word)) words.push_back(pool_.Text(word));
      }
      regex = pool_.Union(words);
    }
    shapes.strings = shapes.strings ? pool_.Union(*shapes.strings, regex) : regex;
  }
  if ((a.kinds & kArrayKind) != 0 && (!a.array.max || a.array.min <= *a.array.max)) {
    AddOnce(shapes.arrays, std::move(a.array));
  }
  if ((a.kinds & kObjectKind) != 0) {
    SortNames(a.object.required);
    SortNames(a.object.forbidden);
    if (SoundMembers(a.object)) AddOnce(shapes.objects, std::move(a.object));
  }
}

}  // namespace sheepop::schema
