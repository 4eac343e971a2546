#include "serve/api/responses.h"

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

Parsed Parse(std::string_view body) { return ParseResponses(Json(body), testing::TinyContext()); }

// A request for "Hi" with further members.
Parsed ParseWith(const std::string& members) {
  return Parse("{\"model\": \"tiny\", \"input\": \"Hi\", " + members + "}");
}

std::string PromptOf(std::string_view body) { return Parse(body).ask.prompts.at(0).text; }

std::string PromptOfInput(const std::string& input) {
  return PromptOf("{\"model\": \"tiny\", \"input\": " + input + "}");
}

// "status param" of the refusal.
std::string RefusalOf(std::string_view body) {
  const ApiProblem problem = testing::ProblemFrom([&] { Parse(body); });
  return std::to_string(problem.status) + " " + problem.param;
}

std::string RefusalWith(const std::string& members) {
  return RefusalOf("{\"model\": \"tiny\", \"input\": \"Hi\", " + members + "}");
}

std::string RefusalOfItem(const std::string& item) {
  return RefusalOf("{\"model\": \"tiny\", \"input\": [" + item + "]}");
}

using Names = std::vector<std::string>;

TEST(ParseResponses, TextIsAMessageOfTheUser) {
  const Parsed parsed = Parse(R"({"model": "tiny", "input": "Hi"})");
  EXPECT_EQ(parsed.ask.prompts.at(0).text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_FALSE(parsed.ask.stream);
  EXPECT_FALSE(parsed.ask.logprobs);
  EXPECT_EQ(parsed.ask.n, 1u);
  EXPECT_EQ(parsed.ask.options.max_tokens, SIZE_MAX);
  EXPECT_EQ(parsed.ask.unused, Names());
}

TEST(ParseResponses, ReadsTheSettingsOfAnAnswer) {
  const Parsed parsed =
      ParseWith(R"("max_output_tokens": 5, "temperature": 0.5, "top_p": 0.25, "stream": true, "top_k": 3,
                                     "seed": 9, "stop": "x", "top_logprobs": 2)");
  EXPECT_EQ(parsed.ask.options.max_tokens, 5u);
  EXPECT_EQ(parsed.ask.options.sampling.temperature, 0.5);
  EXPECT_EQ(parsed.ask.options.sampling.top_p, 0.25);
  EXPECT_EQ(parsed.ask.options.sampling.top_k, 3);
  EXPECT_EQ(parsed.ask.options.sampling.seed, 9u);
  EXPECT_EQ(parsed.ask.options.stops, Names({"x"}));
  EXPECT_EQ(parsed.ask.logprobs, 2u);
  EXPECT_TRUE(parsed.ask.stream);
  EXPECT_EQ(ParseWith(R"("include": ["message.output_text.logprobs"])").ask.logprobs, 0u);
  EXPECT_FALSE(ParseWith(R"("top_logprobs": 0)").ask.logprobs);
}

TEST(ParseResponses, ItemsOfTheAssistantsTurnAreOneMessage) {
  EXPECT_EQ(PromptOfInput(R"([
      {"role": "user", "content": [{"type": "input_text", "text": "One"}, {"type": "input_text", "text": "two"}]},
      {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "final_answer",
       "content": [{"type": "output_text", "text": "Baa", "annotations": [], "logprobs": []}]},
      {"role": "assistant", "content": [{"type": "refusal", "refusal": "No"}]},
      {"role": "user", "content": "More"}])"),
            "<|im_start|>user\nOne\ntwo<|im_end|>\n<|im_start|>assistant\nBaa\n\nNo<|im_end|>\n"
            "<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ParseResponses, InstructionsAndLeadingSystemMessagesAreOne) {
  EXPECT_EQ(PromptOf(R"({"model": "tiny", "instructions": "Bleat.", "input": [
      {"role": "developer", "content": "Softly."}, {"role": "system", "content": "At noon."},
      {"role": "user", "content": "Hi"}]})"),
            "<|im_start|>system\nBleat.\n\nSoftly.\n\nAt noon.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(ParseResponses, NoInputIsAnEmptyMessage) {
  const std::string empty = "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n";
  EXPECT_EQ(PromptOfInput(R"("")"), empty);
  EXPECT_EQ(PromptOfInput("[]"), empty);
  EXPECT_EQ(Parse(R"({"model": "tiny", "input": [], "max_output_tokens": 1})").ask.options.max_tokens, 1u);
  EXPECT_EQ(RefusalOf(R"({"model": "tiny"})"), "400 input");
}

TEST(ParseResponses, CallsAndTheirOutputsGoToTheTemplate) {
  const Parsed parsed = Parse(R"({"model": "tiny", "input": [
      {"role": "user", "content": "Weather?"},
      {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Ask."}], "encrypted_content": "x"},
      {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "sky", "arguments": "{\"at\": 1}",
       "status": "completed"},
      {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "blue"}]}]})");
  EXPECT_EQ(parsed.ask.unused, Names({"input[1].encrypted_content"}));
  EXPECT_EQ(parsed.ask.prompts.at(0).text.find("<|im_start|>user\nWeather?<|im_end|>\n<|im_start|>assistant\n"), 0u);
  EXPECT_NE(parsed.ask.prompts.at(0).text.find("blue"), std::string::npos);
}

TEST(ParseResponses, RefusesItemsThatAreNone) {
  EXPECT_EQ(RefusalOfItem("3"), "400 input[0]");
  EXPECT_EQ(RefusalOfItem(R"({"type": "mesage"})"), "400 input[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"type": "item_reference", "id": "x"})"), "400 input[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"type": "web_search_call", "id": "x"})"), "501 input[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"type": "custom_tool_call"})"), "501 input[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"content": "Hi"})"), "400 input[0].role");
  EXPECT_EQ(RefusalOfItem(R"({"role": "sheep", "content": "Hi"})"), "400 input[0].role");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user"})"), "400 input[0].content");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": 3})"), "400 input[0].content");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": "Hi", "wool": 1})"), "400 input[0].wool");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": ["Hi"]})"), "400 input[0].content[0]");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": [{"text": "Hi"}]})"), "400 input[0].content[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": [{"type": "input_text", "text": "Hi"}, {"type": "x"}]})"),
            "400 input[0].content[1].type");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": "Hi"}, {"role": "user"})"), "400 input[1].content");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": [{"type": "input_text"}]})"), "400 input[0].content[0].text");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": [{"type": "input_image", "image_url": "x"}]})"),
            "501 input[0].content[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"role": "user", "content": [{"type": "input_file", "file_id": "x"}]})"),
            "501 input[0].content[0].type");
  EXPECT_EQ(RefusalOfItem(R"({"type": "function_call", "call_id": "c", "name": "f"})"), "400 input[0].arguments");
  EXPECT_EQ(RefusalOfItem(R"({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{"})"),
            "400 input[0].arguments");
  EXPECT_EQ(RefusalOfItem(R"({"type": "function_call", "name": "f", "arguments": ""})"), "400 input[0].call_id");
  EXPECT_EQ(RefusalOfItem(R"({"type": "function_call_output", "call_id": "c", "output": "x"})"),
            "400 input[0].call_id");
  EXPECT_EQ(RefusalOf(R"({"model": "tiny", "input": 3})"), "400 input");
}

TEST(ParseResponses, RefusesWhatNeedsAMemory) {
  EXPECT_EQ(RefusalWith(R"("previous_response_id": "resp_1")"), "400 previous_response_id");
  EXPECT_EQ(RefusalWith(R"("conversation": "conv_1")"), "400 conversation");
  EXPECT_EQ(RefusalWith(R"("prompt": {"id": "p"})"), "400 prompt");
  EXPECT_EQ(RefusalWith(R"("background": true)"), "400 background");
  EXPECT_EQ(RefusalWith(R"("truncation": "auto")"), "400 truncation");
  EXPECT_EQ(RefusalWith(R"("context_management": [{"type": "compaction"}])"), "400 context_management");
  EXPECT_EQ(RefusalWith(R"("prompt_cache_options": {"prewarm": true})"), "400 prompt_cache_options.prewarm");
  EXPECT_EQ(ParseWith(R"("background": false, "truncation": "disabled", "previous_response_id": null)").ask.unused,
            Names());
}

TEST(ParseResponses, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(RefusalOf(R"({"model": "wolf", "input": "Hi"})"), "404 model");
  EXPECT_EQ(RefusalWith(R"("max_output_tokens": 0)"), "400 max_output_tokens");
  EXPECT_EQ(RefusalWith(R"("temperature": 2.5)"), "400 temperature");
  EXPECT_EQ(RefusalWith(R"("top_p": 1.5)"), "400 top_p");
  EXPECT_EQ(RefusalWith(R"("top_logprobs": 21)"), "400 top_logprobs");
  EXPECT_EQ(RefusalWith(R"("stream_options": {})"), "400 stream_options");
  EXPECT_EQ(RefusalWith(R"("stream": true, "stream_options": {"x": 1})"), "400 stream_options.x");
  EXPECT_EQ(RefusalWith(R"("reasoning": {"effort": "some"})"), "400 reasoning.effort");
  EXPECT_EQ(RefusalWith(R"("metadata": 3)"), "400 metadata");
  EXPECT_EQ(RefusalWith(R"("n": 2)"), "400 n");
  EXPECT_EQ(RefusalWith(R"("instructions": ["x"])"), "400 instructions");
}

TEST(ParseResponses, ReadsToolsAndForms) {
  EXPECT_EQ(RefusalWith(R"("tools": [{"type": "function", "name": "f f"}])"), "400 tools[0].name");
  EXPECT_EQ(RefusalWith(R"("tools": [{"type": "custom", "name": "f"}])"), "501 tools[0]");
  EXPECT_EQ(RefusalWith(R"("text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "objekt"}}})"),
            "400 text.format");
  EXPECT_EQ(ParseWith(R"("text": {"format": {"type": "json_schema", "name": "x", "schema": {}}})").ask.shape->kind,
            "json_schema");
  EXPECT_EQ(RefusalWith(R"("text": {"format": {"type": "xml"}})"), "400 text.format.type");
  EXPECT_EQ(ParseWith(R"("text": {"format": {"type": "text"}, "verbosity": "low"})").ask.unused,
            Names({"text.verbosity"}));
  EXPECT_EQ(ParseWith(R"("tool_choice": "none", "tools": [{"type": "function", "name": "f"}])").ask.unused,
            Names({"tools[0]"}));
}

TEST(ParseResponses, NamesWhatCannotChangeTheText) {
  EXPECT_EQ(ParseWith(R"("store": true, "metadata": {"a": "b"}, "user": "u", "service_tier": "flex",
                         "prompt_cache_key": "k", "safety_identifier": "s", "parallel_tool_calls": true,
                         "include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"},
                         "tools": [{"type": "web_search"}], "stream": true, "stream_options": {"include_obfuscation": false}
                         )")
                .ask.unused,
            Names({"stream_options.include_obfuscation", "include: reasoning.encrypted_content", "reasoning.summary",
                   "tools[0]", "parallel_tool_calls", "metadata", "prompt_cache_key", "safety_identifier",
                   "service_tier", "store", "user"}));
}

TEST(ParseResponses, UnknownFieldsAreRefusedOrNamed) {
  EXPECT_EQ(RefusalWith(R"("wool": 1)"), "400 wool");
  RequestContext context = testing::TinyContext();
  context.unknown = UnknownFields::kWarn;
  const Parsed parsed = ParseResponses(
      Json(R"({"model": "tiny", "wool": 1, "input": [{"role": "user", "content": "Hi", "horns": 2}]})"), context);
  EXPECT_EQ(parsed.ask.unused, Names({"wool", "input[0].horns"}));
}

TEST(ResponsesDialect, AWholeAnswerHasEveryMember) {
  Parsed parsed = ParseWith(R"("max_output_tokens": 9, "temperature": 0.5, "instructions": "Bleat.",
                               "metadata": {"a": "b"}, "tools": [{"type": "web_search"}], "reasoning": {"effort": "low"})");
  const json::object whole = parsed.dialect->Whole(MadeUpHead(), {MadeUpResult(FinishReason::kStop)}, MadeUpLedger());
  EXPECT_EQ(json::serialize(whole), json::serialize(Json(R"({
    "id": "resp_0123456789abcdefghijklmn", "object": "response", "created_at": 1700000000, "status": "completed",
    "error": null, "incomplete_details": null, "model": "tiny",
    "output": [{"id": "msg_0123456789abcdefghijklmn", "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "Baa, é", "annotations": [], "logprobs": []}]}],
    "background": false, "instructions": "Bleat.", "max_output_tokens": 9, "max_tool_calls": null,
    "previous_response_id": null, "service_tier": "default", "store": false, "temperature": 0.5, "top_p": 1.0,
    "truncation": "disabled", "top_logprobs": 0, "text": {"format": {"type": "text"}},
    "reasoning": {"effort": "low", "summary": null}, "tool_choice": "auto", "tools": [{"type": "web_search"}],
    "parallel_tool_calls": true, "metadata": {"a": "b"}, "prompt_cache_key": null, "safety_identifier": null,
    "user": null,
    "usage": {"input_tokens": 20, "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 0},
              "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 23},
    "completed_at": 1700000002, "sheepop": {"seed": 7}})")));
}

TEST(ResponsesDialect, AStreamOpensAndClosesInOrder) {
  Parsed parsed = ParseWith(R"("stream": true)");
  const std::vector<SentEvent> events = NamedEventsOf(MadeUpStream(*parsed.dialect, MadeUpResult(FinishReason::kStop)));
  Names names;
  std::string text;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto& [name, data] = events[i];
    names.push_back(name);
    EXPECT_EQ(data.at("type").as_string(), name);
    EXPECT_EQ(data.at("sequence_number").as_int64(), static_cast<int64_t>(i));
    if (data.contains("response")) {
      EXPECT_EQ(data.at("response").at("id").as_string(), "resp_0123456789abcdefghijklmn");
    } else {
      EXPECT_EQ(data.at("output_index").as_int64(), 0);
    }
    if (data.contains("content_index")) {
      EXPECT_EQ(data.at("item_id").as_string(), "msg_0123456789abcdefghijklmn");
    }
    if (data.contains("delta")) text += data.at("delta").as_string();
  }
  EXPECT_EQ(names, Names({"response.created", "response.in_progress", "response.output_item.added",
                          "response.content_part.added", "response.output_text.delta", "response.output_text.delta",
                          "response.output_text.done", "response.content_part.done", "response.output_item.done",
                          "response.completed"}));
  EXPECT_EQ(text, "Baa, \u00E9");
  EXPECT_EQ(events[6].data.at("text").as_string(), text);
  Parsed same = ParseWith(R"("stream": true)");
  EXPECT_EQ(events.back().data.at("response"),
            same.dialect->Whole(MadeUpHead(), {MadeUpResult(FinishReason::kStop)}, MadeUpLedger()));
}

TEST(ResponsesDialect, ACutAnswerIsIncomplete) {
  for (const FinishReason reason : {FinishReason::kLength, FinishReason::kContext}) {
    Parsed parsed = ParseWith(R"("stream": true)");
    const SentEvent last = NamedEventsOf(MadeUpStream(*parsed.dialect, MadeUpResult(reason))).back();
    EXPECT_EQ(last.name, "response.incomplete");
    const json::object& response = last.data.at("response").as_object();
    EXPECT_EQ(response.at("status").as_string(), "incomplete");
    EXPECT_EQ(response.at("incomplete_details").at("reason").as_string(), "max_output_tokens");
    EXPECT_EQ(response.at("output").at(0).at("status").as_string(), "incomplete");
    EXPECT_FALSE(response.contains("completed_at"));
  }
}

TEST(ResponsesDialect, LogprobsSpellTheText) {
  Parsed parsed = ParseWith(R"("stream": true, "top_logprobs": 2)");
  const std::vector<SentEvent> events = NamedEventsOf(MadeUpStream(*parsed.dialect, MadeUpResult(FinishReason::kStop)));
  std::string bytes;
  json::array all;
  for (const SentEvent& event : events) {
    if (!event.data.contains("delta")) continue;
    for (const json::value& token : event.data.at("logprobs").as_array()) {
      all.push_back(token);
      for (const json::value& byte : token.at("bytes").as_array()) bytes += static_cast<char>(byte.to_number<int>());
    }
  }
  EXPECT_EQ(bytes, "Baa, \u00E9");
  EXPECT_EQ(all.at(0).at("logprob").as_double(), -0.25);
  EXPECT_EQ(all.at(0).at("top_logprobs").as_array().size(), 2u);
  EXPECT_EQ(all.at(0).at("top_logprobs").at(1).at("logprob").as_double(), -9.5);
  EXPECT_EQ(events[6].data.at("logprobs"), all);
  EXPECT_EQ(events.back().data.at("response").at("output").at(0).at("content").at(0).at("logprobs"), all);
}

TEST(ResponsesDialect, AnImpossibleTokenHasANumber) {
  Parsed parsed = ParseWith(R"("stream": true, "top_logprobs": 1)");
  parsed.dialect->Begin(MadeUpHead());
  Piece piece = testing::MadeUpPieces().at(0);
  piece.tokens[0].top = {{2, -std::numeric_limits<double>::infinity()}};
  const std::vector<SentEvent> events = NamedEventsOf(parsed.dialect->OnPiece(piece));
  EXPECT_EQ(events.at(0).data.at("logprobs").at(0).at("top_logprobs").at(0).at("logprob").to_number<double>(), -9999);
}

TEST(ResponsesDialect, TracesComeWithTheText) {
  Parsed parsed = ParseWith(R"("stream": true, "explain": true)");
  ChoiceResult result = MadeUpResult(FinishReason::kStop);
  for (TokenRecord& token : result.tokens) token.trace = Trace();
  const json::object whole = parsed.dialect->Whole(MadeUpHead(), {result}, MadeUpLedger());
  EXPECT_EQ(whole.at("output").at(0).at("content").at(0).at("sheepop").at("tokens").as_array().size(), 3u);
  parsed.dialect->Begin(MadeUpHead());
  Piece piece = testing::MadeUpPieces().at(0);
  piece.tokens[0].trace = Trace();
  piece.text.clear();
  piece.deltas.clear();
  const std::vector<SentEvent> events = NamedEventsOf(parsed.dialect->OnPiece(piece));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data.at("sheepop").at("tokens").as_array().size(), 1u);
}

TEST(ResponsesDialect, APieceWithNothingToSayIsSilent) {
  Parsed parsed = ParseWith(R"("stream": true)");
  parsed.dialect->Begin(MadeUpHead());
  Piece piece = testing::MadeUpPieces().at(0);
  piece.text.clear();
  piece.deltas.clear();
  EXPECT_EQ(parsed.dialect->OnPiece(piece), "");
}

TEST(ResponsesDialect, ABeatIsADeltaWithoutText) {
  Parsed parsed = ParseWith(R"("stream": true)");
  parsed.dialect->Begin(MadeUpHead());
  const std::vector<SentEvent> events = NamedEventsOf(parsed.dialect->Beat(12, 20));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, "response.output_text.delta");
  EXPECT_EQ(events[0].data.at("delta").as_string(), "");
  EXPECT_EQ(events[0].data.at("sequence_number").as_int64(), 4);
  EXPECT_EQ(json::serialize(events[0].data.at("sheepop")), R"({"progress":{"computed":12,"prompt":20}})");
}

TEST(ResponsesDialect, AFailureIsALifecycleEventAndAnErrorThatClientsRaise) {
  Parsed parsed = ParseWith(R"("stream": true)");
  parsed.dialect->Begin(MadeUpHead());
  parsed.dialect->OnPiece(testing::MadeUpPieces().at(0));
  ApiProblem problem;
  problem.status = 503;
  problem.type = "unavailable_error";
  problem.message = "the server stops";
  const std::vector<SentEvent> events = NamedEventsOf(parsed.dialect->Failure(problem));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "response.failed");
  const json::value& response = events[0].data.at("response");
  EXPECT_EQ(response.at("status").as_string(), "failed");
  EXPECT_EQ(json::serialize(response.at("error")), R"({"code":"server_error","message":"the server stops"})");
  EXPECT_EQ(response.at("output").at(0).at("content").at(0).at("text").as_string(), "Baa");
  EXPECT_EQ(events[1].name, "error");
  EXPECT_EQ(events[1].data.at("message").as_string(), "the server stops");
  EXPECT_EQ(events[1].data.at("error").at("message").as_string(), "the server stops");
  EXPECT_EQ(events[1].data.at("sequence_number").as_int64(), 6);
}

TEST(ResponsesDialect, AFailureHasACodeOfTheApi) {
  const auto code = [](unsigned status) {
    Parsed parsed = ParseWith(R"("stream": true)");
    parsed.dialect->Begin(MadeUpHead());
    ApiProblem problem;
    problem.status = status;
    const json::object data = NamedEventsOf(parsed.dialect->Failure(problem)).at(0).data;
    return std::string(data.at("response").at("error").at("code").as_string());
  };
  EXPECT_EQ(code(400), "invalid_prompt");
  EXPECT_EQ(code(408), "server_error");
  EXPECT_EQ(code(429), "rate_limit_exceeded");
  EXPECT_EQ(code(500), "server_error");
}

TEST(ResponsesDialect, WordsOfFailureMadeBeforehandLeaveTheStreamAsItIs) {
  ApiProblem problem;
  problem.message = "the reader was too slow";
  Parsed early = ParseWith(R"("stream": true)"), plain = ParseWith(R"("stream": true)");
  EXPECT_EQ(NamedEventsOf(early.dialect->Failure(problem)).size(), 1u) << "no response has a name yet";
  const ChoiceResult result = MadeUpResult(FinishReason::kStop);
  EXPECT_EQ(MadeUpStream(*early.dialect, result), MadeUpStream(*plain.dialect, result));
}

}  // namespace
}  // namespace sheepop
