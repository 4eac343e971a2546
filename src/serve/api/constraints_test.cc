#include "serve/api/constraints.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

std::vector<std::string> Read(std::string_view text) {
  const boost::json::object body = testing::Json(text);
  Fields fields(body);
  std::vector<std::string> unused;
  ReadConstraints(fields, unused);
  fields.Finish(UnknownFields::kRefuse, unused);
  return unused;
}

TEST(Constraints, AreRefusedByName) {
  struct Row {
    std::string_view text;
    unsigned status;
    std::string_view param;
  };
  const Row rows[] = {
      {R"({"tools": [{"type": "function", "function": {"name": "f"}}]})", 501, "tools"},
      {R"({"tools": [{"name": "f", "input_schema": {}}]})", 501, "tools"},
      {R"({"tools": [{"type": "custom"}], "tool_choice": "auto"})", 501, "tools"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": "required"})", 501, "tool_choice"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": {"type": "function", "function": {"name": "f"}}})", 501,
       "tool_choice"},
      {R"({"tool_choice": "auto"})", 400, "tool_choice"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": {}})", 400, "tool_choice"},
      {R"({"tools": {}})", 400, "tools"},
      {R"({"tools": [1]})", 400, "tools[0]"},
      {R"({"functions": [{"name": "f"}]})", 501, "functions"},
      {R"({"response_format": {"type": "json_object"}})", 501, "response_format"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {}}})", 501, "response_format"},
      {R"({"response_format": {"type": "xml"}})", 400, "response_format.type"},
      {R"({"response_format": {}})", 400, "response_format.type"},
      {R"({"structured_outputs": {"regex": "a"}})", 501, "structured_outputs"},
      {R"({"grammar": "root ::= 'a'"})", 501, "grammar"},
      {R"({"json_schema": {}})", 501, "json_schema"},
      {R"({"guided_json": {}})", 501, "guided_json"},
      {R"({"guided_regex": "a"})", 501, "guided_regex"},
      {R"({"guided_choice": ["a"]})", 501, "guided_choice"},
      {R"({"guided_grammar": "a"})", 501, "guided_grammar"},
      {R"({"lora": [{"id": 0, "scale": 1}]})", 501, "lora"},
      {R"({"modalities": ["text", "audio"]})", 501, "modalities"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = testing::ProblemFrom([&] { Read(row.text); });
    EXPECT_EQ(problem.status, row.status) << row.text;
    EXPECT_EQ(problem.param, row.param) << row.text << ": " << problem.message;
  }
}

TEST(Constraints, ThoseThatAskForNothingAreAccepted) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(Read(R"({"response_format": {"type": "text"}, "modalities": ["text"], "tools": null})"), Names{});
  EXPECT_EQ(Read(R"({"tools": [], "tool_choice": "none"})"), Names{});
  EXPECT_EQ(Read(R"({"tools": [{"type": "function"}], "tool_choice": "none", "parallel_tool_calls": true})"),
            (Names{"tools[0]", "parallel_tool_calls"}));
  EXPECT_EQ(Read(R"({"tools": [{"type": "web_search"}, {"type": "namespace"}], "tool_choice": "auto"})"),
            (Names{"tools[0]", "tools[1]"}));
  EXPECT_EQ(Read(R"({"tools": [{"name": "f"}], "tool_choice": {"type": "none"}})"), Names{"tools[0]"});
}

}  // namespace
}  // namespace sheepop
