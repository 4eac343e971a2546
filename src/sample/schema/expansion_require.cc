// What a subschema that must be met asks for.
#include <fmt/format.h>

#include <algorithm>

#include "sample/schema/expansion.h"
#include "sample/schema/formats.h"

namespace sheepop::schema {
namespace {

using grammar::Decimal;
using grammar::RegexId;

constexpr size_t kMostBranchesWithUnevaluated = 8;

void AtLeast(grammar::NumberConditions& number, const Decimal& bound, bool above) {
  const auto order = number.minimum ? Compare(bound, *number.minimum) : std::strong_ordering::greater;
  if (order < 0) return;
  number.above_minimum = above || (order == 0 && number.above_minimum);
  number.minimum = bound;
}

void AtMost(grammar::NumberConditions& number, const Decimal& bound, bool below) {
  const auto order = number.maximum ? Compare(bound, *number.maximum) : std::strong_ordering::less;
  if (order > 0) return;
  number.below_maximum = below || (order == 0 && number.below_maximum);
  number.maximum = bound;
}

template <typename T>
void Lower(std::optional<T>& most, const std::optional<T>& bound) {
  if (bound) most = most ? std::min(*most, *bound) : *bound;
}

void Allow(Alternative& alternative, const std::vector<Decimal>& numbers, const std::vector<std::string>& words,
           uint8_t kinds) {
  alternative.kinds &= kinds;
  if (alternative.numbers) {
    const auto less = [](const Decimal& a, const Decimal& b) { return Compare(a, b) < 0; };
    std::vector<Decimal> sorted = numbers;
    std::ranges::sort(sorted, less);
    std::erase_if(*alternative.numbers,
                  [&](const Decimal& value) { return !std::ranges::binary_search(sorted, value, less); });
  } else {
    alternative.numbers = numbers;
  }
  if (alternative.words) {
    std::erase_if(*alternative.words,
                  [&](const std::string& word) { return !std::ranges::binary_search(words, word); });
  } else {
    alternative.words = words;
  }
}

}  // namespace

std::optional<RegexId> Expansion::StringOf(const Node& node) {
  std::vector<RegexId> parts;
  if (node.min_length.value_or(0) > 0 || node.max_length) {
    if (node.max_length && *node.max_length < node.min_length.value_or(0)) return pool_.None();
    parts.push_back(pool_.Repeat(pool_.Chars(grammar::CharSet::All()), node.min_length.value_or(0), node.max_length));
  }
  if (node.pattern) {
    if (const std::optional<RegexId> regex = form_.Pattern(*node.pattern, node, "pattern")) parts.push_back(*regex);
  }
  if (node.format) {
    if (const std::optional<RegexId> regex = FormatRegex(*node.format, pool_)) {
      parts.push_back(*regex);
    } else {
      form_.Refuse(node, "format", fmt::format("the format \"{}\" cannot be enforced", *node.format));
    }
  }
  if (parts.empty()) return std::nullopt;
  return pool_.Intersection(parts);
}

void Expansion::Require(Alternative& alternative, const Pending& pending) {
  const Node& node = form_.conjunctions()[pending.literal.node];
  if (node.never) {
    alternative.kinds = 0;
    return;
  }
  alternative.kinds &= KindsOfTypes(node.types);
  if (node.integer) alternative.number.integer = true;
  if (node.values) RequireValues(alternative, node);
  uint64_t collectors = pending.collectors;
  if (pending.unevaluated && (node.unevaluated_properties || node.unevaluated_items)) {
    if (alternative.collectors.size() >= 64)
      form_.Refuse(node, "unevaluatedProperties", "more than 64 apply at one place");
    collectors |= uint64_t{1} << alternative.collectors.size();
    alternative.collectors.push_back({.owner = pending.literal.node});
  }
  RequireNumbersAndStrings(alternative, node);
  if ((alternative.kinds & kArrayKind) != 0) RequireItems(alternative, node, pending.literal.node);
  if ((alternative.kinds & kObjectKind) != 0) RequireMembers(alternative, node, pending.literal.node, collectors);
  for (size_t i = 0; i < alternative.collectors.size(); ++i) {
    if ((collectors >> i & 1) != 0) alternative.collectors[i].evaluated.push_back(pending.literal.node);
  }
  RequireApplicators(alternative, node, collectors);
}

void Expansion::RequireValues(Alternative& alternative, const Node& node) {
  std::vector<Decimal> numbers;
  std::vector<std::string> words;
  uint8_t kinds = 0;
  Choice choice(1);
  for (const boost::json::value& value : *node.values) {
    if (value.is_null()) {
      kinds |= kNullKind;
    } else if (value.is_bool()) {
      kinds |= value.get_bool() ? kTrueKind : kFalseKind;
    } else if (value.is_number()) {
      kinds |= kNumberKind;
      numbers.push_back(AsDecimal(value));
    } else if (value.is_string()) {
      kinds |= kStringKind;
      words.emplace_back(value.get_string());
    } else {
      const NodeId made = form_.conjunctions().MakeValue(value, node.pointer);
      choice.push_back({.kinds = value.is_array() ? kArrayKind : kObjectKind, .pending = {{Literal{made}}}});
    }
  }
  std::ranges::sort(words);
  if (choice.size() == 1) {
    Allow(alternative, numbers, words, kinds);
    return;
  }
  choice[0].kinds = kinds;
  choice[0].apply = [numbers, words, kinds](Alternative& a) { Allow(a, numbers, words, kinds); };
  alternative.choices.push_back(std::move(choice));
}

void Expansion::RequireNumbersAndStrings(Alternative& alternative, const Node& node) {
  grammar::NumberConditions& number = alternative.number;
  if (node.minimum) AtLeast(number, *node.minimum, false);
  if (node.maximum) AtMost(number, *node.maximum, false);
  if (node.exclusive_minimum) AtLeast(number, *node.exclusive_minimum, true);
  if (node.exclusive_maximum) AtMost(number, *node.exclusive_maximum, true);
  if (node.multiple_of && std::ranges::find(number.multiples, *node.multiple_of) == number.multiples.end()) {
    number.multiples.push_back(*node.multiple_of);
  }
  if ((alternative.kinds & kStringKind) == 0) return;
  if (const std::optional<RegexId> regex = StringOf(node)) {
    alternative.string = pool_.Intersection(alternative.string, *regex);
  }
}

void Expansion::RequireItems(Alternative& alternative, const Node& node, NodeId id) {
  ArrayShape& array = alternative.array;
  if (!node.prefix_items.empty() || node.items) array.nodes.push_back(id);
  array.min = std::max(array.min, node.min_items.value_or(0));
  Lower(array.max, node.max_items);
  if (node.contains) {
    array.counts.push_back({Literal{*node.contains}, 0, node.min_contains.value_or(1), node.max_contains});
  }
  if (node.unique_items) array.unique = id;
}

void Expansion::RequireMembers(Alternative& alternative, const Node& node, NodeId id, uint64_t collectors) {
  ObjectShape& object = alternative.object;
  if (!node.properties.empty() || !node.pattern_properties.empty() || node.additional_properties) {
    object.nodes.push_back(id);
  }
  if (node.property_names) object.names.push_back(form_.Strings(Literal{*node.property_names}));
  object.required.insert(object.required.end(), node.required.begin(), node.required.end());
  object.min = std::max(object.min, node.min_properties.value_or(0));
  Lower(object.max, node.max_properties);
  for (const auto& [name, others] : node.dependent_required) {
    for (const std::string& other : others) object.implied.emplace_back(name, other);
  }
  for (const auto& [name, schema] : node.dependent_schemas) {
    Choice choice(3);
    choice[0].kinds = kAllKinds & ~kObjectKind;
    choice[1] = {.kinds = kObjectKind, .apply = [name](Alternative& a) { a.object.forbidden.push_back(name); }};
    choice[2] = {.kinds = kObjectKind, .pending = {{Literal{schema}, collectors}}, .apply = [name](Alternative& a) {
                   a.object.required.push_back(name);
                 }};
    alternative.choices.push_back(std::move(choice));
  }
}

void Expansion::RequireApplicators(Alternative& alternative, const Node& node, uint64_t collectors) {
  // Backwards: the first is worked out first, and says in which order members stand.
  for (size_t i = node.all_of.size(); i-- > 0;) alternative.pending.push_back({Literal{node.all_of[i]}, collectors});
  for (const std::vector<NodeId>& nodes : node.any_of) RequireAnyOf(alternative, nodes, collectors);
  for (const std::vector<NodeId>& nodes : node.one_of) RequireOneOf(alternative, nodes, collectors);
  if (node.negated) alternative.pending.push_back({Literal{*node.negated, true}});
  if (!node.if_schema) return;
  if (!node.then_schema && !node.else_schema && (collectors == 0 || !Evaluates(*node.if_schema))) return;
  Branch yes{.kinds = form_.KindsOf(*node.if_schema), .pending = {{Literal{*node.if_schema}, collectors}}};
  if (node.then_schema) yes.pending.push_back({Literal{*node.then_schema}, collectors});
  Branch no{.pending = {{Literal{*node.if_schema, true}}}};
  if (node.else_schema) no.pending.push_back({Literal{*node.else_schema}, collectors});
  alternative.choices.push_back({yes, no});
}

void Expansion::RequireAnyOf(Alternative& alternative, const std::vector<NodeId>& nodes, uint64_t collectors) {
  Choice choice;
  const bool heard = collectors != 0 && std::ranges::any_of(nodes, [&](NodeId node) { return Evaluates(node); });
  if (!heard) {
    for (const NodeId node : nodes) {
      choice.push_back({.kinds = form_.KindsOf(node), .pending = {{Literal{node}, collectors}}});
    }
    alternative.choices.push_back(std::move(choice));
    return;
  }
  // What is evaluated depends on all that are met: each set of them is a case of its own.
  if (nodes.size() > kMostBranchesWithUnevaluated) {
    throw SchemaError(ErrorCategory::kUnsupported,
                      {form_.conjunctions()[nodes[0]].pointer, "unevaluatedProperties",
                       fmt::format("an anyOf of more than {} whose annotations are asked for cannot be enforced",
                                   kMostBranchesWithUnevaluated)});
  }
  // Where an unevaluated one is wanted, the others must not be met; else it only asks for less if they are.
  bool denied = false;
  for (size_t i = 0; i < alternative.collectors.size(); ++i) {
    const Collector& collector = alternative.collectors[i];
    denied |= (collectors >> i & 1) != 0 && (collector.denied_members || collector.denied_items);
  }
  for (uint32_t met = 1; met < uint32_t{1} << nodes.size(); ++met) {
    Branch branch;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if ((met >> i & 1) != 0) {
        branch.kinds &= form_.KindsOf(nodes[i]);
        branch.pending.push_back({Literal{nodes[i]}, collectors});
      } else if (denied) {
        branch.pending.push_back({Literal{nodes[i], true}});
      }
    }
    choice.push_back(std::move(branch));
  }
  alternative.choices.push_back(std::move(choice));
}

void Expansion::RequireOneOf(Alternative& alternative, const std::vector<NodeId>& nodes, uint64_t collectors) {
  Choice choice;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Branch branch{.kinds = form_.KindsOf(nodes[i]), .pending = {{Literal{nodes[i]}, collectors}}};
    if (branch.kinds == 0) continue;
    for (size_t j = 0; j < nodes.size(); ++j) {
      if (j != i && !form_.SureApart(nodes[i], nodes[j], alternative.kinds)) {
        branch.pending.push_back({Literal{nodes[j], true}});
      }
    }
    choice.push_back(std::move(branch));
  }
  alternative.choices.push_back(std::move(choice));
}

bool Expansion::Evaluates(NodeId id, int depth) const {
  const Node& node = form_.conjunctions()[id];
  if (depth == 0 || !node.properties.empty() || !node.pattern_properties.empty() || node.additional_properties ||
      node.unevaluated_properties || !node.prefix_items.empty() || node.items || node.contains ||
      node.unevaluated_items) {
    return true;
  }
  const auto any = [&](const std::vector<NodeId>& nodes) {
    return std::ranges::any_of(nodes, [&](NodeId inner) { return Evaluates(inner, depth - 1); });
  };
  const auto one = [&](const std::optional<NodeId>& inner) { return inner && Evaluates(*inner, depth - 1); };
  return any(node.all_of) || std::ranges::any_of(node.any_of, any) || std::ranges::any_of(node.one_of, any) ||
         one(node.if_schema) || one(node.then_schema) || one(node.else_schema) ||
         std::ranges::any_of(node.dependent_schemas, [&](const auto& entry) { return one(entry.second); });
}

}  // namespace sheepop::schema
