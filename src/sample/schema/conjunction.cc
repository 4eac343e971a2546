#include "sample/schema/conjunction.h"

#include <algorithm>

#include "sample/schema/values.h"

namespace sheepop::schema {
namespace {

bool AsksForNothing(const Node& node) {
  return !node.never && node.types == kAllTypes && !node.integer && !node.values && !node.minimum && !node.maximum &&
         !node.exclusive_minimum && !node.exclusive_maximum && !node.multiple_of && !node.min_length &&
         !node.max_length && !node.pattern && !node.format && node.prefix_items.empty() && !node.items &&
         !node.contains && !node.min_items && !node.max_items && !node.unique_items && !node.unevaluated_items &&
         node.properties.empty() && node.pattern_properties.empty() && !node.additional_properties &&
         !node.property_names && node.required.empty() && !node.min_properties && !node.max_properties &&
         node.dependent_required.empty() && node.dependent_schemas.empty() && !node.unevaluated_properties &&
         node.any_of.empty() && node.one_of.empty() && !node.negated && !node.if_schema;
}

}  // namespace

grammar::Decimal AsDecimal(const boost::json::value& number) {
  if (const int64_t* value = number.if_int64()) return grammar::Decimal::Of(*value);
  if (const uint64_t* value = number.if_uint64()) return grammar::Decimal::Of(*value);
  return grammar::Decimal::Of(number.get_double());
}

Conjunctions::Conjunctions(Document document) : document_(std::move(document)) {
  literals_.resize(2);  // kNothing and kAnything
  known_[""] = kAnything;
}

const Node& Conjunctions::operator[](NodeId id) const {
  const auto index = static_cast<size_t>(id);
  return index < document_.nodes.size() ? document_.nodes[index] : made_[index - document_.nodes.size()];
}

NodeId Conjunctions::Make(Node node) {
  made_.push_back(std::move(node));
  return NodeId(static_cast<uint32_t>(nodes() - 1));
}

NodeId Conjunctions::MakeValue(const boost::json::value& value, const std::string& pointer) {
  const std::string text = CanonicalText(value);
  if (const auto found = values_.find(text); found != values_.end()) return found->second;
  Node node;
  node.pointer = pointer;
  if (const boost::json::array* array = value.if_array()) {
    node.types = kArray;
    node.min_items = node.max_items = array->size();
    for (const boost::json::value& item : *array) node.prefix_items.push_back(MakeValue(item, pointer));
  } else if (const boost::json::object* object = value.if_object()) {
    node.types = kObject;
    for (const auto& [key, member] : *object) {
      node.properties.emplace_back(std::string(key), MakeValue(member, pointer));
      node.required.emplace_back(key);
    }
    Node never;
    never.pointer = pointer;
    never.never = true;
    node.additional_properties = Make(std::move(never));
  } else {
    node.values.emplace().push_back(value);
  }
  return values_[text] = Make(std::move(node));
}

NodeId Conjunctions::MakeAny(std::vector<NodeId> nodes, const std::string& pointer) {
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  const auto [place, is_new] = any_.try_emplace(nodes);
  if (is_new) {
    Node node;
    node.pointer = pointer;
    node.any_of.push_back(std::move(nodes));
    place->second = Make(std::move(node));
  }
  return place->second;
}

Conjunctions::Trivial Conjunctions::Resolve(Literal& literal) const {
  const Node* node = &(*this)[literal.node];
  while (node->all_of.size() == 1 && AsksForNothing(*node)) {
    literal.node = node->all_of[0];
    node = &(*this)[literal.node];
  }
  if (node->never) return literal.negative ? Trivial::kAlways : Trivial::kNever;
  if (!AsksForNothing(*node) || !node->all_of.empty()) return Trivial::kNo;
  return literal.negative ? Trivial::kNever : Trivial::kAlways;
}

ConjunctionId Conjunctions::Of(std::vector<Literal> literals) {
  std::vector<Literal> kept;
  for (Literal literal : literals) {
    switch (Resolve(literal)) {
      case Trivial::kNever: return kNothing;
      case Trivial::kAlways: continue;
      case Trivial::kNo: kept.push_back(literal);
    }
  }
  std::ranges::sort(kept);
  kept.erase(std::ranges::unique(kept).begin(), kept.end());
  std::string key;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (i > 0 && kept[i].node == kept[i - 1].node) return kNothing;  // met and not met
    const uint32_t code = static_cast<uint32_t>(kept[i].node) * 2 + kept[i].negative;
    key.append(reinterpret_cast<const char*>(&code), sizeof code);
  }
  const auto [place, is_new] = known_.try_emplace(std::move(key), ConjunctionId(static_cast<uint32_t>(size())));
  if (is_new) {
    if (size() >= kMost) {
      throw SchemaError(ErrorCategory::kLimit,
                        {"", "", "more than 200000 combinations of subschemas apply: a simpler schema is needed"});
    }
    literals_.push_back(std::move(kept));
  }
  return place->second;
}

ConjunctionId Conjunctions::And(ConjunctionId conjunction, std::span<const Literal> more) {
  if (conjunction == kNothing || more.empty()) return conjunction;
  std::vector<Literal> all(Literals(conjunction).begin(), Literals(conjunction).end());
  all.insert(all.end(), more.begin(), more.end());
  return Of(std::move(all));
}

}  // namespace sheepop::schema
