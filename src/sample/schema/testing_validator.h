// For the tests of this folder: whether an instance meets a schema, as plainly as the specification says it.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <string>

#include "base/utf8.h"
#include "sample/grammar/number_language.h"
#include "sample/grammar/pattern.h"
#include "sample/schema/formats.h"
#include "sample/schema/node.h"
#include "sample/schema/values.h"

namespace sheepop::schema::testing {

class Validator {
 public:
  explicit Validator(const Document& document) : document_(document) {}

  bool Validates(const boost::json::value& value) { return Meets(document_.root, value, nullptr); }

 private:
  struct Evaluated {
    std::set<std::string> names;
    std::set<size_t> items;
  };

  static uint8_t TypeOf(const boost::json::value& value) {
    if (value.is_null()) return kNull;
    if (value.is_bool()) return kBoolean;
    if (value.is_number()) return kNumber;
    if (value.is_string()) return kString;
    return value.is_array() ? kArray : kObject;
  }

  static grammar::Decimal Number(const boost::json::value& value) {
    return *grammar::Decimal::Parse(CanonicalText(value));
  }

  bool Found(const std::string& pattern, std::string_view text) {
    return pool_.Matches(grammar::ParsePattern(pattern, grammar::PatternMeaning::kFound, pool_), text);
  }

  // What is evaluated is added to `all` where the node is met.
  bool Meets(NodeId id, const boost::json::value& value, Evaluated* all) {
    const Node& node = document_[id];
    Evaluated mine;
    if (node.never || (node.types & TypeOf(value)) == 0) return false;
    if (node.values) {
      bool any = false;
      for (const boost::json::value& one : *node.values) any |= CanonicalText(one) == CanonicalText(value);
      if (!any) return false;
    }
    if (!MeetsApplicators(node, value, mine)) return false;
    if (value.is_number() && !MeetsNumber(node, Number(value))) return false;
    if (value.is_string() && !MeetsString(node, value.get_string())) return false;
    if (value.is_array() && !MeetsItems(node, value.get_array(), mine)) return false;
    if (value.is_object() && !MeetsMembers(node, value.get_object(), mine)) return false;
    if (all != nullptr) {
      all->names.merge(mine.names);
      all->items.merge(mine.items);
    }
    return true;
  }

  bool MeetsApplicators(const Node& node, const boost::json::value& value, Evaluated& mine) {
    for (const NodeId inner : node.all_of) {
      if (!Meets(inner, value, &mine)) return false;
    }
    for (const auto& nodes : node.any_of) {
      bool any = false;
      for (const NodeId inner : nodes) any |= Meets(inner, value, &mine);
      if (!any) return false;
    }
    for (const auto& nodes : node.one_of) {
      size_t met = 0;
      for (const NodeId inner : nodes) met += Meets(inner, value, &mine);
      if (met != 1) return false;
    }
    if (node.negated && Meets(*node.negated, value, nullptr)) return false;
    if (!node.if_schema) return true;
    const auto& next = Meets(*node.if_schema, value, &mine) ? node.then_schema : node.else_schema;
    return !next || Meets(*next, value, &mine);
  }

  static bool MeetsNumber(const Node& node, const grammar::Decimal& value) {
    if (node.integer && !value.IsInteger()) return false;
    if (node.minimum && Compare(value, *node.minimum) < 0) return false;
    if (node.maximum && Compare(value, *node.maximum) > 0) return false;
    if (node.exclusive_minimum && Compare(value, *node.exclusive_minimum) <= 0) return false;
    if (node.exclusive_maximum && Compare(value, *node.exclusive_maximum) >= 0) return false;
    return !node.multiple_of || IsMultiple(value, *node.multiple_of);
  }

  bool MeetsString(const Node& node, std::string_view text) {
    size_t length = 0;
    for (const char byte : text) length += (static_cast<uint8_t>(byte) & 0xC0) != 0x80;
    if (length < node.min_length.value_or(0) || length > node.max_length.value_or(SIZE_MAX)) return false;
    if (node.pattern && !Found(*node.pattern, text)) return false;
    return !node.format || pool_.Matches(*FormatRegex(*node.format, pool_), text);
  }

  bool MeetsItems(const Node& node, const boost::json::array& array, Evaluated& mine) {
    if (array.size() < node.min_items.value_or(0) || array.size() > node.max_items.value_or(SIZE_MAX)) return false;
    std::set<std::string> texts;
    uint64_t contained = 0;
    for (size_t i = 0; i < array.size(); ++i) {
      const bool prefixed = i < node.prefix_items.size();
      if (prefixed || node.items) {
        if (!Meets(prefixed ? node.prefix_items[i] : *node.items, array[i], nullptr)) return false;
        mine.items.insert(i);
      }
      if (node.contains && Meets(*node.contains, array[i], nullptr)) {
        ++contained;
        mine.items.insert(i);
      }
      if (!texts.insert(CanonicalText(array[i])).second && node.unique_items) return false;
    }
    if (node.contains &&
        (contained < node.min_contains.value_or(1) || contained > node.max_contains.value_or(SIZE_MAX))) {
      return false;
    }
    for (size_t i = 0; node.unevaluated_items && i < array.size(); ++i) {
      if (mine.items.contains(i)) continue;
      if (!Meets(*node.unevaluated_items, array[i], nullptr)) return false;
      mine.items.insert(i);
    }
    return true;
  }

  bool MeetsMember(const Node& node, const std::string& name, const boost::json::value& value, Evaluated& mine) {
    bool covered = false;
    for (const auto& [other, schema] : node.properties) {
      if (other != name) continue;
      covered = true;
      if (!Meets(schema, value, nullptr)) return false;
    }
    for (const auto& [pattern, schema] : node.pattern_properties) {
      if (!Found(pattern, name)) continue;
      covered = true;
      if (!Meets(schema, value, nullptr)) return false;
    }
    if (!covered && node.additional_properties) {
      covered = true;
      if (!Meets(*node.additional_properties, value, nullptr)) return false;
    }
    if (covered) mine.names.insert(name);
    return !node.property_names || Meets(*node.property_names, boost::json::value(name), nullptr);
  }

  bool MeetsMembers(const Node& node, const boost::json::object& object, Evaluated& mine) {
    if (object.size() < node.min_properties.value_or(0) || object.size() > node.max_properties.value_or(SIZE_MAX)) {
      return false;
    }
    for (const auto& member : object) {
      if (!MeetsMember(node, std::string(member.key()), member.value(), mine)) return false;
    }
    for (const std::string& name : node.required) {
      if (!object.contains(name)) return false;
    }
    for (const auto& [name, others] : node.dependent_required) {
      for (const std::string& other : others) {
        if (object.contains(name) && !object.contains(other)) return false;
      }
    }
    for (const auto& [name, schema] : node.dependent_schemas) {
      if (object.contains(name) && !Meets(schema, object, &mine)) return false;
    }
    for (const auto& member : object) {
      const std::string name(member.key());
      if (!node.unevaluated_properties || mine.names.contains(name)) continue;
      if (!Meets(*node.unevaluated_properties, member.value(), nullptr)) return false;
      mine.names.insert(name);
    }
    return true;
  }

  const Document& document_;
  grammar::RegexPool pool_;
};

}  // namespace sheepop::schema::testing
