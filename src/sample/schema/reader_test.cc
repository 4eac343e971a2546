#include "sample/schema/reader.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "sample/schema/testing_schemas.h"
#include "testing/paths.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;
using grammar::Decimal;

constexpr std::string_view kDraft4Uri = "http://json-schema.org/draft-04/schema#";
constexpr std::string_view kDraft7Uri = "http://json-schema.org/draft-07/schema#";
constexpr std::string_view kDraft2019Uri = "https://json-schema.org/draft/2019-09/schema";
constexpr std::string_view kDraft2020Uri = "https://json-schema.org/draft/2020-12/schema";

std::string Under(std::string_view metaschema, std::string_view members) {
  return fmt::format(R"({{"$schema": "{}", {}}})", metaschema, members);
}

TEST(ReadSchema, TakesBooleansAndObjectsOnly) {
  EXPECT_FALSE(ReadText("true").root().never);
  EXPECT_TRUE(ReadText("false").root().never);
  EXPECT_EQ(ReadText("{}").root().types, kAllTypes);
  for (const std::string_view schema : {"null", "1", "\"a\"", "[]"}) EXPECT_EQ(Refusal(schema), "invalid_argument  ");
}

TEST(ReadSchema, PutsEveryKeywordIntoTheNode) {
  const Reading reading = ReadText(Under(kDraft2020Uri, R"(
    "type": ["integer", "string", "null"], "enum": [1, "a"],
    "minimum": -1.5, "maximum": 18446744073709551615, "exclusiveMinimum": 0, "exclusiveMaximum": 1e2, "multipleOf": 0.01,
    "minLength": 2.0, "maxLength": 5, "pattern": "^a", "format": "date",
    "prefixItems": [true, false], "items": {"type": "null"}, "contains": {}, "minContains": 0, "maxContains": 3,
    "minItems": 1, "maxItems": 9, "uniqueItems": true, "unevaluatedItems": false,
    "properties": {"b": {}, "a": {}}, "patternProperties": {"^x": false}, "additionalProperties": false,
    "propertyNames": {"maxLength": 3}, "required": ["a", "b"], "minProperties": 1, "maxProperties": 4,
    "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": false}, "unevaluatedProperties": {},
    "allOf": [{}], "anyOf": [{}, true], "oneOf": [{}, false], "not": {}, "if": {}, "then": {}, "else": false)"));
  const Node& node = reading.root();
  EXPECT_EQ(node.pointer, "");
  EXPECT_EQ(node.types, kNumber | kString | kNull);
  EXPECT_TRUE(node.integer);
  EXPECT_EQ(node.values->size(), 2u);
  EXPECT_EQ(*node.minimum, *Decimal::Parse("-1.5"));
  EXPECT_EQ(*node.maximum, *Decimal::Parse("18446744073709551615"));
  EXPECT_EQ(*node.exclusive_minimum, Decimal());
  EXPECT_EQ(*node.exclusive_maximum, *Decimal::Parse("100"));
  EXPECT_EQ(*node.multiple_of, *Decimal::Parse("0.01"));
  EXPECT_EQ(node.min_length, 2u);
  EXPECT_EQ(node.max_length, 5u);
  EXPECT_EQ(node.pattern, "^a");
  EXPECT_EQ(node.format, "date");
  EXPECT_EQ(reading.document[node.prefix_items.at(1)].pointer, "/prefixItems/1");
  EXPECT_TRUE(reading.document[node.prefix_items.at(1)].never);
  EXPECT_EQ(reading.document[*node.items].types, kNull);
  EXPECT_TRUE(node.contains && node.contains_evaluates);
  EXPECT_EQ(node.min_contains, 0u);
  EXPECT_EQ(node.max_contains, 3u);
  EXPECT_EQ(node.min_items, 1u);
  EXPECT_EQ(node.max_items, 9u);
  EXPECT_TRUE(node.unique_items);
  EXPECT_TRUE(reading.document[*node.unevaluated_items].never);
  EXPECT_EQ(node.properties.at(0).first, "b") << "the order of the schema";
  EXPECT_EQ(node.properties.at(1).first, "a");
  EXPECT_EQ(node.pattern_properties.at(0).first, "^x");
  EXPECT_TRUE(reading.document[*node.additional_properties].never);
  EXPECT_EQ(reading.document[*node.property_names].max_length, 3u);
  EXPECT_EQ(node.required, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(node.min_properties, 1u);
  EXPECT_EQ(node.max_properties, 4u);
  EXPECT_EQ(node.dependent_required.at(0).second, std::vector<std::string>{"b"});
  EXPECT_EQ(reading.document[node.dependent_schemas.at(0).second].pointer, "/dependentSchemas/b");
  EXPECT_TRUE(node.unevaluated_properties);
  EXPECT_EQ(node.all_of.size(), 1u);
  EXPECT_EQ(node.any_of.at(0).size(), 2u);
  EXPECT_EQ(node.one_of.at(0).size(), 2u);
  EXPECT_TRUE(node.negated && node.if_schema && node.then_schema && node.else_schema);
  EXPECT_TRUE(reading.notes.warnings.empty());
}

TEST(ReadSchema, KeywordsWithoutTheirCompanionAskForNothing) {
  const Reading reading = ReadText(
      Under(kDraft2019Uri,
            R"("then": {}, "else": {}, "minContains": 2, "maxContains": 3, "additionalItems": false, "items": {})"));
  const Node& node = reading.root();
  EXPECT_FALSE(node.then_schema || node.else_schema || node.min_contains || node.max_contains);
  EXPECT_FALSE(reading.document[*node.items].never);
  EXPECT_FALSE(ReadText(Under(kDraft2019Uri, R"("contains": {})")).root().contains_evaluates);
}

TEST(ReadSchema, TypesAsBits) {
  EXPECT_FALSE(ReadText(R"({"type": ["integer", "number"]})").root().integer);
  EXPECT_FALSE(ReadText(R"({"type": ["number", "integer"]})").root().integer);
  EXPECT_EQ(ReadText(R"({"type": ["object", "array", "boolean", "boolean"]})").root().types,
            kObject | kArray | kBoolean);
}

TEST(ReadSchema, EqualValuesStandOnce) {
  const auto count = [](std::string_view schema) { return ReadText(schema).root().values->size(); };
  EXPECT_EQ(count(R"({"enum": []})"), 0u);
  EXPECT_EQ(count(R"({"enum": [1, 1.0, 1e0, "1", true, [1], [1.0], {"a": 1, "b": 2}, {"b": 2, "a": 1.0}, -0.0, 0]})"),
            6u);
  EXPECT_EQ(count(R"({"enum": [1, 2, 3], "const": 2.0})"), 1u);
  EXPECT_EQ(count(R"({"const": 4, "enum": [1, 2, 3]})"), 0u);
  EXPECT_EQ(count(R"({"const": null})"), 1u);
}

TEST(ReadSchema, NamesStandOnce) {
  const Reading reading = ReadText(R"({"required": ["a", "b", "a"]})");
  EXPECT_EQ(reading.root().required, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reading.told(), std::vector<std::string>{"repeated required"});
}

TEST(ReadSchema, TheDraftIsWhatSchemaNames) {
  for (const std::string_view draft : {"draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12"}) {
    for (const std::string_view scheme : {"http", "https"}) {
      for (const std::string_view end : {"", "#"}) {
        EXPECT_EQ(Refusal(fmt::format(R"({{"$schema": "{}://json-schema.org/{}/schema{}"}})", scheme, draft, end)), "");
      }
    }
  }
  for (const std::string_view uri :
       {"http://json-schema.org/draft-03/schema#", "http://json-schema.org/schema#", "http://localhost/meta.json",
        "http://json-schema.org/draft-07/schemata", "json-schema.org/draft-07/schema", ""}) {
    EXPECT_EQ(Refusal(fmt::format(R"({{"$schema": "{}"}})", uri)), "unsupported  $schema") << uri;
  }
  EXPECT_EQ(Refusal(R"({"$schema": 7})"), "invalid_argument  $schema");
  EXPECT_EQ(Refusal(R"({"$ref": "a", "$defs": {"a": {"$id": "a", "$schema": "urn:mine"}}})"),
            "unsupported /$defs/a $schema");
  EXPECT_EQ(Refusal(R"({"$defs": {"a": {"$id": "a", "$schema": "urn:mine"}}})"), "") << "never reached";
  const Reading lenient = ReadText(R"({"$schema": "urn:mine", "minimum": 1, "items": {}})", {.lenient = true});
  EXPECT_TRUE(lenient.root().minimum);
  EXPECT_EQ(lenient.notes.not_enforced.size(), 1u) << "once, however many schemas stand there";
}

TEST(ReadSchema, AMetaschemaWithinAResourceIsTold) {
  EXPECT_TRUE(
      ReadText(Under(kDraft7Uri, R"("items": {"$schema": "https://json-schema.org/draft-07/schema"})")).told().empty());
  EXPECT_EQ(ReadText(Under(kDraft7Uri, R"("items": {"$schema": "urn:mine"})")).told(),
            std::vector<std::string>{"other_draft $schema"});
}

TEST(ReadSchema, Draft4HasItsOwnForms) {
  const Reading reading = ReadText(Under(kDraft4Uri, R"("id": "http://a/b", "minimum": 1, "exclusiveMinimum": true,
      "maximum": 3, "exclusiveMaximum": false, "items": [{}], "additionalItems": false,
      "dependencies": {"a": ["b"], "c": {"minProperties": 2}}, "properties": {"x": {"$ref": "http://a/b#/definitions/y"}},
      "definitions": {"y": {}})"));
  EXPECT_TRUE(reading.told().empty());
  EXPECT_FALSE(reading.root().minimum);
  EXPECT_EQ(*reading.root().exclusive_minimum, Decimal::Of(int64_t{1}));
  EXPECT_EQ(*reading.root().maximum, Decimal::Of(int64_t{3}));
  EXPECT_FALSE(reading.root().exclusive_maximum);
  EXPECT_EQ(reading.root().prefix_items.size(), 1u);
  EXPECT_TRUE(reading.document[*reading.root().items].never);
  EXPECT_EQ(reading.root().dependent_required.at(0).first, "a");
  EXPECT_EQ(reading.root().dependent_schemas.at(0).first, "c");
  EXPECT_EQ(Refusal(Under(kDraft4Uri, R"("minimum": 1, "exclusiveMinimum": 1)")), "invalid_argument  exclusiveMinimum");
  EXPECT_EQ(ReadText(Under(kDraft4Uri, R"("exclusiveMaximum": true)")).root().exclusive_maximum, std::nullopt);
}

TEST(ReadSchema, OlderFormsAreReadWhereNoDraftIsNamedAndTold) {
  const Reading reading = ReadText(R"({"definitions": {"a": {}}, "items": [{}], "additionalItems": false, "minimum": 1,
      "exclusiveMinimum": true, "maximum": 2, "exclusiveMaximum": 3, "dependencies": {"a": ["b"]},
      "properties": {"x": {"$ref": "#/definitions/a"}, "y": {"items": [{}]}}})");
  EXPECT_EQ(reading.told(),
            (std::vector<std::string>{"older_form definitions", "older_form items", "older_form additionalItems",
                                      "older_form exclusiveMinimum", "older_form dependencies"}));
  EXPECT_EQ(reading.root().prefix_items.size(), 1u);
  EXPECT_TRUE(reading.document[*reading.root().items].never);
  EXPECT_FALSE(reading.root().minimum);
  EXPECT_TRUE(reading.root().exclusive_minimum && reading.root().maximum && reading.root().exclusive_maximum);
  EXPECT_EQ(reading.root().dependent_required.size(), 1u);
  EXPECT_EQ(Refusal(R"({"items": [{}], "prefixItems": [{}]})"), "invalid_argument  items");
}

TEST(ReadSchema, OlderFormsAreNoneWhereDraft2020IsNamed) {
  EXPECT_EQ(Refusal(Under(kDraft2020Uri, R"("items": [{}])")), "invalid_argument  items");
  EXPECT_EQ(Refusal(Under(kDraft2020Uri, R"("exclusiveMaximum": true)")), "invalid_argument  exclusiveMaximum");
  const Reading reading =
      ReadText(Under(kDraft2020Uri, R"("dependencies": {"a": ["b"]}, "additionalItems": false, "definitions": {})"));
  EXPECT_EQ(reading.told(), (std::vector<std::string>{"other_draft dependencies", "other_draft additionalItems",
                                                      "other_draft definitions"}));
  EXPECT_TRUE(reading.root().dependent_required.empty());
}

TEST(ReadSchema, KeywordsOfOtherDraftsAskForNothingAndAreTold) {
  const auto told = [](std::string_view metaschema, std::string_view members) {
    return ReadText(Under(metaschema, members)).told();
  };
  EXPECT_EQ(told(kDraft7Uri, R"("unevaluatedProperties": false)"),
            std::vector<std::string>{"other_draft unevaluatedProperties"});
  EXPECT_EQ(told(kDraft4Uri, R"("const": 1, "if": false, "then": false)"),
            (std::vector<std::string>{"other_draft const", "other_draft if", "other_draft then"}));
  EXPECT_EQ(told(kDraft2019Uri, R"("prefixItems": [false])"), std::vector<std::string>{"other_draft prefixItems"});
  EXPECT_EQ(told(kDraft2020Uri, R"("divisibleBy": 3)"), std::vector<std::string>{"other_draft divisibleBy"});
  EXPECT_EQ(told(kDraft2020Uri, R"("id": "a", "title": 3, "examples": 1, "$comment": "", "deprecated": true,
                                   "contentSchema": {"type": "wrong"}, "$vocabulary": {}, "$anchor": "a")"),
            std::vector<std::string>{"other_draft id"});
}

TEST(ReadSchema, UnknownKeywordsAreToldOnceEach) {
  const Reading reading =
      ReadText(R"({"requred": ["a"], "x-mine": {"type": "wrong"}, "items": {"requred": 1, "$Ref": "#"}})");
  ASSERT_EQ(reading.told(),
            (std::vector<std::string>{"unknown_keyword requred", "unknown_keyword x-mine", "unknown_keyword $Ref"}));
  EXPECT_EQ(reading.notes.warnings[0].line,
            "\"requred\" at the root of the schema is no keyword and asks for nothing, did you mean required?");
  EXPECT_EQ(reading.notes.warnings[0].value, "");
  EXPECT_EQ(reading.notes.warnings[1].line, "\"x-mine\" at the root of the schema is no keyword and asks for nothing");
  EXPECT_EQ(reading.notes.warnings[2].line,
            "\"$Ref\" at \"/items\" is no keyword and asks for nothing, did you mean $ref?");
}

TEST(ReadSchema, FormatsAreAssertedAsFarAsTheyAreKnown) {
  const std::string_view schema = R"({"properties": {"a": {"format": "date"}, "b": {"format": "color"}}})";
  const Reading reading = ReadText(schema);
  EXPECT_EQ(reading.property("a").format, "date");
  EXPECT_FALSE(reading.property("b").format);
  EXPECT_EQ(reading.told(), std::vector<std::string>{"unknown_format color"});
  const Reading annotated = ReadText(schema, {.format = FormatUse::kAnnotate});
  EXPECT_FALSE(annotated.property("a").format);
  EXPECT_TRUE(annotated.told().empty());
}

TEST(ReadSchema, ValuesOfTheWrongTypeAreRefused) {
  const std::pair<std::string_view, std::string_view> kWrong[] = {
      {"type", R"("strng")"},
      {"type", "[]"},
      {"type", R"(["null", 1])"},
      {"type", "{}"},
      {"enum", "{}"},
      {"minimum", R"("3")"},
      {"maximum", "null"},
      {"multipleOf", "0"},
      {"multipleOf", "-1"},
      {"multipleOf", "1e999"},
      {"maximum", "true"},
      {"enum", "[[1e999]]"},
      {"minLength", "-1"},
      {"maxLength", "1.5"},
      {"maxItems", R"("1")"},
      {"pattern", "1"},
      {"format", "{}"},
      {"items", "1"},
      {"items", "null"},
      {"prefixItems", "[]"},
      {"prefixItems", "{}"},
      {"contains", "[]"},
      {"uniqueItems", "1"},
      {"properties", "[]"},
      {"properties", R"({"a":1})"},
      {"required", R"("a")"},
      {"required", "[1]"},
      {"required", "true"},
      {"additionalProperties", "0"},
      {"dependentRequired", "[]"},
      {"dependentRequired", R"({"a":"b"})"},
      {"dependentSchemas", R"({"a":["b"]})"},
      {"dependencies", R"({"a":"b"})"},
      {"dependencies", R"({"a":[1]})"},
      {"allOf", "[]"},
      {"anyOf", "{}"},
      {"oneOf", "[1]"},
      {"not", "1"},
      {"if", "1"},
      {"propertyNames", "1"},
      {"unevaluatedItems", "1"},
      {"unevaluatedProperties", "[]"},
      {"minContains", "true"},
      {"definitions", "[]"},
      {"$anchor", "1"},
      {"$id", "1"},
      {"$dynamicRef", "1"},
      {"$anchor", R"("")"},
      {"$anchor", R"("@@")"},
      {"$anchor", R"("1a")"},
      {"patternProperties", "1"},
      {"minProperties", "[]"},
  };
  for (const auto& [keyword, value] : kWrong) {
    EXPECT_EQ(Refusal(fmt::format(R"({{"properties": {{"a": {{"{}": {}}}}}}})", keyword, value)),
              fmt::format("invalid_argument /properties/a {}", keyword))
        << value;
  }
  EXPECT_EQ(
      RefusalMessage(R"({"items": {"type": "strng"}})"),
      "the schema at \"/items\": type is \"strng\", must be null, boolean, object, array, number, string or integer");
  EXPECT_EQ(RefusalMessage(R"({"minLength": 1.5})"),
            "the schema: minLength is 1.5E0, must be a whole number, at least 0");
}

TEST(ReadSchema, CountsBeyondAllBoundsAreTheGreatest) {
  EXPECT_EQ(ReadText(R"({"maxLength": 1e30})").root().max_length, UINT64_MAX);
  EXPECT_EQ(ReadText(R"({"maxLength": 18446744073709551615})").root().max_length, UINT64_MAX);
}

std::string Nested(std::string_view before, std::string_view after, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += before;
  out += "true";
  for (size_t i = 0; i < times; ++i) out += after;
  return out;
}

TEST(ReadSchema, IsBounded) {
  EXPECT_EQ(Refusal(Nested(R"({"items":)", "}", 199)), "");
  EXPECT_EQ(Refusal(Nested(R"({"items":)", "}", 200)), "limit  ");
  EXPECT_EQ(Refusal(R"({"const":)" + Nested("[", "]", 199) + "}"), "limit  ");
  std::string many = R"({"anyOf": [true)";
  for (size_t i = 0; i < Reader::kMostNodes; ++i) many += ",{}";
  EXPECT_EQ(Refusal(many + "]}"), "limit  ");
  std::string wide = R"({"properties": {")" + std::string(1 << 20, 'x') + R"(": {"anyOf": [true)";
  for (size_t i = 0; i < 70; ++i) wide += ",{}";
  EXPECT_EQ(Refusal(wide + "]}}}"), "limit  ") << "pointers are as long as names";
}

// Resources that can be entered in exponentially many orders, each with an anchor of its own.
TEST(ReadSchema, DynamicScopesAreBounded) {
  std::string defs;
  for (int i = 0; i < 24; ++i) {
    std::string next;
    for (int to = 0; to < 24; ++to) next += fmt::format(R"({}{{"$ref": "r{}"}})", to ? "," : "", to);
    defs += fmt::format(R"({}"r{}": {{"$id": "r{}", "$dynamicAnchor": "a{}", "items": {{"anyOf": [{}]}}}})",
                        i ? "," : "", i, i, i, next);
  }
  EXPECT_EQ(Refusal(fmt::format(R"({{"$ref": "r0", "$defs": {{{}}}}})", defs)), "limit  ");
}

json::value Load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  json::parse_options parsing;
  parsing.max_depth = 1000;
  return json::parse(text.str(), {}, parsing);
}

// How often schemas of real use and of the conformance suite are refused, by keyword; no other exception leaves.
void ReadAll(const std::vector<std::filesystem::path>& files, size_t at_least) {
  std::map<std::string, size_t> refused;
  size_t read = 0, total = 0;
  for (const std::filesystem::path& file : files) {
    const json::value cases = Load(file);
    for (const json::value& one : cases.as_array()) {
      ++total;
      try {
        SchemaNotes notes;
        ReadSchema(one.at("schema"), {}, notes);
        ++read;
      } catch (const SchemaError& error) {
        ++refused[fmt::format("{} {}", Name(error.category()), error.fault().keyword)];
      }
    }
  }
  std::cout << read << " of " << total << " schemas are read";
  for (const auto& [keyword, count] : refused) std::cout << "; refused by " << keyword << ": " << count;
  std::cout << "\n";
  EXPECT_GE(read, at_least);
}

TEST(ReadSchema, ReadsSchemasOfRealUse) {
  const auto file = testing::SharedPath("conformance/schemas/maskbench500.json");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  ReadAll({file}, 499);  // one refers to what it does not hold
}

TEST(ReadSchema, ReadsTheConformanceSuite) {
  const auto folder = testing::SharedPath("conformance/schemas/suite-draft2020-12");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  ReadAll(files, 400);
}

}  // namespace
}  // namespace sheepop::schema
