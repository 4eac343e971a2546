#include "serve/api/chat.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

namespace json = boost::json;

using testing::EventsOf;
using testing::Json;
using testing::MadePieces;
using testing::OneModel;
using testing::ProblemFrom;
using testing::ResultOf;
using testing::StreamOf;
using testing::TestHead;
using testing::TestLedger;
using testing::TinyContext;

json::object Body(std::string_view fields = "{}") {
  json::object body = Json(R"({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]})");
  for (const auto& [key, value] : Json(fields)) body[key] = value;
  return body;
}

Parsed Parse(std::string_view fields = "{}") { return ParseChat(Body(fields), TinyContext()); }

ApiProblem Problem(std::string_view fields) {
  return ProblemFrom([&] { Parse(fields); });
}

TEST(ParseChat, AsksTheModelForOneAnswer) {
  const Parsed parsed = Parse();
  const Ask& ask = parsed.ask;
  EXPECT_EQ(ask.model, OneModel().Find("tiny"));
  ASSERT_EQ(ask.prompts.size(), 1u);
  EXPECT_EQ(ask.prompts[0].text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(ask.n, 1u);
  EXPECT_EQ(ask.options.max_tokens, SIZE_MAX);
  EXPECT_FALSE(ask.stream || ask.logprobs || ask.score_prompt || ask.explain);
  EXPECT_TRUE(ask.unused.empty());
}

TEST(ParseChat, ReadsWhatItIsAsked) {
  const Ask ask = Parse(R"({"model": "gpt-tiny", "max_completion_tokens": 7, "max_tokens": 7, "n": 3, "stream": true,
                            "stream_options": {"include_usage": true, "include_obfuscation": false}, "seed": 5,
                            "logprobs": true, "top_logprobs": 4, "stop": ["x", "y"], "temperature": 0,
                            "explain": true})")
                      .ask;
  EXPECT_EQ(ask.options.max_tokens, 7u);
  EXPECT_EQ(ask.n, 3u);
  EXPECT_TRUE(ask.stream && ask.explain);
  EXPECT_EQ(ask.logprobs, 4u);
  EXPECT_EQ(ask.options.stops, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(ask.options.sampling.seed, 5u);
  EXPECT_EQ(ask.options.sampling.temperature, 0);
  EXPECT_EQ(ask.unused, std::vector<std::string>{"stream_options.include_obfuscation"});
  EXPECT_EQ(Parse(R"({"max_tokens": 9})").ask.options.max_tokens, 9u);
  EXPECT_EQ(Parse(R"({"logprobs": true})").ask.logprobs, 0u);
  EXPECT_FALSE(Parse(R"({"logprobs": false})").ask.logprobs);
  EXPECT_TRUE(Parse(R"({"messages": [{"role": "assistant", "content": "so"}], "continue_final_message": true})")
                  .ask.prompts[0]
                  .text.ends_with("assistant\nso"));
  EXPECT_TRUE(Parse(R"({"add_generation_prompt": false})").ask.prompts[0].text.ends_with("<|im_end|>\n"));
}

TEST(ParseChat, NamesWhatCannotChangeTheText) {
  const Ask ask = Parse(R"({"store": true, "metadata": {"a": "b"}, "user": "ada", "service_tier": "auto",
                            "safety_identifier": "s", "moderation": {}, "prompt_cache_key": "k",
                            "prompt_cache_options": {}, "prediction": {"type": "content", "content": "x"},
                            "verbosity": "low", "reasoning_effort": "high"})")
                      .ask;
  for (std::string_view name :
       {"store", "metadata", "user", "service_tier", "safety_identifier", "moderation", "prompt_cache_key",
        "prompt_cache_options", "prediction", "verbosity", "reasoning_effort"}) {
    EXPECT_NE(std::ranges::find(ask.unused, name), ask.unused.end()) << name;
  }
}

TEST(ParseChat, RefusesByTheField) {
  struct Row {
    std::string_view fields;
    unsigned status;
    std::string_view param;
  };
  const Row rows[] = {
      {R"({"model": "other"})", 404, "model"},
      {R"({"messages": null})", 400, "messages"},
      {R"({"messages": []})", 400, "messages"},
      {R"({"messages": "Hi"})", 400, "messages"},
      {R"({"messages": [{"role": "user"}]})", 400, "messages[0].content"},
      {R"({"top_logprobs": 5})", 400, "top_logprobs"},
      {R"({"logprobs": true, "top_logprobs": 21})", 400, "top_logprobs"},
      {R"({"logprobs": true, "top_logprobs": -1})", 400, "top_logprobs"},
      {R"({"logprobs": 1})", 400, "logprobs"},
      {R"({"stream_options": {"include_usage": true}})", 400, "stream_options"},
      {R"({"stream": true, "stream_options": {"include_use": true}})", 400, "stream_options.include_use"},
      {R"({"n": 0})", 400, "n"},
      {R"({"n": 9})", 400, "n"},
      {R"({"top_p": 1.5})", 400, "top_p"},
      {R"({"presence_penalty": 3})", 400, "presence_penalty"},
      {R"({"stop": [""]})", 400, "stop"},
      {R"({"max_tokens": 0})", 400, "max_tokens"},
      {R"({"max_tokens": 5, "max_completion_tokens": 6})", 400, "max_tokens"},
      {R"({"add_generation_prompt": true, "continue_final_message": true})", 400, "continue_final_message"},
      {R"({"reasoning_effort": "extreme"})", 400, "reasoning_effort"},
      {R"({"verbosity": "none"})", 400, "verbosity"},
      {R"({"tools": [{"type": "function", "function": {"name": "f f"}}]})", 400, "tools[0].function.name"},
      {R"({"tool_choice": "required"})", 400, "tool_choice"},
      {R"({"response_format": {"type": "xml"}})", 400, "response_format.type"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "objekt"}}}})", 400,
       "response_format"},
      {R"({"thinking": {"type": "hard"}})", 400, "thinking.type"},
      {R"({"max_token": 5})", 400, "max_token"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = Problem(row.fields);
    EXPECT_EQ(problem.status, row.status) << row.fields;
    EXPECT_EQ(problem.param, row.param) << row.fields << ": " << problem.message;
  }
}

TEST(ParseChat, KnowsEveryFieldAndNoOther) {
  std::vector<std::string> names = {"messages",
                                    "model",
                                    "max_completion_tokens",
                                    "max_tokens",
                                    "n",
                                    "stream",
                                    "stream_options",
                                    "logprobs",
                                    "top_logprobs",
                                    "reasoning_effort",
                                    "verbosity",
                                    "chat_template_kwargs",
                                    "enable_thinking",
                                    "add_generation_prompt",
                                    "continue_final_message",
                                    "return_token_ids",
                                    "repetition_penalty",
                                    "stop",
                                    "ignore_eos",
                                    "include_stop_str_in_output",
                                    "explain",
                                    "explain_top",
                                    "record",
                                    "return_progress",
                                    "cache_prompt",
                                    "id_slot",
                                    "priority",
                                    "timings_per_token",
                                    "store",
                                    "metadata",
                                    "user",
                                    "service_tier",
                                    "safety_identifier",
                                    "moderation",
                                    "prompt_cache_key",
                                    "prompt_cache_options",
                                    "prompt_cache_retention",
                                    "prediction",
                                    "tools",
                                    "tool_choice",
                                    "parallel_tool_calls",
                                    "functions",
                                    "function_call",
                                    "response_format",
                                    "structured_outputs",
                                    "show_schema",
                                    "thinking",
                                    "guided_json",
                                    "guided_regex",
                                    "guided_choice",
                                    "guided_grammar",
                                    "lora",
                                    "modalities",
                                    "audio"};
  for (const OptionRow& row : kSamplingTable.rows()) names.emplace_back(row.name);
  for (const std::string& name : names) {
    json::object none = Body();
    if (!none.contains(name)) none[name] = nullptr;
    EXPECT_NO_THROW(ParseChat(none, TinyContext())) << name;
    json::object wrong = Body();
    wrong[name + "q"] = 1;
    const ApiProblem problem = ProblemFrom([&] { ParseChat(wrong, TinyContext()); });
    EXPECT_EQ(problem.param, name + "q");
    EXPECT_NE(problem.message.find(fmt::format("did you mean {}?", name)), std::string::npos) << problem.message;
    RequestContext lenient = {.models = OneModel(), .unknown = UnknownFields::kWarn};
    EXPECT_EQ(ParseChat(wrong, lenient).ask.unused, std::vector<std::string>{name + "q"});
  }
}

// Two answers of the model: one that ends by itself, one that is cut.
struct Made {
  explicit Made(std::string_view fields) : parsed(Parse(fields)) {
    const ServedModel& model = *parsed.ask.model;
    choices = {MadePieces(model, 0, {"a", "b", "<|im_end|>"}), MadePieces(model, 1, {"c", "\n", "d"})};
    results = {ResultOf(choices[0], FinishReason::kStop), ResultOf(choices[1], FinishReason::kLength)};
  }
  json::object Whole() { return parsed.dialect->Whole(TestHead(), results, TestLedger()); }
  std::vector<json::object> Events() { return EventsOf(StreamOf(*parsed.dialect, choices, results)); }

  Parsed parsed;
  std::vector<std::vector<Piece>> choices;
  std::vector<ChoiceResult> results;
};

TEST(ChatDialect, WholeAnswer) {
  const json::object answer = Made(R"({"n": 2})").Whole();
  EXPECT_EQ(answer.at("id"), "chatcmpl-0123456789abcdefghijklmn");
  EXPECT_EQ(answer.at("object"), "chat.completion");
  EXPECT_EQ(answer.at("created"), 1'700'000'000);
  EXPECT_EQ(answer.at("model"), "tiny");
  const json::array& choices = answer.at("choices").as_array();
  ASSERT_EQ(choices.size(), 2u);
  EXPECT_EQ(json::serialize(choices[0].at("message")), R"({"role":"assistant","content":"ab","refusal":null})");
  EXPECT_TRUE(choices[0].at("logprobs").is_null());
  EXPECT_EQ(choices[0].at("finish_reason"), "stop");
  EXPECT_EQ(choices[1].at("index"), 1);
  EXPECT_EQ(choices[1].at("message").at("content"), "c\nd");
  EXPECT_EQ(choices[1].at("finish_reason"), "length");
  EXPECT_EQ(
      json::serialize(answer.at("usage")),
      R"({"prompt_tokens":20,"completion_tokens":6,"total_tokens":26,"prompt_tokens_details":{"cached_tokens":16},)"
      R"("completion_tokens_details":{"reasoning_tokens":0,"accepted_prediction_tokens":0,)"
      R"("rejected_prediction_tokens":0}})");
  EXPECT_EQ(answer.at("sheepop").at("seed"), 7);
}

TEST(ChatDialect, StreamIsTheWholeInOrder) {
  Made made(R"({"n": 2, "stream": true, "logprobs": true, "top_logprobs": 2})");
  const json::object whole = made.Whole();
  const std::vector<json::object> events = made.Events();
  std::string text[2];
  json::array logprobs[2];
  std::string finish[2];
  size_t roles[2] = {0, 0};
  ASSERT_TRUE(events.back().empty()) << "[DONE]";
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json::object& chunk = events[i];
    EXPECT_EQ(chunk.at("id"), whole.at("id"));
    EXPECT_EQ(chunk.at("created"), whole.at("created"));
    EXPECT_EQ(chunk.at("model"), whole.at("model"));
    EXPECT_EQ(chunk.at("object"), "chat.completion.chunk");
    EXPECT_FALSE(chunk.contains("usage"));
    EXPECT_EQ(chunk.contains("sheepop"), i + 2 == events.size());
    ASSERT_EQ(chunk.at("choices").as_array().size(), 1u);
    const json::object& choice = chunk.at("choices").at(0).as_object();
    const auto index = choice.at("index").to_number<size_t>();
    EXPECT_TRUE(i >= 2 || index == i) << "choice 0 comes first";
    const json::object& delta = choice.at("delta").as_object();
    EXPECT_EQ(delta.contains("role"), i < 2);
    roles[index] += delta.contains("role");
    EXPECT_TRUE(finish[index].empty()) << "nothing comes after the end";
    if (!choice.at("finish_reason").is_null()) {
      EXPECT_TRUE(delta.empty());
      finish[index] = choice.at("finish_reason").as_string();
    } else {
      text[index] += delta.at("content").as_string();
    }
    if (choice.at("logprobs").is_null()) continue;
    for (const json::value& entry : choice.at("logprobs").at("content").as_array()) logprobs[index].push_back(entry);
  }
  for (size_t i = 0; i < 2; ++i) {
    const json::value& choice = whole.at("choices").at(i);
    EXPECT_EQ(roles[i], 1u);
    EXPECT_EQ(text[i], choice.at("message").at("content").as_string());
    EXPECT_EQ(finish[i], choice.at("finish_reason").as_string());
    EXPECT_EQ(json::serialize(logprobs[i]), json::serialize(choice.at("logprobs").at("content")));
  }
}

TEST(ChatDialect, BytesOfLogprobsAreTheText) {
  Made made(R"({"n": 2, "logprobs": true, "top_logprobs": 2})");
  const json::object whole = made.Whole();
  std::string text;
  const json::array& content = whole.at("choices").at(0).at("logprobs").at("content").as_array();
  for (const json::value& entry : content) {
    for (const json::value& byte : entry.at("bytes").as_array())
      text.push_back(static_cast<char>(byte.to_number<int>()));
    ASSERT_EQ(entry.at("top_logprobs").as_array().size(), 2u);
    EXPECT_EQ(entry.at("top_logprobs").at(0).at("token"), entry.at("token"));
    EXPECT_EQ(entry.at("top_logprobs").at(0).at("logprob"), entry.at("logprob"));
  }
  EXPECT_EQ(text, "ab");
  EXPECT_EQ(content[2].at("token"), "<|im_end|>");
  EXPECT_TRUE(content[2].at("bytes").as_array().empty());
}

TEST(ChatDialect, ImpossibleTokensHaveANumber) {
  Made made(R"({"logprobs": true, "top_logprobs": 2})");
  made.results.pop_back();
  made.results[0].tokens[0].logprob = -std::numeric_limits<double>::infinity();
  const std::string text = json::serialize(made.Whole());
  EXPECT_EQ(Json(text).at("choices").at(0).at("logprobs").at("content").at(0).at("logprob"), -9999.0);
}

TEST(ChatDialect, LogprobsAreTheSameNumbersInTheText) {
  for (double logprob : {-0.1, -1.0 / 3, -2.2250738585072014e-308, -123456.789012345678}) {
    Made made(R"({"logprobs": true, "top_logprobs": 2})");
    made.results.pop_back();
    made.results[0].tokens[0].logprob = logprob;
    made.results[0].tokens[0].top[0].second = logprob;
    const std::string text = json::serialize(made.Whole());
    size_t found = 0;
    const std::string number = json::serialize(json::value(logprob));
    for (size_t at = text.find(number); at != std::string::npos; at = text.find(number, at + 1)) ++found;
    EXPECT_EQ(found, 2u) << text;
    EXPECT_EQ(std::strtod(number.c_str(), nullptr), logprob);
  }
}

TEST(ChatDialect, UsageIsTheLastChunkWhereAskedFor) {
  Made made(R"({"n": 2, "stream": true, "stream_options": {"include_usage": true}})");
  const std::vector<json::object> events = made.Events();
  size_t with_choices = 0;
  for (size_t i = 0; i + 2 < events.size(); ++i) {
    EXPECT_TRUE(events[i].at("usage").is_null());
    EXPECT_FALSE(events[i].contains("sheepop"));
    with_choices += !events[i].at("choices").as_array().empty();
  }
  EXPECT_EQ(with_choices, events.size() - 2);
  const json::object& usage = events[events.size() - 2];
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage"), made.Whole().at("usage"));
  EXPECT_EQ(usage.at("sheepop").at("seed"), 7);
}

TEST(ChatDialect, UsageOfEachChunkWhereAskedFor) {
  Made made(R"({"n": 2, "stream": true, "stream_options": {"continuous_usage_stats": true}})");
  const std::vector<json::object> events = made.Events();
  int64_t written = 0;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json::value& usage = events[i].at("usage");
    EXPECT_GE(usage.at("completion_tokens").to_number<int64_t>(), written);
    written = usage.at("completion_tokens").to_number<int64_t>();
    EXPECT_EQ(usage.at("total_tokens").to_number<int64_t>(), usage.at("prompt_tokens").to_number<int64_t>() + written);
  }
  EXPECT_EQ(written, 6);
}

TEST(ChatDialect, PiecesWithoutTextSayNothingUnlessAsked) {
  const Piece silent{.choice = 0, .text = "", .tokens = {testing::MadeToken(*OneModel().Find("tiny"), "a", -1)}};
  for (const auto& [fields, says] : {std::pair("{}", false), std::pair(R"({"logprobs": true})", true),
                                     std::pair(R"({"return_token_ids": true})", true)}) {
    Parsed parsed = Parse(fields);
    parsed.dialect->Begin(TestHead());
    EXPECT_EQ(!parsed.dialect->OnPiece(silent).empty(), says) << fields;
  }
}

TEST(ChatDialect, TokenIdsStreamedAndNot) {
  Made made(R"({"n": 2, "return_token_ids": true})");
  made.results[0].ids.push_back(5);  // what a stop string took back
  const json::object whole = made.Whole();
  json::array ids[2];
  for (const json::object& chunk : made.Events()) {
    if (chunk.empty()) continue;
    const json::object& choice = chunk.at("choices").at(0).as_object();
    if (!choice.contains("token_ids")) {
      EXPECT_EQ(choice.at("prompt_token_ids"), whole.at("choices").at(0).at("prompt_token_ids"));
      continue;
    }
    for (const json::value& id : choice.at("token_ids").as_array()) {
      ids[choice.at("index").to_number<size_t>()].push_back(id);
    }
  }
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(json::value(ids[i]), whole.at("choices").at(i).at("token_ids"));
  EXPECT_EQ(ids[0].size(), 4u);
  EXPECT_EQ(whole.at("choices").at(1).at("prompt_token_ids").as_array().size(), made.parsed.ask.prompts[0].ids.size());
}

TEST(ChatDialect, TracesStreamedAndNot) {
  Made made(R"({"n": 2, "explain": true})");
  for (size_t i = 0; i < 2; ++i) {
    for (size_t t = 0; t < 3; ++t) {
      Trace trace;
      trace.position = 10 * i + t;
      trace.chosen.token = made.results[i].ids[t];
      trace.entry.name = "logits";
      made.choices[i][t].tokens[0].trace = made.results[i].tokens[t].trace = trace;
    }
  }
  const json::object whole = made.Whole();
  json::array tokens[2];
  for (const json::object& chunk : made.Events()) {
    if (chunk.empty()) continue;
    const json::object& choice = chunk.at("choices").at(0).as_object();
    if (!choice.contains("sheepop")) continue;
    for (const json::value& token : choice.at("sheepop").at("tokens").as_array()) {
      tokens[choice.at("index").to_number<size_t>()].push_back(token);
    }
  }
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(tokens[i].size(), 3u);
    EXPECT_EQ(json::value(tokens[i]), whole.at("choices").at(i).at("sheepop").at("tokens"));
  }
  EXPECT_EQ(tokens[1][2].at("position"), 12);
  EXPECT_EQ(tokens[0][0].at("chosen").at("piece"), "a");
  std::string text;
  for (const json::value& token : tokens[0]) {
    for (const json::value& byte : token.at("bytes").as_array()) text += static_cast<char>(byte.to_number<int>());
  }
  EXPECT_EQ(text, made.results[0].text);
}

TEST(ChatDialect, ABeatIsAnEmptyDeltaOfWhatIsStillWritten) {
  Made made(R"({"n": 2, "stream": true})");
  Dialect& dialect = *made.parsed.dialect;
  dialect.Begin(TestHead());
  const json::object beat = EventsOf(dialect.Beat(3, 20)).at(0);
  EXPECT_EQ(json::serialize(beat.at("choices")), R"([{"delta":{},"logprobs":null,"finish_reason":null,"index":0}])");
  EXPECT_EQ(json::serialize(beat.at("sheepop")), R"({"progress":{"computed":3,"prompt":20}})");
  dialect.OnFinish(0, made.results[0]);
  EXPECT_EQ(EventsOf(dialect.Beat(3, 20)).at(0).at("choices").at(0).at("index"), 1);
  dialect.OnFinish(1, made.results[1]);
  EXPECT_EQ(dialect.Beat(3, 20), "");
}

TEST(ChatDialect, AFailureIsAnErrorEvent) {
  Parsed parsed = Parse();
  parsed.dialect->Begin(TestHead());
  EXPECT_EQ(parsed.dialect->Failure({.status = 500, .type = "server_error", .message = "memory is short"}),
            "data: {\"error\":{\"message\":\"memory is short\",\"type\":\"server_error\",\"param\":null,\"code\":null}}"
            "\n\n");
}

TEST(ChatDialect, TheContextsEndIsALength) {
  Made made("{}");
  made.results = {made.results[0]};
  made.results[0].reason = FinishReason::kContext;
  EXPECT_EQ(made.Whole().at("choices").at(0).at("finish_reason"), "length");
}

}  // namespace
}  // namespace sheepop
