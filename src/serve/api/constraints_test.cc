#include "serve/api/constraints.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "serve/api/sampling_fields.h"
#include "serve/api/test_support.h"

namespace sheepop {
namespace {

Ask Read(std::string_view text) {
  const boost::json::object body = testing::Json(text);
  Fields fields(body);
  Ask ask;
  ask.model = testing::OneModel().Find("tiny");
  ReadSampling(fields, ask);
  ReadConstraints(fields, UnknownFields::kRefuse, ask);
  fields.Finish(UnknownFields::kRefuse, ask.unused);
  CheckShape(ask);
  return ask;
}

TEST(Constraints, EachFieldAsksForAShape) {
  struct Row {
    std::string_view text, kind, field, json_schema, regex = {}, grammar = {};
    std::vector<std::string> choices = {};
  };
  const Row rows[] = {
      {R"({"response_format": {"type": "json_object"}})", "json_object", "response_format", R"({"type":"object"})"},
      {R"({"response_format": {"type": "json_object", "schema": {"type": "array"}}})", "json_schema", "response_format",
       R"({"type":"array"})"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"const": 1}}}})",
       "json_schema", "response_format", R"({"const":1})"},
      {R"({"response_format": {"type": "json_schema", "schema": {"const": 1}}})", "json_schema", "response_format",
       R"({"const":1})"},
      {R"({"json_schema": {"const": 1}})", "json_schema", "json_schema", R"({"const":1})"},
      {R"({"json_schema": "{\"const\": 1}"})", "json_schema", "json_schema", R"({"const": 1})"},
      {R"({"json_schema": true})", "json_schema", "json_schema", "true"},
      {R"({"guided_json": {"const": 1}})", "json_schema", "guided_json", R"({"const":1})"},
      {R"({"structured_outputs": {"json": {"const": 1}}})", "json_schema", "structured_outputs.json", R"({"const":1})"},
      {R"({"structured_outputs": {"json_object": true}})", "json_object", "structured_outputs.json_object",
       R"({"type":"object"})"},
      {R"({"regex": "a+"})", "regex", "regex", "", "a+"},
      {R"({"guided_regex": "a+"})", "regex", "guided_regex", "", "a+"},
      {R"({"structured_outputs": {"regex": "a+"}})", "regex", "structured_outputs.regex", "", "a+"},
      {R"({"grammar": "root ::= \"a\""})", "grammar", "grammar", "", "", R"(root ::= "a")"},
      {R"({"guided_grammar": "root ::= \"a\""})", "grammar", "guided_grammar", "", "", R"(root ::= "a")"},
      {R"({"structured_outputs": {"grammar": "start: \"a\""}})", "grammar", "structured_outputs.grammar", "", "",
       R"(start: "a")"},
      {R"({"choice": ["a", "b"]})", "choice", "choice", "", "", "", {"a", "b"}},
      {R"({"guided_choice": ["a"]})", "choice", "guided_choice", "", "", "", {"a"}},
      {R"({"structured_outputs": {"choice": ["a"]}})", "choice", "structured_outputs.choice", "", "", "", {"a"}},
  };
  for (const Row& row : rows) {
    const Ask ask = Read(row.text);
    const ConstraintOptions& constraint = ask.options.sampling.constraint;
    ASSERT_TRUE(ask.shape) << row.text;
    EXPECT_EQ(ask.shape->kind, row.kind) << row.text;
    EXPECT_EQ(ask.shape->field, row.field) << row.text;
    EXPECT_EQ(constraint.json_schema, row.json_schema) << row.text;
    EXPECT_EQ(constraint.regex, row.regex) << row.text;
    EXPECT_EQ(constraint.grammar, row.grammar) << row.text;
    EXPECT_EQ(constraint.choices, row.choices) << row.text;
  }
}

TEST(Constraints, WhatCannotBeKeptIsRefusedByName) {
  struct Row {
    std::string_view text;
    unsigned status;
    std::string_view param;
    std::vector<std::string> words = {};
  };
  const Row rows[] = {
      {R"({"response_format": {"type": "xml"}})", 400, "response_format.type"},
      {R"({"response_format": {}})", 400, "response_format.type"},
      {R"({"response_format": {"type": "json_schema"}})", 400, "response_format.schema"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {}}})", 400, "response_format.json_schema.schema"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {"schema": 1}}})", 400,
       "response_format.json_schema.schema"},
      {R"({"response_format": {"type": "json_object"}, "regex": "a"})", 400, "response_format", {"regex"}},
      {R"({"json_schema": {}, "guided_json": {}})", 400, "guided_json", {"json_schema"}},
      {R"({"regex": "a", "choice": ["a"]})", 400, "choice", {"regex"}},
      {R"({"structured_outputs": {"regex": "a", "choice": ["a"]}})", 400, "structured_outputs.choice", {"regex"}},
      {R"({"structured_outputs": {"regx": "a"}})", 400, "structured_outputs.regx"},
      {R"({"structured_outputs": {"structural_tag": "a"}})", 501, "structured_outputs.structural_tag"},
      {R"({"guided_choice": []})", 400, "guided_choice"},
      {R"({"guided_json": 1})", 400, "guided_json"},
      {R"({"guided_whitespace_pattern": "x"})", 501, "guided_whitespace_pattern"},
      {R"({"regex": "("})", 400, "regex"},
      {R"({"grammar": "root ::= nobody"})", 400, "grammar", {"nobody"}},
      {R"({"json_schema": "{"})", 400, "json_schema"},
      {R"({"json_schema": {"properties": {"a": {"type": "strin"}}}})", 400, "json_schema", {"/properties/a", "type"}},
      {R"({"json_schema": {"properties": {"a": {"$dynamicRef": "http://else/where"}}}})",
       400,
       "json_schema",
       {"/properties/a", "$dynamicRef"}},
      {R"({"thinking_budget": 5})", 400, "thinking_budget"},
      {R"({"lora": [{"id": 0, "scale": 1}]})", 501, "lora"},
      {R"({"modalities": ["text", "audio"]})", 501, "modalities"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = testing::ProblemFrom([&] { Read(row.text); });
    EXPECT_EQ(problem.status, row.status) << row.text << ": " << problem.message;
    EXPECT_EQ(problem.param, row.param) << row.text << ": " << problem.message;
    for (const std::string& word : row.words) {
      EXPECT_NE(problem.message.find(word), std::string::npos) << row.text << ": " << problem.message;
    }
  }
}

TEST(Constraints, LenientlyWhatIsNotKeptIsListed) {
  constexpr std::string_view kSchema = R"({"unevaluatedProperties": false, "patternProperties": {"(a)\\1": {}}})";
  const std::string strict = fmt::format(R"({{"json_schema": {}}})", kSchema);
  const ApiProblem problem = testing::ProblemFrom([&] { Read(strict); });
  EXPECT_EQ(problem.status, 400u);
  EXPECT_NE(problem.message.find(R"("lenient": true)"), std::string::npos) << problem.message;
  const Ask ask = Read(fmt::format(R"({{"json_schema": {}, "lenient": true}})", kSchema));
  EXPECT_FALSE(ask.shape->not_enforced.empty());
}

TEST(Constraints, WhiteSpaceHasNames) {
  const auto whitespace = [](std::string_view text) {
    return Read(text).options.sampling.constraint.schema.whitespace;
  };
  EXPECT_EQ(whitespace(R"({"guided_json": {}, "guided_whitespace_pattern": ""})"), schema::Whitespace::kCompact);
  EXPECT_EQ(whitespace(R"({"guided_json": {}, "guided_whitespace_pattern": "[ ]?"})"), schema::Whitespace::kSpaced);
  EXPECT_EQ(whitespace(R"({"structured_outputs": {"json": {}, "disable_any_whitespace": true}})"),
            schema::Whitespace::kCompact);
  EXPECT_EQ(whitespace(R"({"json_schema": {}, "whitespace": "any"})"), schema::Whitespace::kAny);
}

TEST(Constraints, ThoseThatAskForNothingAreAccepted) {
  const Ask ask = Read(R"({"response_format": {"type": "text"}, "modalities": ["text"], "guided_json": null})");
  EXPECT_FALSE(ask.shape);
  EXPECT_TRUE(ask.unused.empty());
}

}  // namespace
}  // namespace sheepop
