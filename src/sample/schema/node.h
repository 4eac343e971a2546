// A JSON schema as it was read: every subschema that can be reached is a node, references are followed, drafts no longer
// show, and every keyword that was met stands here or was refused.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sample/grammar/decimal.h"
#include "sample/schema/json_schema.h"

namespace sheepop::schema {

enum class NodeId : uint32_t {};

// JSON's types as bits.
enum Types : uint8_t {
  kNull = 1,
  kBoolean = 2,
  kNumber = 4,  // integers too
  kString = 8,
  kArray = 16,
  kObject = 32,
  kAllTypes = 63,
};

// What is absent asks for nothing. A conjunction: all of it must hold of an instance, and what concerns another type than
// the instance's holds.
struct Node {
  std::string pointer;  // RFC 6901, where the schema stands in its document, for messages
  bool never = false;   // the schema false
  uint8_t types = kAllTypes;
  bool integer = false;  // of the numbers among `types`, only integers ("type": "integer")
  // enum; const is an enum of one; of both, what is in both. No two are equal, numbers by their value; none: nothing fits.
  std::optional<std::vector<boost::json::value>> values;

  std::optional<grammar::Decimal> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;

  std::optional<uint64_t> min_length, max_length;
  std::optional<std::string> pattern;  // ECMA-262, unread
  std::optional<std::string> format;   // one that is to be asserted and that FormatRegex knows

  std::vector<NodeId> prefix_items;
  std::optional<NodeId> items;  // of what stands behind prefix_items
  std::optional<NodeId> contains;
  bool contains_evaluates = true;                      // for unevaluated_items; not so in draft 2019-09
  std::optional<uint64_t> min_contains, max_contains;  // only where there is a `contains`
  std::optional<uint64_t> min_items, max_items;
  bool unique_items = false;
  std::optional<NodeId> unevaluated_items;

  std::vector<std::pair<std::string, NodeId>> properties;          // in the schema's order; each name once
  std::vector<std::pair<std::string, NodeId>> pattern_properties;  // ECMA-262, unread
  std::optional<NodeId> additional_properties;
  std::optional<NodeId> property_names;
  std::vector<std::string> required;  // each name once
  std::optional<uint64_t> min_properties, max_properties;
  // A name may come twice, with all that it asks for.
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, NodeId>> dependent_schemas;
  std::optional<NodeId> unevaluated_properties;

  std::vector<NodeId> all_of;                                 // those of $ref, $dynamicRef and $recursiveRef too
  std::vector<std::vector<NodeId>> any_of, one_of;            // usually one list at most; no list is empty
  std::optional<NodeId> negated;                              // not
  std::optional<NodeId> if_schema, then_schema, else_schema;  // then and else only where there is an if
};

struct Document {
  std::vector<Node> nodes;  // by NodeId
  NodeId root{};
  const Node& operator[](NodeId id) const { return nodes[static_cast<size_t>(id)]; }
};

// Reads `schema` and whatever it refers to within itself. Throws SchemaError: kInvalidArgument for what is no schema,
// kUnsupported for a draft, a vocabulary or a reference that is not known here, unless lenient, and kLimit for more than 200
// levels of JSON or 100,000 nodes. References that lead in a circle without any instance between are kInvalidArgument. What
// cannot be reached is not read. Dynamic references are followed too: a schema has a node for each dynamic scope in which it
// can be met.
//
// Integers written 1.0 are integers in every draft: draft 4's text says otherwise, its validators do not.
Document ReadSchema(const boost::json::value& schema, const SchemaOptions& options, SchemaNotes& notes);

}  // namespace sheepop::schema
