#include "serve/api/messages.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api/answer_test_support.h"
#include "serve/api/test_support.h"

namespace sheepop {
namespace {

namespace json = boost::json;

using testing::Json;
using testing::MadeUpHead;
using testing::MadeUpLedger;
using testing::MadeUpResult;
using testing::MadeUpStream;
using testing::NamedEventsOf;
using testing::SentEvent;

using Names = std::vector<std::string>;

constexpr std::string_view kHi = R"("model": "tiny", "messages": [{"role": "user", "content": "Hi"}])";

std::string Hi(const std::string& members) { return "{" + std::string(kHi) + ", " + members + "}"; }

Parsed Parse(std::string_view body) { return ParseMessages(Json(body), testing::TinyContext()); }

// A request for "Hi" with further members.
Parsed ParseWith(const std::string& members = "\"max_tokens\": 5") {
  return Parse(Hi(members.find("max_tokens") == std::string::npos ? "\"max_tokens\": 5, " + members : members));
}

std::string PromptOf(const std::string& messages, const std::string& more = "") {
  return Parse("{\"model\": \"tiny\", \"max_tokens\": 5, " + more + "\"messages\": " + messages + "}")
      .ask.prompts.at(0)
      .text;
}

// "status param" of the refusal.
std::string RefusalOf(std::string_view body) {
  const ApiProblem problem = testing::ProblemFrom([&] { Parse(body); });
  return std::to_string(problem.status) + " " + problem.param;
}

std::string RefusalWith(const std::string& members) { return RefusalOf(Hi("\"max_tokens\": 5, " + members)); }

std::string RefusalOfMessages(const std::string& messages) {
  return RefusalOf("{\"model\": \"tiny\", \"max_tokens\": 5, \"messages\": [" + messages + "]}");
}

std::string RefusalOfBlock(const std::string& block, const std::string& role = "user") {
  return RefusalOfMessages("{\"role\": \"" + role + "\", \"content\": [" + block + "]}");
}

TEST(ParseMessages, ReadsTheSettingsOfAnAnswer) {
  const Parsed parsed = ParseWith(
      R"("max_tokens": 5, "temperature": 0.5, "top_p": 0.25, "top_k": 3, "stream": true, "stop_sequences": ["a", "b"])");
  EXPECT_EQ(parsed.ask.prompts.at(0).text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(parsed.ask.options.max_tokens, 5u);
  EXPECT_EQ(parsed.ask.options.sampling.temperature, 0.5);
  EXPECT_EQ(parsed.ask.options.sampling.top_p, 0.25);
  EXPECT_EQ(parsed.ask.options.sampling.top_k, 3);
  EXPECT_EQ(parsed.ask.options.stops, Names({"a", "b"}));
  EXPECT_TRUE(parsed.ask.stream);
  EXPECT_EQ(parsed.ask.unused, Names());
  EXPECT_FALSE(ParseWith().ask.stream);
}

TEST(ParseMessages, BlocksOfATurnAreOneMessage) {
  EXPECT_EQ(PromptOf(R"([
      {"role": "user", "content": [{"type": "text", "text": "One"},
                                   {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}}]},
      {"role": "user", "content": "three"},
      {"role": "assistant", "content": [{"type": "text", "text": "Baa", "citations": null}]},
      {"role": "user", "content": "More"}])",
                     R"("system": [{"type": "text", "text": "Bleat."}, {"type": "text", "text": "Softly."}], )"),
            "<|im_start|>system\nBleat.\nSoftly.<|im_end|>\n<|im_start|>user\nOne\ntwo\n\nthree<|im_end|>\n"
            "<|im_start|>assistant\nBaa<|im_end|>\n<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ParseMessages, AnAnswerThatIsBegunIsGoneOnWith) {
  EXPECT_EQ(PromptOf(R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Baa"}])"),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nBaa");
  EXPECT_EQ(PromptOf(R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}])"),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
      << "nothing was begun";
}

TEST(ParseMessages, TheBillingLineIsNoPartOfThePrompt) {
  const std::string plain = PromptOf(R"([{"role": "user", "content": "Hi"}])", R"("system": "Bleat.", )");
  const auto parse = [](const std::string& system) {
    return Parse(R"({"model": "tiny", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}], "system": )" +
                 system + "}");
  };
  const Parsed blocks = parse(R"([{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=fa690;"},
                {"type": "text", "text": "Bleat."}])");
  EXPECT_EQ(blocks.ask.prompts.at(0).text, plain);
  EXPECT_EQ(blocks.ask.unused, Names({"system[0].text: the line of the billing header"}));
  const Parsed lines = parse(R"("x-anthropic-billing-header: cc_version=2.1;\ncch=fa690;\nBleat.")");
  EXPECT_EQ(lines.ask.prompts.at(0).text, plain);
  EXPECT_EQ(lines.ask.unused, Names({"system: the line of the billing header"}));
  EXPECT_NE(parse(R"("Say cch=1\ncch=2")").ask.prompts.at(0).text.find("Say cch=1\ncch=2"), std::string::npos)
      << "only at the front";
}

TEST(ParseMessages, ToolsThatWereUsedGoToTheTemplate) {
  const Parsed parsed = Parse(R"({"model": "tiny", "max_tokens": 5, "messages": [
      {"role": "user", "content": "Weather?"},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "Ask.", "signature": "s"},
                                        {"type": "redacted_thinking", "data": "d"},
                                        {"type": "tool_use", "id": "t1", "name": "sky", "input": {"at": 1}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": false,
                                    "content": [{"type": "text", "text": "blue"}, {"type": "text", "text": "sky"}]},
                                   {"type": "text", "text": "And now?"}]}]})");
  EXPECT_EQ(parsed.ask.unused, Names({"messages[1].content[0].signature", "messages[1].content[1].data",
                                      "messages[2].content[0].is_error"}));
  const std::string& prompt = parsed.ask.prompts.at(0).text;
  EXPECT_NE(prompt.find("blue\nsky"), std::string::npos) << prompt;
  EXPECT_TRUE(prompt.ends_with("<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n")) << prompt;
}

TEST(ParseMessages, RefusesMessagesThatAreNone) {
  EXPECT_EQ(RefusalOf(R"({"model": "tiny", "max_tokens": 5})"), "400 messages");
  EXPECT_EQ(RefusalOf(R"({"model": "tiny", "max_tokens": 5, "messages": []})"), "400 messages");
  EXPECT_EQ(RefusalOfMessages("3"), "400 messages[0]");
  EXPECT_EQ(RefusalOfMessages(R"({"role": "assistant", "content": ""})"), "400 messages") << "nothing is said at all";
  EXPECT_EQ(RefusalOfMessages(R"({"content": "Hi"})"), "400 messages[0].role");
  EXPECT_EQ(RefusalOfMessages(R"({"role": "tool", "content": "Hi"})"), "400 messages[0].role");
  EXPECT_EQ(RefusalOfMessages(R"({"role": "user"})"), "400 messages[0].content");
  EXPECT_EQ(RefusalOfMessages(R"({"role": "user", "content": 3})"), "400 messages[0].content");
  EXPECT_EQ(RefusalOfMessages(R"({"role": "user", "content": "Hi", "wool": 1})"), "400 messages[0].wool");
  EXPECT_EQ(RefusalOfBlock("3"), "400 messages[0].content[0]");
  EXPECT_EQ(RefusalOfBlock(R"({"text": "Hi"})"), "400 messages[0].content[0].type");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "text"})"), "400 messages[0].content[0].text");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "text", "text": "Hi", "wool": 1})"), "400 messages[0].content[0].wool");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "image", "source": {}})"), "501 messages[0].content[0].type");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "document", "source": {}})"), "501 messages[0].content[0].type");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "tool_use", "id": "t", "name": "f", "input": {}})"),
            "400 messages[0].content[0].type")
      << "users call no tools";
  EXPECT_EQ(RefusalOfBlock(R"({"type": "tool_use", "id": "t", "name": "f"})", "assistant"),
            "400 messages[0].content[0].input");
  EXPECT_EQ(RefusalOfBlock(R"({"type": "tool_use", "id": "t", "name": "f", "input": {}})", "assistant"), "400 messages")
      << "nobody answered it";
  EXPECT_EQ(RefusalOfBlock(R"({"type": "tool_result", "tool_use_id": "t"})"), "400 messages[0].content[0].tool_use_id");
  EXPECT_EQ(RefusalOfMessages(
                R"({"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
                                    "content": [{"type": "text", "text": "Hi"}, {"type": "image"}]}]})"),
            "501 messages[1].content[0].content[1].type");
}

TEST(ParseMessages, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(RefusalOf("{" + std::string(kHi) + "}"), "400 max_tokens");
  EXPECT_EQ(RefusalOf(Hi(R"("max_tokens": 0)")), "400 max_tokens");
  EXPECT_EQ(RefusalWith(R"("temperature": 1.5)"), "400 temperature");
  EXPECT_EQ(RefusalWith(R"("top_p": 1.5)"), "400 top_p");
  EXPECT_EQ(RefusalWith(R"("top_k": -1)"), "400 top_k");
  EXPECT_EQ(RefusalWith(R"("stop_sequences": [""])"), "400 stop_sequences");
  EXPECT_EQ(RefusalWith(R"("system": 3)"), "400 system");
  EXPECT_EQ(RefusalWith(R"("system": [{"type": "text", "text": "Hi"}, {"type": "image"}])"), "400 system[1].type");
  EXPECT_EQ(RefusalWith(R"("thinking": {"type": "some"})"), "400 thinking.type");
  EXPECT_EQ(RefusalWith(R"("thinking": {})"), "400 thinking.type");
  EXPECT_EQ(RefusalWith(R"("output_config": {"effort": "some"})"), "400 output_config.effort");
  EXPECT_EQ(RefusalWith(R"("wool": 1)"), "400 wool");
  EXPECT_EQ(RefusalWith(R"("n": 2)"), "400 n");
  EXPECT_EQ(RefusalOf(R"({"model": "wolf", "max_tokens": 5, "messages": []})"), "404 model");
}

TEST(ParseMessages, ReadsToolsAndForms) {
  EXPECT_EQ(RefusalWith(R"("tools": [{"name": "f f", "input_schema": {}}])"), "400 tools[0].name");
  EXPECT_EQ(RefusalWith(R"("output_config": {"format": {"type": "json_schema"}})"), "400 output_config.format.schema");
  EXPECT_EQ(RefusalWith(R"("output_config": {"format": {"type": "json_schema", "schema": {"type": "objekt"}}})"),
            "400 output_config.format");
  EXPECT_EQ(
      RefusalWith(R"("output_config": {"format": {"type": "json_object"}}, "output_format": {"type": "json_object"})"),
      "400 output_config.format");
  EXPECT_EQ(ParseWith(R"("output_format": {"type": "json_schema", "schema": {"const": 1}})").ask.shape->kind,
            "json_schema");
  EXPECT_EQ(ParseWith(R"("tools": [{"name": "f", "input_schema": {}}])").ask.shape->kind, "tools");
  EXPECT_EQ(ParseWith(R"("tool_choice": {"type": "none"}, "tools": [{"name": "f", "input_schema": {}}])").ask.unused,
            Names({"tools[0]"}));
}

TEST(ParseMessages, NamesWhatCannotChangeTheText) {
  EXPECT_EQ(ParseWith(R"("metadata": {"user_id": "u"}, "service_tier": "auto", "cache_control": {"type": "ephemeral"},
                         "tools": [{"type": "web_search_20250305", "name": "web_search"}],
                         "thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"})")
                .ask.unused,
            Names({"metadata", "service_tier", "thinking.type", "thinking.budget_tokens", "output_config.effort",
                   "tools[0]", "cache_control"}))
      << "this template knows nothing of thinking";
}

TEST(CountTokens, CountsWhatTheModelWouldBeGiven) {
  const std::string body = "{" + std::string(kHi) + R"(, "system": "Bleat."})";
  const json::object count = CountTokens(Json(body), testing::TinyContext());
  EXPECT_EQ(count.size(), 1u);
  EXPECT_EQ(count.at("input_tokens").to_number<size_t>(),
            ParseWith(R"("system": "Bleat.")").ask.prompts.at(0).ids.size());
  EXPECT_EQ(
      json::serialize(
          CountTokens(Json(Hi(R"("cache_control": {"type": "ephemeral"})")), testing::TinyContext()).at("sheepop")),
      R"({"unused":["cache_control"]})");
  const ApiProblem problem =
      testing::ProblemFrom([&] { CountTokens(Json(Hi(R"("max_tokens": 5)")), testing::TinyContext()); });
  EXPECT_EQ(problem.param, "max_tokens");
}

TEST(MessagesDialect, AWholeAnswerHasEveryMember) {
  const json::object whole =
      ParseWith().dialect->Whole(MadeUpHead(), {MadeUpResult(FinishReason::kStop)}, MadeUpLedger());
  EXPECT_EQ(json::serialize(whole), json::serialize(Json(R"({
    "id": "msg_0123456789abcdefghijklmn", "type": "message", "role": "assistant", "model": "tiny",
    "content": [{"type": "text", "text": "Baa, é"}],
    "stop_reason": "end_turn", "stop_sequence": null,
    "usage": {"input_tokens": 4, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 16, "output_tokens": 3,
              "service_tier": "standard"}, "sheepop": {"seed": 7}})")));
}

TEST(MessagesDialect, SaysWhyItStopped) {
  const auto reason = [](ChoiceResult result) {
    const json::object whole = ParseWith().dialect->Whole(MadeUpHead(), {result}, MadeUpLedger());
    return json::serialize(whole.at("stop_reason")) + " " + json::serialize(whole.at("stop_sequence"));
  };
  EXPECT_EQ(reason(MadeUpResult(FinishReason::kStop)), R"("end_turn" null)");
  EXPECT_EQ(reason(MadeUpResult(FinishReason::kLength)), R"("max_tokens" null)");
  EXPECT_EQ(reason(MadeUpResult(FinishReason::kContext)), R"("model_context_window_exceeded" null)");
  ChoiceResult stopped = MadeUpResult(FinishReason::kStop);
  stopped.stop = "wolf";
  EXPECT_EQ(reason(stopped), R"("stop_sequence" "wolf")");
}

TEST(MessagesDialect, AStreamOpensAndClosesInOrder) {
  Parsed parsed = ParseWith(R"("stream": true)");
  const size_t prompt = parsed.ask.prompts.at(0).ids.size();
  const std::vector<SentEvent> events = NamedEventsOf(MadeUpStream(*parsed.dialect, MadeUpResult(FinishReason::kStop)));
  Names names;
  for (const auto& [name, data] : events) {
    names.push_back(name);
    EXPECT_EQ(data.at("type").as_string(), name);
  }
  EXPECT_EQ(names, Names({"message_start", "content_block_start", "content_block_delta", "content_block_delta",
                          "content_block_stop", "message_delta", "message_stop"}));
  const json::value& start = events[0].data.at("message");
  EXPECT_EQ(json::serialize(start.at("usage")),
            "{\"input_tokens\":" + std::to_string(prompt) +
                R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0,)"
                R"("service_tier":"standard"})");
  EXPECT_EQ(start.at("content").as_array().size(), 0u);
  EXPECT_EQ(json::serialize(events[1].data.at("content_block")), R"({"type":"text","text":""})");
  EXPECT_EQ(json::serialize(events[3].data), R"({"type":"content_block_delta","index":0,"delta":)"
                                             R"({"type":"text_delta","text":", é"}})");
  const json::object whole =
      ParseWith().dialect->Whole(MadeUpHead(), {MadeUpResult(FinishReason::kStop)}, MadeUpLedger());
  EXPECT_EQ(events[5].data.at("delta").at("stop_reason"), whole.at("stop_reason"));
  EXPECT_EQ(events[5].data.at("usage"), whole.at("usage"));
  EXPECT_EQ(events[5].data.at("sheepop"), whole.at("sheepop"));
}

TEST(MessagesDialect, TracesComeWithTheText) {
  Parsed parsed = ParseWith(R"("stream": true, "explain": true)");
  ChoiceResult result = MadeUpResult(FinishReason::kStop);
  for (TokenRecord& token : result.tokens) token.trace = Trace();
  const json::object whole = parsed.dialect->Whole(MadeUpHead(), {result}, MadeUpLedger());
  EXPECT_EQ(whole.at("content").at(0).at("sheepop").at("tokens").as_array().size(), 3u);
  parsed.dialect->Begin(MadeUpHead());
  Piece piece = testing::MadeUpPieces().at(0);
  piece.tokens[0].trace = Trace();
  piece.text.clear();
  piece.deltas.clear();
  const std::vector<SentEvent> events = NamedEventsOf(parsed.dialect->OnPiece(piece));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data.at("sheepop").at("tokens").as_array().size(), 1u);
  EXPECT_FALSE(ParseWith()
                   .dialect->Whole(MadeUpHead(), {result}, MadeUpLedger())
                   .at("content")
                   .at(0)
                   .as_object()
                   .contains("sheepop"));
}

TEST(MessagesDialect, ABeatIsAPing) {
  Parsed parsed = ParseWith();
  parsed.dialect->Begin(MadeUpHead());
  EXPECT_EQ(parsed.dialect->Beat(12, 20),
            "event: ping\ndata: {\"type\":\"ping\",\"sheepop\":{\"progress\":{\"computed\":12,\"prompt\":20}}}\n\n");
}

TEST(MessagesDialect, AFailureIsAnErrorEvent) {
  Parsed parsed = ParseWith();
  ApiProblem problem;
  problem.status = 503;
  problem.message = "the server stops";
  EXPECT_EQ(parsed.dialect->Failure(problem),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"the server "
            "stops\"}}\n\n");
}

}  // namespace
}  // namespace sheepop
