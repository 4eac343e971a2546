// Answers with thoughts and calls, as each API tells them: whole and in a stream the same.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "serve/api/answer_test_support.h"
#include "serve/api/chat.h"
#include "serve/api/messages.h"
#include "serve/api/responses.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using testing::Json;
using testing::TestHead;
using testing::TestLedger;

// A template of the hermes family, as small as one can be.
constexpr std::string_view kHermes = R"(
{%- if tools %}{{ '<|im_start|>system\nTools:\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\n' }}{% endfor %}
{{- '<tool_call>\n{"name": NAME, "arguments": ARGUMENTS}\n</tool_call><|im_end|>\n' }}{% endif %}
{%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}
{%- if message.reasoning_content %}{{ '<think>\n' + message.reasoning_content + '\n</think>\n\n' }}{% endif %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}{{ '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %})";

class HermesModel final : public ServedModels {
 public:
  HermesModel() {
    auto model = std::make_shared<ServedModel>(*testing::OneModel().Find("tiny"));
    model->loaded.chat_template = std::string(kHermes);
    model->context = 4096;
    SetChat(*model);
    model_ = std::move(model);
  }
  std::shared_ptr<const ServedModel> Find(std::string_view) const override { return model_; }
  std::vector<std::shared_ptr<const ServedModel>> All() const override { return {model_}; }

 private:
  std::shared_ptr<const ServedModel> model_;
};

RequestContext Context() {
  static const HermesModel models;
  return {.models = models, .now = 1'700'000'000};
}

constexpr std::string_view kWeather = R"({"type": "object", "properties": {"city": {"type": "string"}}})";
constexpr std::string_view kAnswer =
    "<think>\nRain?\n</think>\n\nLet me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": "
    "\"Oslo\"}}\n"
    "</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bergen\"}}\n</tool_call>";

Parsed Chat(std::string_view more = "") {
  return ParseChat(Json(fmt::format(R"({{"messages": [{{"role": "user", "content": "Hi"}}], "logprobs": true,
      "tools": [{{"type": "function", "function": {{"name": "weather", "parameters": {}}}}}]{}}})",
                                    kWeather, more)),
                   Context());
}

Parsed Messages(std::string_view more = "") {
  return ParseMessages(Json(fmt::format(R"({{"messages": [{{"role": "user", "content": "Hi"}}], "max_tokens": 99,
      "tools": [{{"name": "weather", "input_schema": {}}}]{}}})",
                                        kWeather, more)),
                       Context());
}

Parsed Responses(std::string_view more = "") {
  return ParseResponses(Json(fmt::format(R"({{"input": "Hi",
      "tools": [{{"type": "function", "name": "weather", "parameters": {}}}]{}}})",
                                         kWeather, more)),
                        Context());
}

// A text in pieces of one byte, each a token, as a generation gives it.
struct Written {
  Written(const Ask& ask, std::string_view text, FinishReason reason = FinishReason::kStop) {
    ChatFormat::Reader reader(*ask.model->format, ask.reading->tools, ask.reading->reads_tools,
                              ask.reading->in_thoughts);
    result.reason = reason;
    for (size_t i = 0; i < text.size(); ++i) {
      TokenRecord record;
      record.id = static_cast<Token>(5 + i % 50);
      record.bytes = text[i];
      record.text_offset = i;
      record.logprob = -1;
      Add({.choice = 0, .text = record.bytes, .tokens = {record}, .deltas = reader.Add(record.bytes)});
    }
    Add({.choice = 0, .text = "", .tokens = {}, .deltas = reader.End()});
    DropBroken(result.parts);
  }
  void Add(Piece piece) {
    result.text += piece.text;
    result.tokens.insert(result.tokens.end(), piece.tokens.begin(), piece.tokens.end());
    AddTo(result.parts, piece.deltas, result.tokens.size());
    pieces.push_back(std::move(piece));
  }
  std::string Stream(Dialect& dialect) const {
    std::string stream = dialect.Begin(TestHead());
    for (const Piece& piece : pieces) stream += dialect.OnPiece(piece);
    stream += dialect.OnFinish(0, result);
    return stream += dialect.End(TestLedger());
  }
  json::object Whole(Dialect& dialect) const { return dialect.Whole(TestHead(), {result}, TestLedger()); }

  std::vector<Piece> pieces;
  ChoiceResult result;
};

TEST(ToolAnswers, RequestsHaveAGrammarOfCalls) {
  const Ask ask = Chat().ask;
  ASSERT_TRUE(ask.shape);
  EXPECT_EQ(ask.shape->kind, "tools");
  EXPECT_EQ(ask.shape->field, "tools");
  EXPECT_FALSE(ask.options.sampling.constraint.grammar.empty());
  EXPECT_EQ(ask.options.sampling.constraint.thinking.open, "<think>");
  EXPECT_EQ(ask.options.sampling.constraint.thinking.close, "</think>");
  EXPECT_NE(ask.prompts.at(0).text.find(R"("name": "weather")"), std::string::npos) << ask.prompts.at(0).text;
  const Ask none = Chat(R"(, "tool_choice": "none")").ask;
  EXPECT_FALSE(none.shape);
  EXPECT_EQ(none.prompts.at(0).text.find("weather"), std::string::npos);
}

TEST(ToolAnswers, ChatWhole) {
  Parsed parsed = Chat();
  const Written written(parsed.ask, kAnswer);
  const json::object choice = written.Whole(*parsed.dialect).at("choices").at(0).as_object();
  const json::object& message = choice.at("message").as_object();
  EXPECT_EQ(message.at("reasoning_content"), "Rain?");
  EXPECT_EQ(message.at("reasoning"), "Rain?");
  EXPECT_EQ(message.at("content"), "Let me see.");
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  const json::array& calls = message.at("tool_calls").as_array();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(json::serialize(calls[1]), R"({"id":"call_0123456789abcdefghijklmn_0_1","type":"function",)"
                                       R"("function":{"name":"weather","arguments":"{\"city\": \"Bergen\"}"}})");
  EXPECT_EQ(choice.at("logprobs").at("content").as_array().size(), kAnswer.size());
}

TEST(ToolAnswers, CallsAloneHaveNoContent) {
  Parsed parsed = Chat(R"(, "tool_choice": "required")");
  const Written written(parsed.ask, kAnswer.substr(kAnswer.find("<tool_call>")));
  EXPECT_TRUE(written.Whole(*parsed.dialect).at("choices").at(0).at("message").at("content").is_null());
}

TEST(ToolAnswers, ChatStreamIsTheWhole) {
  Parsed parsed = Chat(R"(, "stream": true)"), whole = Chat();
  const Written written(parsed.ask, kAnswer);
  json::object message{{"role", ""}, {"content", ""}, {"reasoning_content", ""}};
  std::vector<json::object> calls;
  std::string finish;
  size_t tokens = 0;
  const std::vector<json::object> events = testing::EventsOf(written.Stream(*parsed.dialect));
  for (const json::object& event : events) {
    if (event.empty()) continue;
    const json::object& choice = event.at("choices").at(0).as_object();
    if (!choice.at("finish_reason").is_null()) finish = choice.at("finish_reason").as_string();
    if (!choice.at("logprobs").is_null()) tokens += choice.at("logprobs").at("content").as_array().size();
    const json::object& delta = choice.at("delta").as_object();
    for (const std::string_view name : {"role", "content", "reasoning_content"}) {
      const json::value* const text = delta.if_contains(name);
      if (text && text->is_string()) message[name].as_string() += text->as_string();
    }
    const json::value* const call = delta.if_contains("tool_calls");
    if (!call) continue;
    ASSERT_EQ(call->as_array().size(), 1u);
    const json::object& one = call->at(0).as_object();
    const auto index = one.at("index").to_number<size_t>();
    const json::object& function = one.at("function").as_object();
    if (index == calls.size()) {
      EXPECT_EQ(function.at("arguments"), "");
      calls.push_back(json::object{{"id", one.at("id")},
                                   {"type", one.at("type")},
                                   {"function", {{"name", function.at("name")}, {"arguments", ""}}}});
    } else {
      ASSERT_EQ(index + 1, calls.size());
      EXPECT_FALSE(one.contains("id"));
      EXPECT_FALSE(function.contains("name"));
      calls.back()["function"].at("arguments").as_string() += function.at("arguments").as_string();
    }
  }
  const json::object answer = written.Whole(*whole.dialect).at("choices").at(0).as_object();
  for (const std::string_view name : {"role", "content", "reasoning_content"}) {
    EXPECT_EQ(message.at(name), answer.at("message").at(name)) << name;
  }
  EXPECT_EQ(json::serialize(json::array(calls.begin(), calls.end())),
            json::serialize(answer.at("message").at("tool_calls")));
  EXPECT_EQ(finish, "tool_calls");
  EXPECT_EQ(tokens, kAnswer.size());
}

TEST(ToolAnswers, OldFunctionsHaveTheOldForm) {
  constexpr std::string_view kBody =
      R"({"messages": [{"role": "user", "content": "Hi"}], "functions": [{"name": "weather",
      "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}], "stream": true})";
  Parsed parsed = ParseChat(Json(kBody), Context());
  const Written written(parsed.ask,
                        "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>");
  const json::object choice = written.Whole(*parsed.dialect).at("choices").at(0).as_object();
  EXPECT_EQ(choice.at("finish_reason"), "function_call");
  EXPECT_EQ(json::serialize(choice.at("message").at("function_call")),
            R"({"name":"weather","arguments":"{\"city\": \"Oslo\"}"})");
  const std::string stream = written.Stream(*parsed.dialect);
  EXPECT_NE(stream.find(R"("delta":{"function_call":{"name":"weather","arguments":""}})"), std::string::npos) << stream;
  EXPECT_EQ(stream.find("tool_calls"), std::string::npos);
}

TEST(ToolAnswers, WhatBreaksOffIsText) {
  Parsed parsed = Chat();
  const std::string_view cut = kAnswer.substr(0, kAnswer.find("Oslo") + 2);
  const Written written(parsed.ask, cut, FinishReason::kLength);
  const json::object choice = written.Whole(*parsed.dialect).at("choices").at(0).as_object();
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_FALSE(choice.at("message").as_object().contains("tool_calls"));
  const std::string content(choice.at("message").at("content").as_string());
  EXPECT_NE(content.find("\"city\": \"Os"), std::string::npos) << content;
}

TEST(ToolAnswers, MessagesStreamIsTheWhole) {
  Parsed parsed = Messages(R"(, "stream": true)"), whole = Messages();
  const Written written(parsed.ask, kAnswer);
  json::array content;
  std::string input, reason;
  bool open = false;
  for (const testing::SentEvent& event : testing::NamedEventsOf(written.Stream(*parsed.dialect))) {
    const json::object& data = event.data;
    if (event.name == "content_block_start") {
      EXPECT_FALSE(std::exchange(open, true));
      EXPECT_EQ(data.at("index").to_number<size_t>(), content.size());
      content.push_back(data.at("content_block"));
      input.clear();
    } else if (event.name == "content_block_delta") {
      ASSERT_TRUE(open);
      json::object& block = content.back().as_object();
      const json::object& delta = data.at("delta").as_object();
      if (delta.at("type") == "input_json_delta") input += delta.at("partial_json").as_string();
      for (const std::string_view name : {"text", "thinking", "signature"}) {
        if (delta.contains(name)) block[name].as_string() += delta.at(name).as_string();
      }
    } else if (event.name == "content_block_stop") {
      EXPECT_TRUE(std::exchange(open, false));
      if (content.back().at("type") == "tool_use") content.back().as_object()["input"] = Json(input);
    } else if (event.name == "message_delta") {
      reason = data.at("delta").at("stop_reason").as_string();
    }
  }
  const json::object message = written.Whole(*whole.dialect);
  EXPECT_EQ(json::serialize(content), json::serialize(message.at("content")));
  EXPECT_EQ(
      json::serialize(content),
      R"([{"type":"thinking","thinking":"Rain?","signature":"0123456789abcdefghijklmn"},{"type":"text","text":"Let me see."},)"
      R"({"type":"tool_use","id":"toolu_0123456789abcdefghijklmn_0_0","name":"weather","input":{"city":"Oslo"}},)"
      R"({"type":"tool_use","id":"toolu_0123456789abcdefghijklmn_0_1","name":"weather","input":{"city":"Bergen"}}])");
  EXPECT_EQ(reason, "tool_use");
  EXPECT_EQ(message.at("stop_reason"), "tool_use");
}

TEST(ToolAnswers, ResponsesStreamIsTheWhole) {
  Parsed parsed = Responses(R"(, "stream": true, "top_logprobs": 1)"), whole = Responses(R"(, "top_logprobs": 1)");
  const Written written(parsed.ask, kAnswer);
  const std::vector<testing::SentEvent> events = testing::NamedEventsOf(written.Stream(*parsed.dialect));
  json::array output;
  std::string text;
  for (size_t i = 0; i < events.size(); ++i) {
    const json::object& data = events[i].data;
    EXPECT_EQ(data.at("sequence_number").to_number<size_t>(), i);
    EXPECT_EQ(data.at("type").as_string(), events[i].name);
    if (data.contains("output_index")) {
      EXPECT_EQ(data.at("output_index").to_number<size_t>(), output.size());
    }
    if (events[i].name.ends_with(".delta")) text += data.at("delta").as_string();
    if (events[i].name == "response.output_item.added") text.clear();
    if (events[i].name.ends_with("text.done") || events[i].name.ends_with("arguments.done")) {
      EXPECT_EQ(data.at(data.contains("text") ? "text" : "arguments").as_string(), text);
    }
    if (events[i].name == "response.output_item.done") output.push_back(data.at("item"));
  }
  ASSERT_EQ(events.back().name, "response.completed");
  const json::object answer = written.Whole(*whole.dialect);
  EXPECT_EQ(json::serialize(output), json::serialize(answer.at("output")));
  EXPECT_EQ(json::serialize(events.back().data.at("response").at("output")), json::serialize(output));
  ASSERT_EQ(output.size(), 4u);
  EXPECT_EQ(output[0].at("type"), "reasoning");
  EXPECT_EQ(output[0].at("content").at(0).at("text"), "Rain?");
  EXPECT_EQ(output[1].at("content").at(0).at("text"), "Let me see.");
  EXPECT_FALSE(output[1].at("content").at(0).at("logprobs").as_array().empty());
  EXPECT_EQ(output[2].at("type"), "function_call");
  EXPECT_EQ(output[3].at("arguments"), R"({"city": "Bergen"})");
  EXPECT_NE(output[2].at("id"), output[3].at("id"));
  EXPECT_NE(output[2].at("call_id"), output[3].at("call_id"));
}

TEST(ToolAnswers, ThoughtsEndWhereTheyAreToldTo) {
  EXPECT_EQ(Chat(R"(, "thinking": {"type": "enabled", "budget_tokens": 7})").ask.options.sampling.thinking_budget, 7);
  EXPECT_EQ(Chat(R"(, "thinking_budget": 0)").ask.options.sampling.thinking_budget, 0);
  const Ask off = Chat(R"(, "reasoning_effort": "none")").ask;
  EXPECT_TRUE(off.prompts.at(0).text.ends_with("<think>\n\n</think>\n\n")) << off.prompts.at(0).text;
  EXPECT_EQ(off.options.sampling.constraint.thinking.close, "");
  EXPECT_FALSE(off.reading->in_thoughts);
  EXPECT_TRUE(off.unused.empty());
}

TEST(ToolAnswers, HistoriesWithEitherNameOfThoughtsRenderAlike) {
  const auto prompt = [](std::string_view name) {
    const std::string body = fmt::format(R"({{"messages": [{{"role": "user", "content": "Hi"}},
        {{"role": "assistant", "content": "Yes", "{}": "Hm."}}, {{"role": "user", "content": "So?"}}]}})",
                                         name);
    return ParseChat(Json(body), Context()).ask.prompts.at(0).text;
  };
  EXPECT_EQ(prompt("reasoning"), prompt("reasoning_content"));
  EXPECT_NE(prompt("reasoning").find("<think>\nHm.\n</think>"), std::string::npos);
}

TEST(ToolAnswers, ASchemaBesideToolsIsOneOfBoth) {
  const Ask ask = Chat(R"(, "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema":
      {"type": "object", "properties": {"a": {"type": "integer"}}}}})")
                      .ask;
  EXPECT_EQ(ask.shape->kind, "tools or json_schema");
  EXPECT_TRUE(ask.shape->schema_shown);
  const ApiProblem problem = testing::ProblemFrom([] { Chat(R"(, "regex": "a")"); });
  EXPECT_EQ(problem.status, 400u);
  EXPECT_EQ(problem.param, "regex");
  const Ask required = Chat(R"(, "response_format": {"type": "json_object"}, "tool_choice": "required")").ask;
  EXPECT_EQ(required.shape->kind, "tools");
  EXPECT_EQ(required.unused, std::vector<std::string>{"response_format"});
}

TEST(ToolAnswers, SchemasAreShown) {
  constexpr std::string_view kBody = R"({"messages": [{"role": "system", "content": "Be kind."},
      {"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "n",
      "schema": {"const": "sheep"}}})";
  const Ask shown = ParseChat(Json(fmt::format("{}}}", kBody)), Context()).ask;
  EXPECT_TRUE(shown.shape->schema_shown);
  EXPECT_NE(shown.prompts.at(0).text.find("Be kind.\n\nAnswer with JSON"), std::string::npos)
      << shown.prompts.at(0).text;
  EXPECT_EQ(shown.prompts.at(0).parts.message_tokens.size(), 2u);
  const Ask hidden = ParseChat(Json(fmt::format(R"({}, "show_schema": false}})", kBody)), Context()).ask;
  EXPECT_FALSE(hidden.shape->schema_shown);
  EXPECT_EQ(hidden.prompts.at(0).text.find("sheep"), std::string::npos);
}

}  // namespace
}  // namespace sheepop
