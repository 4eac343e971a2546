#include <gtest/gtest.h>

#include <set>

#include "sample/schema/testing_schemas.h"

namespace sheepop::schema {
namespace {

// The pointer of what the only reference of the property `name` leads to.
std::string LeadsTo(const Reading& reading, std::string_view name) {
  const Node& node = reading.property(name);
  EXPECT_EQ(node.all_of.size(), 1u) << name;
  return reading.document[node.all_of.at(0)].pointer;
}

TEST(References, FollowPointersAnchorsAndIds) {
  const Reading reading = ReadText(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "http://example.com/root.json",
    "properties": {
      "root": {"$ref": "#"},
      "pointer": {"$ref": "#/$defs/a~1b%25c/items"},
      "pattern": {"$ref": "#/properties/listed/anyOf/1"},
      "anchor": {"$ref": "#here"},
      "absolute": {"$ref": "http://example.com/root.json#/$defs/plain"},
      "relative": {"$ref": "folder/item.json"},
      "within": {"$ref": "folder/item.json#inner"},
      "pointer_within": {"$ref": "/folder/item.json#/$defs/deep"},
      "through": {"$ref": "#/$defs/item/$defs/deep"},
      "urn": {"$ref": "urn:uuid:feed#/items"},
      "odd": {"$ref": "#/x-parts/0/one"},
      "listed": {"anyOf": [true, {"type": "null"}]}
    },
    "$defs": {
      "a/b%c": {"items": {"minimum": 1}},
      "named": {"$anchor": "here"},
      "plain": {},
      "item": {
        "$id": "folder/item.json",
        "$defs": {"deep": {"$ref": "#inner"}, "inner": {"$anchor": "inner", "$ref": "../folder/item.json#/$defs/end"}, "end": {}}
      },
      "urn": {"$id": "urn:uuid:feed", "items": {}}
    },
    "x-parts": [{"one": {"type": "string", "items": {"$ref": "#/$defs/plain"}}}]
  })");
  EXPECT_EQ(LeadsTo(reading, "root"), "");
  EXPECT_EQ(LeadsTo(reading, "pointer"), "/$defs/a~1b%c/items");
  EXPECT_EQ(LeadsTo(reading, "pattern"), "/properties/listed/anyOf/1");
  EXPECT_EQ(LeadsTo(reading, "anchor"), "/$defs/named");
  EXPECT_EQ(LeadsTo(reading, "absolute"), "/$defs/plain");
  EXPECT_EQ(LeadsTo(reading, "relative"), "/$defs/item");
  EXPECT_EQ(LeadsTo(reading, "within"), "/$defs/item/$defs/inner");
  EXPECT_EQ(LeadsTo(reading, "pointer_within"), "/$defs/item/$defs/deep");
  EXPECT_EQ(LeadsTo(reading, "through"), "/$defs/item/$defs/deep");
  EXPECT_EQ(LeadsTo(reading, "urn"), "/$defs/urn/items");
  EXPECT_EQ(LeadsTo(reading, "odd"), "/x-parts/0/one");
  std::set<std::string> pointers;
  for (const Node& node : reading.document.nodes) EXPECT_TRUE(pointers.insert(node.pointer).second) << "one node each";
  EXPECT_TRUE(pointers.contains("/$defs/item/$defs/end"));
}

TEST(References, StandBesideOtherKeywordsSince2019Only) {
  const Reading newer = ReadText(R"({"$ref": "#/$defs/a", "maxLength": 3, "$defs": {"a": {"type": "string"}}})");
  EXPECT_EQ(newer.root().max_length, 3u);
  EXPECT_EQ(newer.root().all_of.size(), 1u);
  const Reading older = ReadText(R"({"$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://a/b",
      "$ref": "#/definitions/a", "maxLength": 3, "title": "", "unknown": 1,
      "definitions": {"a": {"type": "string", "maxLength": "ignored below", "$ref": "#/definitions/b"}, "b": true}})");
  EXPECT_FALSE(older.root().max_length);
  EXPECT_EQ(older.root().all_of.size(), 1u);
  EXPECT_EQ(older.told(), (std::vector<std::string>{"ref_siblings maxLength", "ref_siblings type"}));
}

TEST(References, AnIdBesideAReferenceOfAnOlderDraftIsNone) {
  const Reading reading = ReadText(R"({"$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://a/",
      "properties": {"x": {"$id": "http://b/", "$ref": "c.json"}},
      "definitions": {"wrong": {"$id": "http://b/c.json"}, "right": {"$id": "http://a/c.json"}}})");
  EXPECT_EQ(LeadsTo(reading, "x"), "/definitions/right");
}

TEST(References, OlderDraftsHaveAnchorsInTheirIds) {
  for (const std::string_view draft : {"04", "06", "07"}) {
    const std::string id = draft == "04" ? "id" : "$id";
    const Reading reading =
        ReadText(fmt::format(R"({{"$schema": "http://json-schema.org/draft-{}/schema#", "{}": "http://a/r",
        "properties": {{"x": {{"$ref": "#here"}}, "y": {{"$ref": "other#there"}}}},
        "definitions": {{"here": {{"{}": "#here"}}, "there": {{"{}": "other#there"}}}}}})",
                             draft, id, id, id));
    EXPECT_EQ(LeadsTo(reading, "x"), "/definitions/here");
    EXPECT_EQ(LeadsTo(reading, "y"), "/definitions/there");
  }
  EXPECT_EQ(Refusal(R"({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "#a"})"),
            "invalid_argument  $id");
  const Reading unnamed = ReadText(R"({"$ref": "#a", "$defs": {"x": {"$id": "#a"}}})");
  EXPECT_EQ(unnamed.told(), (std::vector<std::string>{"older_form $id"}));
}

TEST(References, IdsWhereNoSchemaStandsAreNone) {
  EXPECT_EQ(Refusal(R"({"$ref": "http://a/b", "enum": [{"$id": "http://a/b"}], "const": {"$id": "http://a/b"},
                        "x": {"$id": "http://a/b"}, "properties": {"$id": {"type": "null"}}})"),
            "unsupported  $ref");
}

TEST(References, ThatLeadNowhereAreRefused) {
  EXPECT_EQ(Refusal(R"({"items": {"$ref": "#/$defs/a"}})"), "invalid_argument /items $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "#/required", "required": ["a"]})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "#/anyOf/2", "anyOf": [true]})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "#/anyOf/00", "anyOf": [true]})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "#anchor"})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": 1})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "#a", "allOf": [{"$anchor": "a"}, {"$anchor": "a"}]})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"$ref": "a", "allOf": [{"$id": "a"}, {"$id": "./a"}]})"), "invalid_argument  $ref");
}

TEST(References, ToOtherDocumentsAreRefusedByName) {
  EXPECT_EQ(RefusalMessage(R"({"$id": "http://a/b/c", "items": {"$ref": "../d.json#/x"}})"),
            "the schema at \"/items\": $ref is \"../d.json#/x\", which leads to \"http://a/d.json\", which is not part "
            "of the "
            "schema; nothing is fetched: put it under $defs with its $id");
  EXPECT_NE(RefusalMessage(R"({"$ref": "http://json-schema.org/draft-07/schema#"})").find("the metaschema of draft 7"),
            std::string::npos);
  const Reading lenient = ReadText(R"({"items": {"$ref": "http://a/b", "minimum": 1}})", {.lenient = true});
  ASSERT_EQ(lenient.notes.not_enforced.size(), 1u);
  EXPECT_EQ(lenient.notes.not_enforced[0].pointer, "/items");
  EXPECT_EQ(lenient.notes.not_enforced[0].keyword, "$ref");
  EXPECT_TRUE(lenient.document[*lenient.root().items].minimum);
}

TEST(References, InACircleAreRefused) {
  EXPECT_EQ(Refusal(R"({"$ref": "#"})"), "invalid_argument  $ref");
  EXPECT_EQ(Refusal(R"({"anyOf": [{"$ref": "#"}, true]})"), "invalid_argument /anyOf/0 $ref");
  EXPECT_EQ(Refusal(R"({"items": {"not": {"if": {"$ref": "#/items"}}}})"), "invalid_argument /items/not/if $ref");
  EXPECT_EQ(Refusal(R"({"dependentSchemas": {"a": {"$dynamicRef": "#"}}})"),
            "invalid_argument /dependentSchemas/a $dynamicRef");
  EXPECT_EQ(
      Refusal(
          R"({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}}})"),
      "invalid_argument /$defs/a $ref");
  EXPECT_EQ(Refusal(R"({"properties": {"a": {"$ref": "#"}}, "items": {"$ref": "#"}, "propertyNames": {"$ref": "#"}})"),
            "");
  EXPECT_EQ(Refusal(R"({"$defs": {"a": {"$ref": "#/$defs/a"}}})"), "") << "never reached";
  EXPECT_EQ(Refusal(R"({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {}}})"), "");
}

// The example of the core specification, a tree that a strict tree extends.
TEST(References, DynamicOnesLeadToTheOutermostAnchor) {
  const std::string_view schema = R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "http://example.com/strict-tree", "$dynamicAnchor": "node",
    "$ref": "tree", "unevaluatedProperties": false,
    "properties": {"plain": {"$ref": "#/$defs/other"}},
    "$defs": {
      "tree": {"$id": "tree", "$dynamicAnchor": "node", "properties": {"children": {"items": {"$dynamicRef": "#node"}}}},
      "other": {"$id": "other", "items": {"$dynamicRef": "#bound"}, "$defs": {"x": {"$anchor": "bound"}}}
    }})";
  const Reading reading = ReadText(schema);
  const Node& tree = reading.document[reading.root().all_of.at(0)];
  const Node& children = reading.document[tree.properties.at(0).second];
  const Node& reference = reading.document[*children.items];
  EXPECT_EQ(reading.document[reference.all_of.at(0)].pointer, "");
  const Node& other = reading.document[reading.property("plain").all_of.at(0)];
  EXPECT_EQ(reading.document[reading.document[*other.items].all_of.at(0)].pointer, "/$defs/other/$defs/x")
      << "as $ref where the anchor is not dynamic";
}

// One schema, met in two dynamic scopes, is two nodes.
TEST(References, ASchemaHasANodeForEachDynamicScope) {
  const Reading reading = ReadText(R"({
    "properties": {"numbers": {"$ref": "numbers"}, "strings": {"$ref": "strings"}, "any": {"$ref": "list"}},
    "$defs": {
      "list": {"$id": "list", "items": {"$dynamicRef": "#item"}, "$defs": {"item": {"$dynamicAnchor": "item"}}},
      "numbers": {"$id": "numbers", "$ref": "list", "$defs": {"item": {"$dynamicAnchor": "item", "type": "number"}}},
      "strings": {"$id": "strings", "$ref": "list", "$defs": {"item": {"$dynamicAnchor": "item", "type": "string"}}}
    }})");
  const auto types = [&](std::string_view name, bool direct) {
    const Node* list = &reading.document[reading.property(name).all_of.at(0)];
    if (!direct) list = &reading.document[list->all_of.at(0)];
    EXPECT_EQ(list->pointer, "/$defs/list");
    return reading.document[reading.document[*list->items].all_of.at(0)].types;
  };
  EXPECT_EQ(types("numbers", false), kNumber);
  EXPECT_EQ(types("strings", false), kString);
  EXPECT_EQ(types("any", true), kAllTypes);
}

TEST(References, RecursiveOnesOf2019) {
  const auto leads_to = [](bool outer, bool inner) {
    const Reading reading = ReadText(fmt::format(R"({{
      "$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "http://a/outer", "$recursiveAnchor": {},
      "$ref": "inner",
      "$defs": {{"inner": {{"$id": "inner", "$recursiveAnchor": {}, "items": {{"$recursiveRef": "#"}}}}}}}})",
                                                 outer, inner));
    const Node& tree = reading.document[reading.root().all_of.at(0)];
    return reading.document[reading.document[*tree.items].all_of.at(0)].pointer;
  };
  EXPECT_EQ(leads_to(true, true), "");
  EXPECT_EQ(leads_to(false, true), "/$defs/inner");
  EXPECT_EQ(leads_to(true, false), "/$defs/inner");
  EXPECT_EQ(Refusal(R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#/a"})"),
            "invalid_argument  $recursiveRef");
}

TEST(References, CrossDrafts) {
  const Reading reading = ReadText(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"x": {"$ref": "old"}},
    "$defs": {"old": {"$id": "old", "$schema": "http://json-schema.org/draft-07/schema#",
                      "items": [{"type": "null"}], "additionalItems": false, "prefixItems": [false]}}})");
  const Node& old = reading.document[reading.property("x").all_of.at(0)];
  EXPECT_EQ(old.prefix_items.size(), 1u);
  EXPECT_TRUE(reading.document[*old.items].never);
  EXPECT_EQ(reading.told(), (std::vector<std::string>{"other_draft prefixItems"}));
}

}  // namespace
}  // namespace sheepop::schema
