// The instances of one JSON type that a conjunction allows, without alternatives: what is left when anyOf, oneOf, not, if
// and the rest have been worked out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sample/grammar/number_language.h"
#include "sample/grammar/regex.h"
#include "sample/schema/conjunction.h"

namespace sheepop::schema {

struct NumberShape {
  grammar::NumberConditions conditions;
  std::optional<std::vector<grammar::Decimal>> among;  // only these; each of them meets the conditions
};

// "contains" and its like: how many of the items from `from` on may meet `what`.
struct ItemCount {
  Literal what;
  size_t from = 0;
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool operator==(const ItemCount&) const = default;
};

struct ArrayShape {
  std::vector<NodeId> nodes;                            // whose prefixItems and items hold
  std::vector<std::pair<size_t, Literal>> at;           // what holds of one item besides
  std::vector<std::pair<size_t, Literal>> unevaluated;  // what holds of every item from there on
  std::vector<ItemCount> counts;
  uint64_t min = 0;
  std::optional<uint64_t> max;
  std::optional<NodeId> unique;  // the node that wants all items unlike
  bool operator==(const ArrayShape&) const = default;
};

// Members whose names no node of `evaluated` speaks of.
struct UnevaluatedMembers {
  std::vector<NodeId> evaluated;
  Literal value;
  bool operator==(const UnevaluatedMembers&) const = default;
};

// One member at least must have such a name and such a value.
struct SomeMember {
  grammar::RegexId names;
  std::optional<Literal> value;
  bool operator==(const SomeMember&) const = default;
};

struct ObjectShape {
  std::vector<NodeId> nodes;  // whose properties, patternProperties and additionalProperties hold
  std::vector<std::pair<std::string, Literal>> members;  // what holds of one member, where it is there, besides
  std::vector<UnevaluatedMembers> unevaluated;
  std::vector<grammar::RegexId> names;  // every name is in each of these
  std::vector<std::string> required, forbidden;
  std::vector<std::pair<std::string, std::string>> implied;  // where the first is there, the second is
  std::vector<SomeMember> some;
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool operator==(const ObjectShape&) const = default;
};

// All that a conjunction allows: the union of these. Shapes may overlap, and those of arrays and objects may be empty.
struct Shapes {
  bool null = false, no = false, yes = false;
  std::vector<NumberShape> numbers;
  std::optional<grammar::RegexId> strings;
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;
};

}  // namespace sheepop::schema
