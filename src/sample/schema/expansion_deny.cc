// What a subschema that must not be met leaves: one of its keywords is broken.
#include <algorithm>

#include "sample/schema/expansion.h"

namespace sheepop::schema {
namespace {

using grammar::Decimal;
using grammar::RegexId;

Pending Not(NodeId node) { return {Literal{node, true}}; }

Branch Breaking(uint8_t kind, std::function<void(Alternative&)> apply) {
  return {.kinds = kind, .apply = std::move(apply)};
}

Branch Number(std::function<void(grammar::NumberConditions&)> apply) {
  return Breaking(kNumberKind, [apply = std::move(apply)](Alternative& a) {
    // A condition of the same kind that is there already: both must hold, and the tighter does.
    grammar::NumberConditions more;
    apply(more);
    grammar::NumberConditions& all = a.number;
    if (more.minimum) {
      const auto order = all.minimum ? Compare(*more.minimum, *all.minimum) : std::strong_ordering::greater;
      if (order > 0) all.above_minimum = more.above_minimum;
      if (order == 0) all.above_minimum |= more.above_minimum;
      if (order >= 0) all.minimum = more.minimum;
    }
    if (more.maximum) {
      const auto order = all.maximum ? Compare(*more.maximum, *all.maximum) : std::strong_ordering::less;
      if (order < 0) all.below_maximum = more.below_maximum;
      if (order == 0) all.below_maximum |= more.below_maximum;
      if (order <= 0) all.maximum = more.maximum;
    }
    all.not_integer |= more.not_integer;
    for (const Decimal& divisor : more.not_multiples) all.not_multiples.push_back(divisor);
  });
}

}  // namespace

void Expansion::Deny(Alternative& alternative, const Pending& pending) {
  const NodeId id = pending.literal.node;
  const Node& node = form_.conjunctions()[id];
  if (node.never) return;
  Choice choice;
  if (node.types != kAllTypes) choice.push_back({.kinds = static_cast<uint8_t>(kAllKinds & ~KindsOfTypes(node.types))});
  if (node.integer) choice.push_back(Number([](grammar::NumberConditions& n) { n.not_integer = true; }));
  if (node.values) DenyValues(choice, node);
  DenyNumbersAndStrings(choice, node);
  if ((alternative.kinds & kArrayKind) != 0) DenyItems(choice, node);
  if ((alternative.kinds & kObjectKind) != 0) DenyMembers(choice, node);
  DenyApplicators(choice, node);
  if (node.unevaluated_properties || node.unevaluated_items) DenyUnevaluated(choice, node, id);
  std::erase_if(choice, [&](const Branch& branch) { return (branch.kinds & alternative.kinds) == 0; });
  if (choice.empty()) {
    alternative.kinds = 0;
  } else if (choice.size() == 1) {
    Branch& only = choice[0];
    alternative.kinds &= only.kinds;
    alternative.pending.insert(alternative.pending.end(), only.pending.begin(), only.pending.end());
    if (only.apply) only.apply(alternative);
  } else {
    alternative.choices.push_back(std::move(choice));
  }
}

void Expansion::DenyValues(Choice& choice, const Node& node) {
  Branch branch;
  std::vector<Decimal> numbers;
  std::vector<RegexId> words;
  for (const boost::json::value& value : *node.values) {
    if (value.is_null()) {
      branch.kinds &= ~kNullKind;
    } else if (value.is_bool()) {
      branch.kinds &= static_cast<uint8_t>(value.get_bool() ? ~kTrueKind : ~kFalseKind);
    } else if (value.is_number()) {
      numbers.push_back(AsDecimal(value));
    } else if (value.is_string()) {
      words.push_back(pool_.Text(std::string_view(value.get_string())));
    } else {
      branch.pending.push_back(Not(form_.conjunctions().MakeValue(value, node.pointer)));
    }
  }
  const RegexId others = pool_.Complement(pool_.Union(words));
  branch.apply = [numbers, others, this](Alternative& a) {
    a.number.excluded.insert(a.number.excluded.end(), numbers.begin(), numbers.end());
    a.string = pool_.Intersection(a.string, others);
  };
  choice.push_back(std::move(branch));
}

void Expansion::DenyNumbersAndStrings(Choice& choice, const Node& node) {
  const auto bound = [&](const std::optional<Decimal>& value, bool is_minimum, bool exclusive) {
    if (!value) return;
    choice.push_back(Number([value, is_minimum, exclusive](grammar::NumberConditions& n) {
      (is_minimum ? n.maximum : n.minimum) = value;
      (is_minimum ? n.below_maximum : n.above_minimum) = !exclusive;
    }));
  };
  bound(node.minimum, true, false);
  bound(node.exclusive_minimum, true, true);
  bound(node.maximum, false, false);
  bound(node.exclusive_maximum, false, true);
  if (node.multiple_of) {
    choice.push_back(Number([d = *node.multiple_of](grammar::NumberConditions& n) { n.not_multiples.push_back(d); }));
  }
  if (const std::optional<RegexId> regex = StringOf(node)) {
    choice.push_back(Breaking(kStringKind, [others = pool_.Complement(*regex), this](Alternative& a) {
      a.string = pool_.Intersection(a.string, others);
    }));
  } else if (node.pattern || node.format) {
    choice.push_back({.kinds = kStringKind});  // noted as not enforced
  }
}

void Expansion::DenyItems(Choice& choice, const Node& node) {
  for (size_t i = 0; i < node.prefix_items.size(); ++i) {
    choice.push_back(Breaking(kArrayKind, [i, item = node.prefix_items[i]](Alternative& a) {
      a.array.at.emplace_back(i, Literal{item, true});
      a.array.min = std::max<uint64_t>(a.array.min, i + 1);
    }));
  }
  if (node.items) {
    choice.push_back(Breaking(kArrayKind, [from = node.prefix_items.size(), items = *node.items](Alternative& a) {
      a.array.counts.push_back({Literal{items, true}, from, 1, std::nullopt});
    }));
  }
  if (node.min_items.value_or(0) > 0) {
    choice.push_back(Breaking(kArrayKind, [most = *node.min_items - 1](Alternative& a) {
      a.array.max = a.array.max ? std::min(*a.array.max, most) : most;
    }));
  }
  if (node.max_items) {
    choice.push_back(Breaking(
        kArrayKind, [least = *node.max_items](Alternative& a) { a.array.min = std::max(a.array.min, least + 1); }));
  }
  if (node.contains) {
    const uint64_t least = node.min_contains.value_or(1);
    if (least > 0) {
      choice.push_back(Breaking(kArrayKind, [what = *node.contains, least](Alternative& a) {
        a.array.counts.push_back({Literal{what}, 0, 0, least - 1});
      }));
    }
    if (node.max_contains) {
      choice.push_back(Breaking(kArrayKind, [what = *node.contains, most = *node.max_contains](Alternative& a) {
        a.array.counts.push_back({Literal{what}, 0, most + 1, std::nullopt});
      }));
    }
  }
  if (node.unique_items) {
    form_.Refuse(node, "uniqueItems", "that items must not be unique (under not or oneOf) cannot be enforced");
    choice.push_back({.kinds = kArrayKind});
  }
}

void Expansion::DenyMembers(Choice& choice, const Node& node) {
  std::vector<RegexId> covered;
  for (const auto& [name, value] : node.properties) {
    covered.push_back(pool_.Text(name));
    const Literal literal{value, true};
    choice.push_back(Breaking(kObjectKind, [name = name, literal](Alternative& a) {
      a.object.members.emplace_back(name, literal);
      a.object.required.push_back(name);
    }));
    choice.back().member = {name, literal};
  }
  for (const auto& [pattern, value] : node.pattern_properties) {
    const RegexId names = form_.Pattern(pattern, node, "patternProperties").value_or(pool_.Any());
    covered.push_back(names);
    choice.push_back(Breaking(kObjectKind, [names, literal = Literal{value, true}](Alternative& a) {
      a.object.some.push_back({names, literal});
    }));
  }
  if (node.additional_properties) {
    const RegexId names = pool_.Complement(pool_.Union(covered));
    const Literal literal{*node.additional_properties, true};
    choice.push_back(
        Breaking(kObjectKind, [names, literal](Alternative& a) { a.object.some.push_back({names, literal}); }));
    choice.back().names = names;
  }
  if (node.property_names) {
    const RegexId names = pool_.Complement(form_.Strings(Literal{*node.property_names}));
    choice.push_back(
        Breaking(kObjectKind, [names](Alternative& a) { a.object.some.push_back({names, std::nullopt}); }));
  }
  for (const std::string& name : node.required) {
    choice.push_back(Breaking(kObjectKind, [name](Alternative& a) { a.object.forbidden.push_back(name); }));
  }
  if (node.min_properties.value_or(0) > 0) {
    choice.push_back(Breaking(kObjectKind, [most = *node.min_properties - 1](Alternative& a) {
      a.object.max = a.object.max ? std::min(*a.object.max, most) : most;
    }));
  }
  if (node.max_properties) {
    choice.push_back(Breaking(kObjectKind, [least = *node.max_properties](Alternative& a) {
      a.object.min = std::max(a.object.min, least + 1);
    }));
  }
  for (const auto& [name, others] : node.dependent_required) {
    for (const std::string& other : others) {
      choice.push_back(Breaking(kObjectKind, [name = name, other](Alternative& a) {
        a.object.required.push_back(name);
        a.object.forbidden.push_back(other);
      }));
    }
  }
  for (const auto& [name, schema] : node.dependent_schemas) {
    Branch branch = Breaking(kObjectKind, [name = name](Alternative& a) { a.object.required.push_back(name); });
    branch.pending = {Not(schema)};
    choice.push_back(std::move(branch));
  }
}

void Expansion::DenyApplicators(Choice& choice, const Node& node) {
  for (const NodeId inner : node.all_of) choice.push_back({.pending = {Not(inner)}});
  for (const std::vector<NodeId>& nodes : node.any_of) {
    Branch none;
    for (const NodeId inner : nodes) none.pending.push_back(Not(inner));
    choice.push_back(std::move(none));
  }
  for (const std::vector<NodeId>& nodes : node.one_of) {
    Branch none;
    for (const NodeId inner : nodes) none.pending.push_back(Not(inner));
    choice.push_back(std::move(none));
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (size_t j = i + 1; j < nodes.size(); ++j) {
        const auto kinds = static_cast<uint8_t>(form_.KindsOf(nodes[i]) & form_.KindsOf(nodes[j]));
        if (kinds == 0 || form_.SureApart(nodes[i], nodes[j], kAllKinds)) continue;
        choice.push_back({.kinds = kinds, .pending = {{Literal{nodes[i]}}, {Literal{nodes[j]}}}});
      }
    }
  }
  if (node.negated) choice.push_back({.kinds = form_.KindsOf(*node.negated), .pending = {{Literal{*node.negated}}}});
  if (node.if_schema && node.then_schema) {
    choice.push_back(
        {.kinds = form_.KindsOf(*node.if_schema), .pending = {{Literal{*node.if_schema}}, Not(*node.then_schema)}});
  }
  if (node.if_schema && node.else_schema) choice.push_back({.pending = {Not(*node.if_schema), Not(*node.else_schema)}});
}

// All else of the node holds, as what it evaluates counts only then.
void Expansion::DenyUnevaluated(Choice& choice, const Node& node, NodeId id) {
  const auto add = [&](uint8_t kind, bool members) {
    choice.push_back(Breaking(kind, [id, members](Alternative& a) {
      a.pending.push_back({Literal{id}, uint64_t{1} << a.collectors.size(), false});
      a.collectors.push_back({.owner = id, .denied_members = members, .denied_items = !members});
    }));
  };
  if (node.unevaluated_properties) add(kObjectKind, true);
  if (node.unevaluated_items) add(kArrayKind, false);
}

}  // namespace sheepop::schema
