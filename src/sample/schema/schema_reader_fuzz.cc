#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "sample/schema/circles.h"
#include "sample/schema/node.h"
#include "sample/schema/values.h"

// A document that is read keeps what node.h promises, and a lenient reader reads it likewise.
namespace {

using sheepop::schema::Document;
using sheepop::schema::Node;
using sheepop::schema::NodeId;
using sheepop::schema::SchemaNotes;

struct Reading {
  std::optional<Document> document;  // nothing: refused
  SchemaNotes notes;
};

Reading Read(const boost::json::value& schema, bool lenient) {
  Reading reading;
  try {
    reading.document = sheepop::schema::ReadSchema(schema, {.lenient = lenient}, reading.notes);
  } catch (const sheepop::schema::SchemaError&) {
  }
  return reading;
}

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

bool NoneTwice(const std::vector<std::string>& names) {
  return std::set(names.begin(), names.end()).size() == names.size();
}

void Check(const Document& document, const Node& node) {
  const auto check = [&](NodeId id) { Require(static_cast<size_t>(id) < document.nodes.size()); };
  const auto check_all = [&](const std::vector<NodeId>& ids) { std::ranges::for_each(ids, check); };
  check_all(node.prefix_items);
  check_all(node.all_of);
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const std::vector<NodeId>& list : *lists) Require(!list.empty()), check_all(list);
  }
  for (const auto* named : {&node.properties, &node.pattern_properties, &node.dependent_schemas}) {
    for (const auto& [name, id] : *named) check(id);
  }
  for (const auto* one :
       {&node.items, &node.contains, &node.unevaluated_items, &node.additional_properties, &node.property_names,
        &node.unevaluated_properties, &node.negated, &node.if_schema, &node.then_schema, &node.else_schema}) {
    if (*one) check(**one);
  }
  Require(node.if_schema || !(node.then_schema || node.else_schema));
  Require(node.contains || !(node.min_contains || node.max_contains));
  Require(node.types != 0 && (!node.integer || (node.types & sheepop::schema::kNumber)));
  Require(NoneTwice(node.required));
  if (!node.values) return;
  std::vector<std::string> texts;
  for (const boost::json::value& value : *node.values) texts.push_back(sheepop::schema::CanonicalText(value));
  Require(NoneTwice(texts));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  boost::system::error_code broken;
  boost::json::parse_options parsing;
  parsing.max_depth = 300;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const boost::json::value schema = boost::json::parse(text, broken, {}, parsing);
  if (broken) return 0;
  const Reading strict = Read(schema, false), lenient = Read(schema, true);
  if (!strict.document) return 0;
  for (const Node& node : strict.document->nodes) Check(*strict.document, node);
  Require(sheepop::schema::FindCircle(*strict.document).empty());
  Require(lenient.document && lenient.document->nodes.size() == strict.document->nodes.size());
  Require(lenient.notes.not_enforced.empty() && strict.notes.not_enforced.empty());
  return 0;
}
