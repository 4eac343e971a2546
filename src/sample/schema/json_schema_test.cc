// Schemas of one or two keywords each, and the texts that their grammars have and lack.
#include "sample/schema/json_schema.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "sample/grammar/automaton.h"

namespace sheepop::schema {
namespace {

SchemaOptions Anything() {
  SchemaOptions options;
  options.any_order = true;
  options.whitespace = Whitespace::kAny;
  options.digits = 0;
  return options;
}

std::unique_ptr<grammar::Automaton> Compile(std::string_view schema, const SchemaOptions& options,
                                            SchemaNotes* notes = nullptr) {
  SchemaNotes own;
  auto grammar = std::make_unique<grammar::Grammar>();
  const grammar::Symbol start =
      AddJsonSchema(boost::json::parse(schema), options, *grammar, notes != nullptr ? *notes : own);
  return std::make_unique<grammar::Automaton>(std::move(grammar), start);
}

// The bytes that fit; SIZE_MAX where the whole text is a word.
size_t Fits(grammar::Automaton& automaton, std::string_view text) {
  grammar::Automaton::State state = automaton.Start();
  for (size_t i = 0; i < text.size(); ++i) {
    state = automaton.Next(state, static_cast<uint8_t>(text[i]));
    if (state == grammar::Automaton::kDead) return i;
  }
  return automaton.Accepts(state) ? SIZE_MAX : text.size();
}

struct Case {
  std::string_view schema;
  std::vector<std::string_view> accepted, rejected;
};

void Check(const std::vector<Case>& cases, const SchemaOptions& options = Anything()) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    const auto automaton = Compile(one.schema, options);
    for (const std::string_view text : one.accepted) EXPECT_EQ(Fits(*automaton, text), SIZE_MAX) << text;
    for (const std::string_view text : one.rejected) EXPECT_NE(Fits(*automaton, text), SIZE_MAX) << text;
  }
}

TEST(JsonSchema, Types) {
  Check({
      {"true",
       {"null", "true", "-1.5e3", R"("a\u00e9")", R"([1,[],{}])", R"({"a":{"b":[]}})", " [ ] "},
       {"", "nul", "01", "[1,]", "{a:1}"}},
      {R"({"type":"null"})", {"null"}, {"0", "false", "\"null\""}},
      {R"({"type":"boolean"})", {"true", "false"}, {"null", "0"}},
      {R"({"type":"integer"})", {"1", "1.0", "1e2", "-0"}, {"1.5", "1e-1", "\"1\""}},
      {R"({"type":["integer","null"]})", {"1", "null"}, {"1.5", "{}"}},
      {R"({"type":"object"})", {"{}", R"({"a":1})"}, {"[]"}},
  });
}

TEST(JsonSchema, Values) {
  Check({
      {R"({"enum":[1,"a",null,[1,2],{"a":1,"b":[]}]})",
       {"1", "1.0", "10e-1", "\"a\"", "\"\\u0061\"", "null", "[1, 2]", R"({"b":[],"a":1.0})"},
       {"2", "\"b\"", "[2,1]", "[1]", R"({"a":1})", R"({"a":1,"b":[],"c":1})"}},
      {R"({"const":{"a":[true]}})", {R"({"a":[true]})"}, {R"({"a":[1]})", "{}"}},
      {R"({"enum":["a","bb","ccc"],"maxLength":2})", {"\"a\"", "\"bb\""}, {"\"ccc\""}},
      {R"({"enum":[1,2,3,"a"],"minimum":2})", {"2", "3", "\"a\""}, {"1"}},
      {R"({"enum":[{"a":1},{"a":2}],"properties":{"a":{"minimum":2}}})", {R"({"a":2})"}, {R"({"a":1})"}},
      {R"({"not":{"enum":[1,"a",[1],{"a":1}]}})",
       {"2", "\"b\"", "[]", "[2]", "[1,1]", "{}", R"({"a":2})", R"({"a":1,"b":1})", "null"},
       {"1", "1.0", "\"a\"", "[1]", R"({"a":1})"}},
  });
}

TEST(JsonSchema, NumbersAndStrings) {
  Check({
      {R"({"minimum":1,"exclusiveMaximum":2})", {"1", "1.99", "\"a\""}, {"0.99", "2", "2.0"}},
      {R"({"type":"integer","not":{"multipleOf":2}})", {"1", "3"}, {"0", "2", "1.5"}},
      {R"({"multipleOf":0.01})", {"0.01", "19.99", "1e1"}, {"0.001"}},
      {R"({"minLength":1,"maxLength":2})", {"\"a\"", "\"\\n\\n\"", "\"\\ud83d\\ude00é\"", "1"}, {"\"\"", "\"abc\""}},
      {R"({"pattern":"b"})", {"\"b\"", "\"abc\"", "{}"}, {"\"a\""}},
      {R"({"pattern":"^a+$","maxLength":2})", {"\"a\"", "\"aa\""}, {"\"aaa\"", "\"\"", "\"b\""}},
      {R"({"type":"string","not":{"pattern":"^a"}})", {"\"\"", "\"b\""}, {"\"a\"", "1"}},
      {R"({"allOf":[{"pattern":"a"},{"pattern":"b"}]})", {"\"ab\"", "\"ba\""}, {"\"a\"", "\"b\""}},
      {R"({"allOf":[{"minimum":1},{"maximum":3}],"type":"integer"})", {"1", "3"}, {"0", "4"}},
  });
}

TEST(JsonSchema, Members) {
  Check({
      {R"({"properties":{"a":{"type":"integer"}}})",
       {"{}", R"({"a":1})", R"({"b":"x","a":1})", R"({"\u0061":1})"},
       {R"({"a":"x"})", R"({"\u0061":"x"})", R"({"b":1,"a":null})"}},
      {R"({"properties":{"a":true},"required":["b"],"type":"object"})",
       {R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"a":1})", R"({"b":1,"b":2})"}},
      {R"({"properties":{"a":true},"additionalProperties":false})", {"{}", R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":{"type":"null"}})", {R"({"a":1,"b":null})"}, {R"({"b":1})"}},
      {R"({"patternProperties":{"^a":{"type":"integer"},"b$":{"minimum":3}},"additionalProperties":false})",
       {R"({"a":1,"b":3,"ab":3})", R"({"xb":"s"})"},
       {R"({"ab":1})", R"({"ab":"s"})", R"({"c":1})"}},
      {R"({"propertyNames":{"maxLength":1}})", {R"({"a":1})", "1"}, {R"({"ab":1})"}},
      {R"({"propertyNames":{"enum":["a","b"]},"minProperties":2})",
       {R"({"b":1,"a":2})"},
       {R"({"a":1})", R"({"a":1,"c":1})"}},
      {R"({"minProperties":2,"type":"object"})",
       {R"({"a":1,"b":1})", R"({"a":1,"b":1,"b":1})"},
       {"{}", R"({"a":1})", R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})"}},
      {R"({"maxProperties":1})", {"{}", R"({"a":1})"}, {R"({"a":1,"b":1})"}},
      {R"({"dependentRequired":{"a":["b"]}})",
       {"{}", R"({"b":1})", R"({"a":1,"b":1})", R"({"b":1,"a":1})"},
       {R"({"a":1})"}},
      {R"({"dependentSchemas":{"a":{"properties":{"b":{"type":"null"}}}}})",
       {R"({"b":1})", R"({"a":1})", R"({"a":1,"b":null})"},
       {R"({"a":1,"b":1})"}},
      {R"({"not":{"required":["a"]},"type":"object"})", {"{}", R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"not":{"properties":{"a":{"type":"integer"}}}})", {R"({"a":"x"})"}, {"{}", R"({"a":1})", "1"}},
      {R"({"not":{"additionalProperties":{"type":"integer"}}})",
       {R"({"a":"x"})", R"({"a":1,"b":"x"})"},
       {"{}", R"({"a":1})"}},
      {R"({"not":{"propertyNames":{"maxLength":1}}})", {R"({"ab":1})", R"({"a":1,"ab":1})"}, {"{}", R"({"a":1})"}},
      {R"({"allOf":[{"properties":{"a":{"minimum":1}}},{"properties":{"a":{"maximum":2}}}]})",
       {R"({"a":1})", R"({"a":2})"},
       {R"({"a":0})", R"({"a":3})"}},
  });
}

TEST(JsonSchema, Items) {
  Check({
      {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "1"}, {"[\"a\"]", "[1,\"a\"]"}},
      {R"({"prefixItems":[{"type":"integer"}],"items":false})", {"[]", "[1]"}, {"[\"a\"]", "[1,1]"}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,1]"}, {"[]", "[1,1,1]"}},
      {R"({"contains":{"type":"integer"}})", {"[1]", "[\"a\",1,\"b\"]"}, {"[]", "[\"a\"]"}},
      {R"({"contains":{"type":"integer"},"minContains":2,"maxContains":2})",
       {"[1,2]", "[1,\"a\",2]"},
       {"[1]", "[1,2,3]"}},
      {R"({"contains":{"type":"integer"},"minContains":0})", {"[]", "[\"a\"]"}, {"["}},
      {R"({"uniqueItems":true,"items":{"type":"string"}})",
       {"[]", R"(["a","b"])"},
       {R"(["a","a"])", R"(["a","\u0061"])"}},
      {R"({"uniqueItems":true,"items":{"type":"number"}})", {"[1,2,1.5]"}, {"[1,1.0]", "[10,1e1]"}},
      {R"({"uniqueItems":true,"items":{"enum":["a","b",{"c":1}]},"minItems":3})",
       {R"(["b",{"c":1},"a"])"},
       {R"(["a","b"])", R"(["a","b","a"])", R"([{"c":1},{"c":1.0},"a"])"}},
      {R"({"uniqueItems":true,"items":{"type":"boolean"},"minItems":2})",
       {"[true,false]"},
       {"[true,true]", "[true,false,true]"}},
      {R"({"uniqueItems":true,"prefixItems":[{"type":"string"}],"items":{"enum":["a","b"]},"minItems":3})",
       {R"(["c","b","a"])"},
       {R"(["a","b"])", R"(["c","a"])"}},
      {R"({"not":{"items":{"type":"integer"}}})", {"[\"a\"]", "[1,\"a\"]"}, {"[]", "[1]", "1"}},
      {R"({"not":{"contains":{"type":"integer"}},"type":"array"})", {"[]", "[\"a\"]"}, {"[1]", "[\"a\",1]"}},
  });
}

TEST(JsonSchema, Alternatives) {
  Check({
      {R"({"anyOf":[{"type":"integer"},{"minLength":2}]})", {"1", "\"ab\"", "null"}, {"\"a\""}},
      {R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", {"1", "2.5", "\"a\""}, {"2", "1.5"}},
      {R"({"oneOf":[{"required":["a"]},{"required":["b"]}],"type":"object"})",
       {R"({"a":1})", R"({"b":1,"c":1})"},
       {"{}", R"({"a":1,"b":1})"}},
      {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}],"type":"integer"})", {"2", "3", "9"}, {"6", "1", "0"}},
      {R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]},"type":"object"})",
       {R"({"a":1,"b":1})", R"({"b":1,"a":1})", R"({"a":2,"c":1})", R"({"c":1})"},
       {R"({"a":1})", R"({"a":1,"c":1})", R"({"b":1})"}},
      {R"({"not":{"not":{"type":"string"}}})", {"\"a\""}, {"1"}},
      {R"({"type":["string","array"],"not":{"type":"string"}})", {"[]"}, {"\"a\""}},
      {R"({"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}},"$ref":"#/$defs/n"})",
       {"{}", R"({"next":{"next":{}}})"},
       {R"({"next":1})", R"({"next":{"x":1}})"}},
  });
}

TEST(JsonSchema, Unevaluated) {
  Check({
      {R"({"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false})", {"{}", R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"anyOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":true},"required":["b"]}],
           "unevaluatedProperties":false})",
       {R"({"a":1})", R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"a":"x","b":1})"}},
      {R"({"if":{"required":["a"],"properties":{"a":true}},"else":{"properties":{"b":true}},"unevaluatedProperties":false})",
       {R"({"a":1})", R"({"b":1})", "{}"},
       {R"({"a":1,"b":1})", R"({"c":1})"}},
      {R"({"prefixItems":[true],"unevaluatedItems":{"type":"integer"}})", {"[\"a\",1]"}, {"[1,\"a\"]"}},
      {R"({"contains":{"type":"string"},"unevaluatedItems":false})", {"[\"a\"]", "[\"a\",\"b\"]"}, {"[\"a\",1]", "[]"}},
      {R"({"not":{"properties":{"a":true},"unevaluatedProperties":false}})",
       {R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"a":1})", "1"}},
  });
}

TEST(JsonSchema, TextsInTheOrderOfTheSchema) {
  SchemaOptions options;
  Check(
      {{R"({"properties":{"a":{"type":"integer"},"b":{"items":{"type":"integer"}}},"required":["b"],"type":"object"})",
        {R"({"a":1,"b":[1,2]})", R"({"a": 1, "b": [1, 2]})", R"({"b":[],"c":1})",
         "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}", "{\n  \"b\": []\n}", "{\n  \"b\": [1, 2]\n}"},
        {R"({"b":[],"a":1})", R"({ "b":[]})", R"({"b":[]} )", R"({"b":  []})", "{\"b\": [\n  1\n]}", "{\n\"b\": []}"}}},
      options);
  options.whitespace = Whitespace::kCompact;
  Check({{R"({"required":["a"]})", {R"({"a":[1,{}]})"}, {R"({"a": 1})", R"({"a":[1, 2]})"}}}, options);
  options.whitespace = Whitespace::kSpaced;
  Check({{R"({"required":["a"]})", {R"({"a": [1, {}]})"}, {R"({"a":1})", R"({"a": [1,2]})"}}}, options);
}

TEST(JsonSchema, DeadAtTheFirstByteThatCannotBe) {
  const auto automaton =
      Compile(R"({"properties":{"a":{"maxLength":2,"type":"string"}},"required":["a"],"type":"object"})", {});
  EXPECT_EQ(Fits(*automaton, R"({"a":"abc"})"), 8u);
  EXPECT_EQ(Fits(*automaton, R"({"b":)"), 2u);
  EXPECT_EQ(Fits(*automaton, "{}"), 1u);
  const auto closed =
      Compile(R"({"properties":{"a":{"const":1},"b":{"const":2}},"maxProperties":1,"additionalProperties":false})", {});
  EXPECT_EQ(Fits(*closed, R"({"a":1,)"), 6u);
}

SchemaFault FaultOf(std::string_view schema, ErrorCategory category) {
  try {
    Compile(schema, Anything());
  } catch (const SchemaError& error) {
    EXPECT_EQ(error.category(), category) << error.what();
    return error.fault();
  }
  ADD_FAILURE() << schema << " is not refused";
  return {};
}

TEST(JsonSchema, WhatAllowsNothingIsRefused) {
  for (
      const std::string_view schema :
      {"false", R"({"type":"integer","enum":["a"]})", R"({"minimum":2,"maximum":1,"type":"number"})",
       R"({"$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"})",
       R"({"type":"array","items":{"enum":[1,2]},"uniqueItems":true,"minItems":3})",
       R"({"type":"object","propertyNames":{"enum":["a","b"]},"minProperties":3})",
       R"({"type":"string","allOf":[{"pattern":"^a$"},{"pattern":"^b$"}]})"}) {
    FaultOf(schema, ErrorCategory::kInvalidArgument);
  }
}

TEST(JsonSchema, WhatAllowsNothingNamesThePlaceAndTheKeywords) {
  const auto fault = [](std::string_view schema) { return FaultOf(schema, ErrorCategory::kInvalidArgument); };
  const std::string begin = "no text meets the schema: ", end = "; lower the one or raise the other";
  EXPECT_EQ(fault(R"({"type": "string", "minLength": 5, "maxLength": 2})").message,
            begin + "minLength is 5 and maxLength 2" + end);
  const SchemaFault inside = fault(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "array",
                                       "minItems": 1, "items": {"type": "integer", "minimum": 5, "maximum": 3}}}})");
  EXPECT_EQ(inside.pointer, "/properties/a/items");
  EXPECT_EQ(inside.message, begin + "minimum is 5 and maximum 3" + end);
  const SchemaFault endless = fault(R"({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})");
  EXPECT_NE(endless.message.find("without end"), std::string::npos);
}

TEST(JsonSchema, WhatCannotBeEnforcedIsRefusedByNameOrNoted) {
  const std::string_view schema = R"({"properties":{"a":{"not":{"uniqueItems":true}}}})";
  const SchemaFault fault = FaultOf(schema, ErrorCategory::kUnsupported);
  EXPECT_EQ(fault.pointer, "/properties/a/not");
  EXPECT_EQ(fault.keyword, "uniqueItems");
  SchemaOptions options = Anything();
  options.lenient = true;
  SchemaNotes notes;
  const auto automaton = Compile(schema, options, &notes);
  ASSERT_EQ(notes.not_enforced.size(), 1u);
  EXPECT_EQ(notes.not_enforced[0].pointer, "/properties/a/not");
  EXPECT_EQ(Fits(*automaton, R"({"a":[1,2]})"), SIZE_MAX);
  EXPECT_NE(Fits(*automaton, R"({"a":1})"), SIZE_MAX);
}

TEST(JsonSchema, ExponentialSchemasEndWithTheBoundTheyMeet) {
  std::string schema = R"({"allOf":[)";
  for (int i = 0; i < 30; ++i) {
    schema +=
        R"({"anyOf":[{"required":["a)" + std::to_string(i) + R"("]},{"required":["b)" + std::to_string(i) + R"("]}]},)";
  }
  schema.back() = ']';
  FaultOf(schema + "}", ErrorCategory::kLimit);
}

TEST(JsonSchema, ReferencesThatFanOutAreWorkedOutOnce) {
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 60; ++i) {
    const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
    schema += R"("d)" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
  }
  const auto automaton = Compile(schema + R"("d60":{"type":"null"}}})", Anything());
  EXPECT_EQ(Fits(*automaton, "null"), SIZE_MAX);
  EXPECT_NE(Fits(*automaton, "1"), SIZE_MAX);
}

TEST(JsonSchema, EnumsOfManyNumbersMeetTheirBound) {
  std::string schema = R"({"enum":[)";
  for (int i = 0; i <= 20'000; ++i) schema += std::to_string(i) + ",";
  schema.back() = ']';
  const SchemaFault fault = FaultOf(schema + "}", ErrorCategory::kLimit);
  EXPECT_EQ(fault.keyword, "enum");
  EXPECT_NE(fault.message.find("20000"), std::string::npos) << fault.message;
}

TEST(JsonSchema, TwoEnumsKeepTheNumbersOfBoth) {
  const auto automaton = Compile(R"({"allOf":[{"enum":[3,1.5,2]},{"enum":[2.0,4,1.5]}]})", Anything());
  for (const std::string_view text : {"1.5", "2", "2.0"}) EXPECT_EQ(Fits(*automaton, text), SIZE_MAX) << text;
  for (const std::string_view text : {"3", "4"}) EXPECT_NE(Fits(*automaton, text), SIZE_MAX) << text;
}

TEST(JsonSchema, ManyAlternativesToldApartByAMemberAreCheap) {
  std::string schema = R"({"oneOf":[)";
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    schema += R"({"type":"object","properties":{"kind":{"const":"k)" + n + R"("},"v":{"const":)" + n +
              R"(}},"required":["kind","v"]},)";
  }
  schema.back() = ']';
  const auto automaton = Compile(schema + "}", Anything());
  EXPECT_EQ(Fits(*automaton, R"({"v":7,"kind":"k7"})"), SIZE_MAX);
  EXPECT_EQ(Fits(*automaton, R"({"v":7,"kind":"k8"})"), 16u);
}

TEST(JsonSchema, ManyAlternativesToldApartByAMemberThatMayBeAbsentAreCheap) {
  std::string schema = R"({"oneOf":[)";
  for (int i = 0; i < 12; ++i) {
    schema += R"({"type":"object","properties":{"kind":{"type":"string","enum":["k)" + std::to_string(i) +
              R"("]},"v":{"type":"number"}},"additionalProperties":false},)";
  }
  schema.back() = ']';
  const auto automaton = Compile(schema + "}", Anything());
  EXPECT_EQ(Fits(*automaton, R"({"v":7,"kind":"k7"})"), SIZE_MAX);
  EXPECT_EQ(Fits(*automaton, R"({"kind":"k11"})"), SIZE_MAX);
  EXPECT_NE(Fits(*automaton, R"({"v":7})"), SIZE_MAX);  // is each of them
  EXPECT_NE(Fits(*automaton, R"({"kind":"k12"})"), SIZE_MAX);
}

TEST(JsonSchema, LongChainsOfConditionsOnAMemberAreCheap) {
  std::string schema = R"({"allOf":[)";
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i);
    schema += R"({"if":{"properties":{"kind":{"const":"k)" + n + R"("}}},"then":{"properties":{"v)" + n +
              R"(":{"type":"number"}}}},)";
  }
  schema.back() = ']';
  const auto automaton = Compile(schema + "}", Anything());
  EXPECT_EQ(Fits(*automaton, R"({"kind":"k7","v7":1,"v8":"a"})"), SIZE_MAX);
  EXPECT_NE(Fits(*automaton, R"({"kind":"k7","v7":"a"})"), SIZE_MAX);
  EXPECT_EQ(Fits(*automaton, R"({"kind":"k77","v7":"a"})"), SIZE_MAX);
  EXPECT_NE(Fits(*automaton, R"({"v7":"a"})"), SIZE_MAX);  // without the member every condition holds
}

TEST(JsonSchema, RulesAreNamedByWhereTheyStand) {
  const auto automaton = Compile(R"({"properties":{"age":{"type":"integer"}},"required":["age"],"type":"object"})", {});
  grammar::Automaton::State state = automaton->Start();
  for (const char byte : std::string_view(R"({"age":)")) state = automaton->Next(state, static_cast<uint8_t>(byte));
  const std::vector<std::string> names = automaton->Following(state);
  ASSERT_FALSE(names.empty());
  EXPECT_NE(std::ranges::find(names, "/properties/age: integer"), names.end());
}

}  // namespace
}  // namespace sheepop::schema
