#include "serve/api/tools.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

using Use = ChatFormat::Use;
using Names = std::vector<std::string>;

struct Outcome {
  ToolsAsk ask;
  Names unused;
};

Outcome ToolsOf(std::string_view text, ToolsApi api = ToolsApi::kChat) {
  const boost::json::object body = testing::Json(text);
  Fields fields(body);
  Outcome outcome;
  outcome.ask = ReadTools(fields, api, UnknownFields::kRefuse, outcome.unused);
  fields.Finish(UnknownFields::kRefuse, outcome.unused);
  return outcome;
}

Names NamesOf(const boost::json::array& tools) {
  Names names;
  for (const boost::json::value& tool : tools) names.emplace_back(tool.at("function").at("name").as_string());
  return names;
}

TEST(Tools, OfEachApiHaveOneForm) {
  const std::string form =
      R"([{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}])";
  const auto shown = [](std::string_view text, ToolsApi api) {
    return boost::json::serialize(ToolsOf(text, api).ask.shown);
  };
  EXPECT_EQ(shown(R"({"tools": [{"type": "function", "function":
                  {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}]})",
                  ToolsApi::kChat),
            form);
  EXPECT_EQ(
      shown(R"({"functions": [{"name": "f", "description": "d", "parameters": {"type": "object"}}]})", ToolsApi::kChat),
      form);
  EXPECT_EQ(shown(R"({"tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"},
                  "strict": false}]})",
                  ToolsApi::kResponses),
            form);
  EXPECT_EQ(shown(R"({"tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}]})",
                  ToolsApi::kMessages),
            form);
  EXPECT_EQ(
      shown(R"({"tools": [{"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object"}}]})",
            ToolsApi::kMessages),
      form);
}

TEST(Tools, ChoiceSaysWhatMayBeCalled) {
  constexpr std::string_view kTools =
      R"("tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}])";
  struct Row {
    std::string_view more;
    Use use;
    std::string_view name;
    bool parallel;
    Names callable;
  };
  const Row rows[] = {
      {"", Use::kAuto, "", true, {"f", "g"}},
      {R"(, "tool_choice": "auto")", Use::kAuto, "", true, {"f", "g"}},
      {R"(, "tool_choice": "required", "parallel_tool_calls": false)", Use::kRequired, "", false, {"f", "g"}},
      {R"(, "tool_choice": {"type": "function", "function": {"name": "g"}})", Use::kNamed, "g", true, {"f", "g"}},
      {R"(, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools":
         [{"type": "function", "function": {"name": "g"}}]}})",
       Use::kAuto,
       "",
       true,
       {"g"}},
      {R"(, "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]})",
       Use::kRequired,
       "",
       true,
       {"g"}},
      {R"(, "tool_choice": "none")", Use::kNone, "", true, {}},
  };
  for (const Row& row : rows) {
    const Outcome outcome = ToolsOf(fmt::format("{{{}{}}}", kTools, row.more));
    EXPECT_EQ(outcome.ask.choice.use, row.use) << row.more;
    EXPECT_EQ(outcome.ask.choice.name, row.name) << row.more;
    EXPECT_EQ(outcome.ask.choice.parallel, row.parallel) << row.more;
    EXPECT_EQ(NamesOf(outcome.ask.callable), row.callable) << row.more;
    EXPECT_EQ(outcome.ask.shown.empty(), row.use == Use::kNone) << row.more;
    EXPECT_EQ(outcome.unused, row.use == Use::kNone ? Names({"tools[0]", "tools[1]"}) : Names{}) << row.more;
  }
}

TEST(Tools, ChoiceOfMessages) {
  constexpr std::string_view kTools = R"("tools": [{"name": "f", "input_schema": {"type": "object"}}])";
  const auto choice = [&](std::string_view text) {
    return ToolsOf(fmt::format(R"({{{}, "tool_choice": {}}})", kTools, text), ToolsApi::kMessages).ask.choice;
  };
  EXPECT_EQ(choice(R"({"type": "auto"})").use, Use::kAuto);
  EXPECT_EQ(choice(R"({"type": "any", "disable_parallel_tool_use": true})").use, Use::kRequired);
  EXPECT_FALSE(choice(R"({"type": "any", "disable_parallel_tool_use": true})").parallel);
  EXPECT_EQ(choice(R"({"type": "tool", "name": "f"})").name, "f");
  EXPECT_EQ(choice(R"({"type": "none"})").use, Use::kNone);
}

TEST(Tools, OldFunctionsAreCalledOneAtATime) {
  const ToolsAsk ask = ToolsOf(R"({"functions": [{"name": "f"}], "function_call": {"name": "f"}})").ask;
  EXPECT_TRUE(ask.functions);
  EXPECT_EQ(ask.choice.use, Use::kNamed);
  EXPECT_EQ(ask.choice.name, "f");
  EXPECT_FALSE(ask.choice.parallel);
}

TEST(Tools, WhatIsNoToolIsRefusedByName) {
  struct Row {
    std::string_view text;
    unsigned status;
    std::string_view param;
  };
  const Row rows[] = {
      {R"({"tools": {}})", 400, "tools"},
      {R"({"tools": [1]})", 400, "tools[0]"},
      {R"({"tools": [{"type": "function"}]})", 400, "tools[0].function"},
      {R"({"tools": [{"type": "function", "function": {}}]})", 400, "tools[0].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": "a b"}}]})", 400, "tools[0].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]})", 400,
       "tools[0].function.parameters"},
      {R"({"tools": [{"type": "function", "function": {"name": "f", "params": {}}}]})", 400,
       "tools[0].function.params"},
      {R"({"functions": [{"name": "f"}, {"name": "f"}]})", 400, "functions[1].name"},
      {R"({"tools": [], "functions": []})", 400, "functions"},
      {R"({"tools": [{"type": "custom", "custom": {"name": "f"}}]})", 501, "tools[0]"},
      {R"({"tool_choice": "auto"})", 400, "tool_choice"},
      {R"({"tools": [], "tool_choice": "required"})", 400, "tool_choice"},
      {R"({"functions": [{"name": "f"}], "function_call": "maybe"})", 400, "function_call"},
      {R"({"functions": [{"name": "f"}], "function_call": {"name": "g"}})", 400, "function_call"},
      {R"({"functions": [{"name": "f"}], "function_call": {}})", 400, "function_call.name"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": {}})", 400, "tool_choice"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": "required"})", 501, "tool_choice"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}})", 501, "tool_choice"},
      {R"({"tools": [{"type": "web_search"}], "tool_choice": {"type": "function", "function": {"name": "f"}}})", 400,
       "tool_choice"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = testing::ProblemFrom([&] { ToolsOf(row.text); });
    EXPECT_EQ(problem.status, row.status) << row.text << ": " << problem.message;
    EXPECT_EQ(problem.param, row.param) << row.text << ": " << problem.message;
  }
}

TEST(Tools, OfTheVendorAreNamedAsUnused) {
  const Outcome outcome =
      ToolsOf(R"({"tools": [{"type": "web_search"}, {"type": "namespace", "x": 1}], "tool_choice": "auto"})");
  EXPECT_TRUE(outcome.ask.shown.empty());
  EXPECT_EQ(outcome.ask.choice.use, Use::kNone);
  EXPECT_EQ(outcome.unused, (Names{"tools[0]", "tools[1]"}));
  EXPECT_EQ(ToolsOf(R"({"tools": [{"type": "web_search_20250305", "name": "s"}]})", ToolsApi::kMessages).unused,
            Names{"tools[0]"});
}

}  // namespace
}  // namespace sheepop
