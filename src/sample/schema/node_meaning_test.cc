// What the nodes mean is what the schemas mean: a validator that follows them word by word, against labelled data.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <iostream>
#include <regex>
#include <set>

#include "sample/grammar/decimal.h"
#include "sample/schema/node.h"
#include "sample/schema/values.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;
using grammar::Decimal;

// Which members and elements of an instance a schema looked at (core specification, section 11).
struct Evaluated {
  std::set<std::string, std::less<>> members;
  std::set<size_t> elements;

  void Take(const Evaluated& other) {
    members.insert(other.members.begin(), other.members.end());
    elements.insert(other.elements.begin(), other.elements.end());
  }
};

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool Within(size_t size, const std::optional<uint64_t>& least, const std::optional<uint64_t>& most) {
  return size >= least.value_or(0) && size <= most.value_or(UINT64_MAX);
}

// Throws std::regex_error for patterns that the standard library cannot read.
bool Matches(const std::string& pattern, std::string_view text) {
  return std::regex_search(std::string(text), std::regex(pattern, std::regex::ECMAScript));
}

Decimal Number(const json::value& value) {
  if (value.is_int64()) return Decimal::Of(value.get_int64());
  return value.is_uint64() ? Decimal::Of(value.get_uint64()) : Decimal::Of(value.get_double());
}

class Validator {
 public:
  explicit Validator(const Document& document) : document_(document) {}

  bool Fits(const json::value& value) const {
    Evaluated evaluated;
    return Fits(document_.root, value, evaluated);
  }

 private:
  // `evaluated` counts only where the value fits.
  bool Fits(NodeId id, const json::value& value, Evaluated& evaluated) const {
    const Node& node = document_[id];
    return !node.never && IsOfType(node, value) && FitsValue(node, value) && FitsParts(node, value, evaluated) &&
           FitsCombinations(node, value, evaluated) && FitsUnevaluated(node, value, evaluated);
  }
  bool FitsAlone(NodeId id, const json::value& value) const {
    Evaluated ignored;
    return Fits(id, value, ignored);
  }

  static bool IsOfType(const Node& node, const json::value& value) {
    if (value.is_number()) return (node.types & kNumber) && (!node.integer || Number(value).IsInteger());
    const uint8_t type = value.is_null()     ? kNull
                         : value.is_bool()   ? kBoolean
                         : value.is_string() ? kString
                         : value.is_array()  ? kArray
                                             : kObject;
    return (node.types & type) != 0;
  }

  static bool FitsValue(const Node& node, const json::value& value) {
    const auto equal = [&](const json::value& other) { return CanonicalText(other) == CanonicalText(value); };
    if (node.values && std::ranges::none_of(*node.values, equal)) return false;
    if (value.is_number()) {
      const Decimal number = Number(value);
      return !(node.minimum && Compare(number, *node.minimum) < 0) &&
             !(node.maximum && Compare(number, *node.maximum) > 0) &&
             !(node.exclusive_minimum && Compare(number, *node.exclusive_minimum) <= 0) &&
             !(node.exclusive_maximum && Compare(number, *node.exclusive_maximum) >= 0) &&
             !(node.multiple_of && !IsMultiple(number, *node.multiple_of));
    }
    if (!value.is_string()) return true;
    const std::string_view text = value.get_string();
    return Within(Characters(text), node.min_length, node.max_length) &&
           !(node.pattern && !Matches(*node.pattern, text));
  }

  bool FitsParts(const Node& node, const json::value& value, Evaluated& evaluated) const {
    if (value.is_array()) return FitsElements(node, value.get_array(), evaluated);
    return !value.is_object() || FitsMembers(node, value.get_object(), evaluated);
  }

  bool FitsElements(const Node& node, const json::array& array, Evaluated& evaluated) const {
    std::set<std::string> known;
    size_t contained = 0;
    for (size_t i = 0; i < array.size(); ++i) {
      const auto schema = i < node.prefix_items.size() ? std::optional(node.prefix_items[i]) : node.items;
      if (schema && !FitsAlone(*schema, array[i])) return false;
      const bool contains = node.contains && FitsAlone(*node.contains, array[i]);
      contained += contains;
      if (schema || (contains && node.contains_evaluates)) evaluated.elements.insert(i);
      if (node.unique_items && !known.insert(CanonicalText(array[i])).second) return false;
    }
    return Within(array.size(), node.min_items, node.max_items) &&
           (!node.contains || Within(contained, node.min_contains.value_or(1), node.max_contains));
  }

  bool FitsMembers(const Node& node, const json::object& object, Evaluated& evaluated) const {
    for (const auto& [name, member] : object) {
      bool known = false;
      const auto apply = [&](NodeId schema) { return known = true, FitsAlone(schema, member); };
      for (const auto& [property, schema] : node.properties) {
        if (property == std::string_view(name) && !apply(schema)) return false;
      }
      for (const auto& [pattern, schema] : node.pattern_properties) {
        if (Matches(pattern, name) && !apply(schema)) return false;
      }
      if (!known && node.additional_properties && !apply(*node.additional_properties)) return false;
      if (known) evaluated.members.emplace(name);
      if (node.property_names && !FitsAlone(*node.property_names, json::value(name))) return false;
    }
    const auto has_all = [&](const std::vector<std::string>& names) {
      return std::ranges::all_of(names, [&](const std::string& name) { return object.contains(name); });
    };
    for (const auto& [name, names] : node.dependent_required) {
      if (object.contains(name) && !has_all(names)) return false;
    }
    return has_all(node.required) && Within(object.size(), node.min_properties, node.max_properties);
  }

  bool FitsCombinations(const Node& node, const json::value& value, Evaluated& evaluated) const {
    const auto fits = [&](NodeId schema) {
      Evaluated own;
      if (!Fits(schema, value, own)) return false;
      evaluated.Take(own);
      return true;
    };
    const auto count = [&](const std::vector<NodeId>& list) { return std::ranges::count_if(list, fits); };
    if (!std::ranges::all_of(node.all_of, fits)) return false;
    if (!std::ranges::all_of(node.any_of, [&](const auto& list) { return count(list) > 0; })) return false;
    if (!std::ranges::all_of(node.one_of, [&](const auto& list) { return count(list) == 1; })) return false;
    for (const auto& [name, schema] : node.dependent_schemas) {
      if (value.is_object() && value.get_object().contains(name) && !fits(schema)) return false;
    }
    if (node.negated && FitsAlone(*node.negated, value)) return false;
    if (!node.if_schema) return true;
    const std::optional<NodeId>& then = fits(*node.if_schema) ? node.then_schema : node.else_schema;
    return !then || fits(*then);
  }

  bool FitsUnevaluated(const Node& node, const json::value& value, Evaluated& evaluated) const {
    if (value.is_array() && node.unevaluated_items) {
      for (size_t i = 0; i < value.get_array().size(); ++i) {
        if (evaluated.elements.insert(i).second && !FitsAlone(*node.unevaluated_items, value.get_array()[i]))
          return false;
      }
    }
    if (value.is_object() && node.unevaluated_properties) {
      for (const auto& [name, member] : value.get_object()) {
        if (evaluated.members.emplace(name).second && !FitsAlone(*node.unevaluated_properties, member)) return false;
      }
    }
    return true;
  }

  const Document& document_;
};

// The validator knows no formats: what a schema with some refuses may fit without them. Schemas with a pattern that the
// standard library cannot read are left out.
void Judge(const json::value& one, const std::string& name, size_t& judged) {
  try {
    SchemaNotes notes;
    const Document document = ReadSchema(one.at("schema"), {}, notes);
    const bool has_format =
        std::ranges::any_of(document.nodes, [](const Node& node) { return node.format.has_value(); });
    for (const json::value& test : one.at("tests").as_array()) {
      const bool valid = Validator(document).Fits(test.at("data"));
      if (valid && has_format) continue;
      ++judged;
      if (valid == test.at("valid").as_bool()) continue;
      ADD_FAILURE() << name << ": " << one.at("description") << ": " << test.at("description");
    }
  } catch (const SchemaError&) {
  } catch (const std::regex_error&) {
  }
}

json::value Load(const std::filesystem::path& path) {
  json::parse_options parsing;
  parsing.max_depth = 1000;
  return json::parse(testing::ReadFile(path), {}, parsing);
}

TEST(Nodes, MeanWhatTheConformanceSuiteSays) {
  const auto folder = testing::SharedPath("conformance/schemas/suite-draft2020-12");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  size_t judged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const json::value cases = Load(entry.path());
    for (const json::value& one : cases.as_array()) Judge(one, entry.path().filename().string(), judged);
  }
  std::cout << judged << " data judged\n";
  EXPECT_GE(judged, 1100u);
}

TEST(Nodes, MeanWhatSchemasOfRealUseMean) {
  const auto file = testing::SharedPath("conformance/schemas/maskbench500.json");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  size_t judged = 0;
  const json::value cases = Load(file);
  for (const json::value& one : cases.as_array()) Judge(one, std::string(one.at("name").as_string()), judged);
  std::cout << judged << " data judged\n";
  EXPECT_GE(judged, 1300u);
}

}  // namespace
}  // namespace sheepop::schema
