#include "sample/schema/normal_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "sample/grammar/pattern.h"
#include "sample/schema/expansion.h"
#include "sample/schema/values.h"

namespace sheepop::schema {
namespace {

using grammar::RegexId;

constexpr size_t kMostPairs = 64;

// A conjunction that is being worked out is asked for again: what hangs on it cannot be known now.
struct AskedInProgress {};

}  // namespace

uint8_t KindsOfTypes(uint8_t types) {
  uint8_t kinds = 0;
  if ((types & kNull) != 0) kinds |= kNullKind;
  if ((types & kBoolean) != 0) kinds |= kFalseKind | kTrueKind;
  if ((types & kNumber) != 0) kinds |= kNumberKind;
  if ((types & kString) != 0) kinds |= kStringKind;
  if ((types & kArray) != 0) kinds |= kArrayKind;
  if ((types & kObject) != 0) kinds |= kObjectKind;
  return kinds;
}

NormalForm::NormalForm(Document document, const SchemaOptions& options, SchemaNotes* notes)
    : conjunctions_(std::move(document)), options_(options), notes_(notes) {}

const Shapes& NormalForm::Of(ConjunctionId conjunction) {
  const auto index = static_cast<uint32_t>(conjunction);
  if (const auto found = shapes_.find(index); found != shapes_.end()) return *found->second;
  if (std::ranges::find(in_progress_, index) != in_progress_.end()) throw AskedInProgress{};
  auto shapes = std::make_unique<Shapes>();
  if (conjunction != kNothing) {
    in_progress_.push_back(index);
    try {
      Expansion(*this).Run(conjunctions_.Literals(conjunction), *shapes);
    } catch (...) {
      in_progress_.pop_back();
      throw;
    }
    in_progress_.pop_back();
  }
  return *(shapes_[index] = std::move(shapes));
}

std::optional<RegexId> NormalForm::Pattern(std::string_view pattern, const Node& node, std::string_view keyword) {
  if (const auto found = patterns_.find(std::string(pattern)); found != patterns_.end()) return found->second;
  std::optional<RegexId> regex;
  try {
    regex = grammar::ParsePattern(pattern, grammar::PatternMeaning::kFound, *pool_);
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kUnsupported) {
      throw SchemaError(error.category(), {node.pointer, std::string(keyword), error.what()});
    }
    Refuse(node, keyword, error.what());
  }
  return patterns_[std::string(pattern)] = regex;
}

// Only as far as strings are concerned: a schema may ask of its instances' names what it asks of its instances.
RegexId NormalForm::Strings(Literal literal) {
  const uint32_t key = static_cast<uint32_t>(literal.node) * 2 + literal.negative;
  if (const auto found = strings_.find(key); found != strings_.end()) return found->second;
  Shapes shapes;
  Expansion(*this).Run(std::span(&literal, 1), shapes, kStringKind);
  return strings_[key] = shapes.strings.value_or(pool_->None());
}

void NormalForm::Refuse(const Node& node, std::string_view keyword, std::string_view message) {
  SchemaFault fault{node.pointer, std::string(keyword), std::string(message)};
  if (!options_.lenient) throw SchemaError(ErrorCategory::kUnsupported, std::move(fault));
  if (notes_ == nullptr) return;
  const bool is_noted = std::ranges::any_of(notes_->not_enforced, [&](const SchemaFault& other) {
    return other.pointer == fault.pointer && other.keyword == fault.keyword;
  });
  if (!is_noted) notes_->not_enforced.push_back(std::move(fault));
}

NodeId NormalForm::Property(const Node& node, NodeId id, std::string_view name, bool& found) {
  if (node.properties.size() <= 8) {
    for (const auto& [other, value] : node.properties) {
      if (other == name) {
        found = true;
        return value;
      }
    }
    return {};
  }
  auto& names = properties_[static_cast<uint32_t>(id)];
  if (names.empty()) names.insert(node.properties.begin(), node.properties.end());
  const auto place = names.find(name);
  if (place == names.end()) return {};
  found = true;
  return place->second;
}

uint8_t NormalForm::KindsOf(NodeId id, int depth) {
  if (const auto found = kinds_.find(static_cast<uint32_t>(id)); found != kinds_.end()) return found->second;
  const Node& node = conjunctions_[id];
  if (node.never) return 0;
  uint8_t kinds = KindsOfTypes(node.types);
  if (node.values) {
    uint8_t valued = 0;
    for (const boost::json::value& value : *node.values) {
      if (value.is_null()) valued |= kNullKind;
      if (value.is_bool()) valued |= value.get_bool() ? kTrueKind : kFalseKind;
      if (value.is_number()) valued |= kNumberKind;
      if (value.is_string()) valued |= kStringKind;
      if (value.is_array()) valued |= kArrayKind;
      if (value.is_object()) valued |= kObjectKind;
    }
    kinds &= valued;
  }
  if (depth == 0) return kinds;
  for (const NodeId inner : node.all_of) kinds &= KindsOf(inner, depth - 1);
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const std::vector<NodeId>& nodes : *lists) {
      uint8_t any = 0;
      for (const NodeId inner : nodes) any |= KindsOf(inner, depth - 1);
      kinds &= any;
    }
  }
  return kinds_[static_cast<uint32_t>(id)] = kinds;
}

namespace {

// The node and those that must hold with it.
void Parts(const Conjunctions& all, NodeId id, std::vector<NodeId>& parts, int depth = 8) {
  parts.push_back(id);
  if (depth == 0 || parts.size() > kMostPairs) return;
  for (const NodeId inner : all[id].all_of) Parts(all, inner, parts, depth - 1);
}

bool ValuesApart(const Node& a, const Node& b) {
  if (!a.values || !b.values || a.values->size() * b.values->size() > 10'000) return false;
  return std::ranges::none_of(*a.values, [&](const boost::json::value& value) {
    return std::ranges::any_of(*b.values, [&](const boost::json::value& other) {
      return value == other || (value.is_number() && other.is_number() && AsDecimal(value) == AsDecimal(other)) ||
             ((value.is_array() || value.is_object()) && CanonicalText(value) == CanonicalText(other));
    });
  });
}

bool IsClosedTo(const Conjunctions& all, const Node& node, const std::string& name) {
  return node.additional_properties && all[*node.additional_properties].never && node.pattern_properties.empty() &&
         std::ranges::none_of(node.properties, [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

bool NormalForm::RequiredApart(std::span<const NodeId> mine, std::span<const NodeId> theirs, int depth) {
  for (const NodeId required : mine) {
    for (const std::string& name : conjunctions_[required].required) {
      for (const NodeId other : theirs) {
        if (IsClosedTo(conjunctions_, conjunctions_[other], name)) return true;
        bool found = false;
        const NodeId their_value = Property(conjunctions_[other], other, name, found);
        for (size_t i = 0; found && i < mine.size(); ++i) {
          bool both = false;
          const NodeId my_value = Property(conjunctions_[mine[i]], mine[i], name, both);
          if (both && ValuesOrKindsApart(my_value, their_value, depth)) return true;
        }
      }
    }
  }
  return false;
}

bool NormalForm::ValuesOrKindsApart(NodeId a, NodeId b, int depth) {
  const auto common = static_cast<uint8_t>(KindsOf(a) & KindsOf(b));
  if (common == 0) return true;
  std::vector<NodeId> parts_a, parts_b;
  Parts(conjunctions_, a, parts_a);
  Parts(conjunctions_, b, parts_b);
  for (const NodeId x : parts_a) {
    for (const NodeId y : parts_b) {
      if (ValuesApart(conjunctions_[x], conjunctions_[y])) return true;
    }
  }
  if (common != kObjectKind || depth == 0) return false;
  return RequiredApart(parts_a, parts_b, depth - 1) || RequiredApart(parts_b, parts_a, depth - 1);
}

bool NormalForm::SureApart(NodeId a, NodeId b, uint8_t kinds) {
  const auto common = static_cast<uint8_t>(KindsOf(a) & KindsOf(b));
  kinds &= common;
  if (kinds == 0) return true;
  const auto [low, high] = std::minmax({static_cast<uint32_t>(a), static_cast<uint32_t>(b)});
  const auto [place, is_new] = apart_.try_emplace({low, high, kinds}, false);
  if (!is_new) return place->second;
  bool apart = ValuesOrKindsApart(a, b, 4);
  if (!apart && kinds == kObjectKind) {
    std::vector<NodeId> parts_a, parts_b;
    Parts(conjunctions_, a, parts_a);
    Parts(conjunctions_, b, parts_b);
    apart = RequiredApart(parts_a, parts_b, 3) || RequiredApart(parts_b, parts_a, 3);
  }
  if (!apart) {
    std::vector<Literal> both{Literal{a}, Literal{b}};
    if (kinds != common && kinds == kObjectKind) both.push_back({Objects()});
    bool in_progress = false;
    apart = SureNone(std::move(both), &in_progress);
    if (in_progress) {
      apart_.erase({low, high, kinds});
      return false;
    }
  }
  return apart_[{low, high, kinds}] = apart;
}

bool NormalForm::SureNone(std::vector<Literal> literals, bool* in_progress) {
  const ConjunctionId all = conjunctions_.Of(std::move(literals));
  if (undecided_.contains(static_cast<uint32_t>(all))) return false;
  try {
    return known_empty(all);
  } catch (const AskedInProgress&) {
    if (in_progress) *in_progress = true;
  } catch (const Error&) {  // too much or not to be enforced: what comes of all is found where all are worked out
    undecided_.insert(static_cast<uint32_t>(all));
  }
  return false;
}

NodeId NormalForm::Objects() {
  if (!objects_) {
    Node node;
    node.types = kObject;
    objects_ = conjunctions_.Make(std::move(node));
  }
  return *objects_;
}

}  // namespace sheepop::schema
