#include "serve/api/completions.h"

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
using testing::MadeToken;
using testing::OneModel;
using testing::ProblemFrom;
using testing::ResultOf;
using testing::StreamOf;
using testing::TestHead;
using testing::TestLedger;
using testing::TinyContext;

json::object Body(std::string_view fields) {
  json::object body{{"prompt", "abc"}};
  for (const auto& [key, value] : Json(fields)) body[key] = value;
  return body;
}

Parsed Parse(std::string_view fields) { return ParseCompletions(Body(fields), TinyContext()); }

const Tokenizer& TinyTokenizer() { return *OneModel().Find("tiny")->loaded.tokenizer; }

std::string IdsText(const std::vector<Token>& ids) { return json::serialize(json::array(ids.begin(), ids.end())); }

TEST(ParseCompletions, TextsAndIdsAreThePrompts) {
  const std::vector<Token> abc = TinyTokenizer().EncodePrompt("abc"), de = TinyTokenizer().EncodePrompt("de");
  const Ask text = Parse("{}").ask;
  ASSERT_EQ(text.prompts.size(), 1u);
  EXPECT_EQ(text.prompts[0].ids, abc);
  EXPECT_EQ(text.prompts[0].text, "abc");
  EXPECT_EQ(text.prompt_field, "prompt");
  EXPECT_EQ(text.prompts[0].parts.message_tokens, std::vector<size_t>{abc.size()});
  EXPECT_EQ(text.options.max_tokens, 16u);
  EXPECT_EQ(text.n, 1u);
  EXPECT_FALSE(text.logprobs || text.score_prompt || text.stream);
  for (const std::string& prompt : {std::string(R"(["abc", "de"])"), fmt::format("[{}, {}]", IdsText(abc), IdsText(de)),
                                    fmt::format(R"(["abc", {}])", IdsText(de))}) {
    const Ask ask = Parse(fmt::format(R"({{"prompt": {}, "n": 2}})", prompt)).ask;
    ASSERT_EQ(ask.prompts.size(), 2u) << prompt;
    EXPECT_EQ(ask.prompts[0].ids, abc);
    EXPECT_EQ(ask.prompts[1].ids, de);
    EXPECT_EQ(ask.prompts[1].text, "de");
    EXPECT_EQ(ask.n, 2u);
  }
  const Ask one = Parse(fmt::format(R"({{"prompt": {}}})", IdsText(abc))).ask;
  ASSERT_EQ(one.prompts.size(), 1u);
  EXPECT_EQ(one.prompts[0].ids, abc);
  EXPECT_EQ(one.prompts[0].text, "abc");
}

TEST(ParseCompletions, NamesOfControlTokensAreTextUnlessAsked) {
  const Token end = *TinyTokenizer().Find("<|im_end|>");
  const Ask as_text = Parse(R"({"prompt": "a<|im_end|>"})").ask;
  EXPECT_EQ(std::ranges::count(as_text.prompts[0].ids, end), 0);
  const Ask parsed = Parse(R"({"prompt": "a<|im_end|>", "parse_special": true})").ask;
  EXPECT_EQ(std::ranges::count(parsed.prompts[0].ids, end), 1);
  EXPECT_EQ(parsed.prompts[0].text, "a");
  EXPECT_EQ(Parse(fmt::format(R"({{"prompt": [{}, {}]}})", *TinyTokenizer().Find("a"), end)).ask.prompts[0].text, "a");
}

TEST(ParseCompletions, WhatLmEvalSends) {
  const std::vector<Token> ids = TinyTokenizer().EncodePrompt("abc");
  const Ask ask = ParseCompletions(Json(fmt::format(R"({{"model": "tiny", "prompt": [{}], "temperature": 0,
                                                         "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}})",
                                                    IdsText(ids))),
                                   TinyContext())
                      .ask;
  EXPECT_EQ(ask.prompts[0].ids, ids);
  EXPECT_EQ(ask.options.max_tokens, 1u);
  EXPECT_EQ(ask.logprobs, 1u);
  EXPECT_TRUE(ask.score_prompt);
  EXPECT_EQ(ask.options.sampling.temperature, 0);
}

TEST(ParseCompletions, RefusesByTheField) {
  struct Row {
    std::string_view fields;
    unsigned status;
    std::string_view param;
  };
  const Row rows[] = {
      {R"({"prompt": null})", 400, "prompt"},
      {R"({"prompt": 5})", 400, "prompt"},
      {R"({"prompt": []})", 400, "prompt"},
      {R"({"prompt": [[]]})", 400, "prompt[0]"},
      {R"({"prompt": ["a", 5]})", 400, "prompt[1]"},
      {R"({"prompt": [5, "a"]})", 400, "prompt[1]"},
      {R"({"prompt": [999999]})", 400, "prompt[0]"},
      {R"({"prompt": [[5], [-1]]})", 400, "prompt[1][0]"},
      {R"({"prompt": [[5], [18446744073709551615]]})", 400, "prompt[1][0]"},
      {R"({"prompt": [5, 1.5]})", 400, "prompt[1]"},
      {R"({"prompt": ""})", 400, "prompt"},
      {R"({"max_tokens": 0})", 400, "max_tokens"},
      {R"({"logprobs": 6})", 400, "logprobs"},
      {R"({"logprobs": true})", 400, "logprobs"},
      {R"({"echo": 1})", 400, "echo"},
      {R"({"n": 0})", 400, "n"},
      {R"({"suffix": "x"})", 501, "suffix"},
      {R"({"best_of": 2})", 501, "best_of"},
      {R"({"n": 3, "best_of": 2})", 400, "best_of"},
      {R"({"prompt": ["a", "b"], "record": true})", 400, "record"},
      {R"({"stream_options": {}})", 400, "stream_options"},
      {R"({"guided_json": {"type": "objekt"}})", 400, "guided_json"},
      {R"({"tools": []})", 400, "tools"},
      {R"({"top_logprobs": 3})", 400, "top_logprobs"},
      {R"({"messages": []})", 400, "messages"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = ProblemFrom([&] { Parse(row.fields); });
    EXPECT_EQ(problem.status, row.status) << row.fields;
    EXPECT_EQ(problem.param, row.param) << row.fields << ": " << problem.message;
  }
  EXPECT_NO_THROW(Parse(R"({"n": 2, "best_of": 2, "user": "ada"})"));
  const json::object many{{"prompt", json::array(kMostPrompts + 1, "a")}};
  EXPECT_EQ(ProblemFrom([&] { ParseCompletions(many, TinyContext()); }).param, "prompt");
}

TEST(ParseCompletions, TextThatTheVocabularyCannotSpellIsItsFields) {
  const RequestContext context{.models = testing::TwoModels()};
  const ApiProblem problem =
      ProblemFrom([&] { ParseCompletions(Json("{\"model\": \"plain\", \"prompt\": [\"a\", \"\u2603\"]}"), context); });
  EXPECT_EQ(problem.status, 501u);
  EXPECT_EQ(problem.param, "prompt[1]");
}

TEST(ParseCompletions, KnowsEveryFieldAndNoOther) {
  for (std::string name :
       {"prompt", "model", "max_tokens", "n", "best_of", "echo", "logprobs", "suffix", "stream", "stream_options",
        "return_token_ids", "add_special_tokens", "parse_special", "stop", "seed", "logit_bias", "user"}) {
    json::object wrong = Body("{}");
    wrong[name + "q"] = 1;
    const ApiProblem problem = ProblemFrom([&] { ParseCompletions(wrong, TinyContext()); });
    EXPECT_EQ(problem.param, name + "q");
    EXPECT_NE(problem.message.find(fmt::format("did you mean {}?", name)), std::string::npos) << problem.message;
  }
}

// Three choices with their prompts' scores; the second is cut inside a character, the third ends at once.
struct Made {
  explicit Made(std::string_view fields) : parsed(Parse(fields)) {
    const ServedModel& model = *parsed.ask.model;
    choices = {MadePieces(model, 0, {"a", "\n", "b"}), {}, MadePieces(model, 2, {"<|im_end|>"})};
    const std::string wide = "\xe2\x82\xac";  // a euro sign, as three byte tokens that become text together
    Piece piece{.choice = 1, .text = "x" + wide, .tokens = {}};
    for (const std::string& bytes : {std::string("x"), wide.substr(0, 1), wide.substr(1, 1), wide.substr(2, 1)}) {
      piece.tokens.push_back(MadeToken(model, bytes, -1.5));
    }
    choices[1] = {piece};
    for (const auto& pieces : choices) {
      results.push_back(ResultOf(pieces, pieces[0].choice == 2 ? FinishReason::kStop : FinishReason::kLength));
      if (!parsed.ask.score_prompt) continue;
      for (std::string_view token : {"a", "b", "c"}) results.back().prompt.push_back(MadeToken(model, token, -0.25));
      results.back().prompt[0].logprob.reset();
      results.back().prompt[0].top.clear();
    }
  }
  json::object Whole() { return parsed.dialect->Whole(TestHead(), results, TestLedger()); }

  Parsed parsed;
  std::vector<std::vector<Piece>> choices;
  std::vector<ChoiceResult> results;
};

// The choices of a stream, put together.
json::array Joined(const std::vector<json::object>& events) {
  json::array choices(3, nullptr);
  for (const json::object& event : events) {
    if (event.empty() || event.at("choices").as_array().empty()) continue;
    json::object choice = event.at("choices").at(0).as_object();
    json::value& joined = choices[choice.at("index").to_number<size_t>()];
    if (joined.is_null()) {
      joined = std::move(choice);
      continue;
    }
    EXPECT_TRUE(joined.at("finish_reason").is_null()) << "nothing comes after the end";
    joined.at("text").as_string() += choice.at("text").as_string();
    joined.at("finish_reason") = choice.at("finish_reason");
    if (choice.at("logprobs").is_null()) continue;
    if (joined.at("logprobs").is_null()) {
      joined.at("logprobs") = choice.at("logprobs");
      continue;
    }
    for (auto& [key, list] : choice.at("logprobs").as_object()) {
      for (json::value& element : list.as_array()) joined.at("logprobs").at(key).as_array().push_back(element);
    }
  }
  return choices;
}

TEST(CompletionsDialect, StreamIsTheWhole) {
  for (std::string_view fields : {R"({"n": 3})", R"({"n": 3, "logprobs": 2})", R"({"n": 3, "echo": true})",
                                  R"({"n": 3, "echo": true, "logprobs": 1})", R"({"n": 3, "logprobs": 0})"}) {
    Made made(fields), streamed(fields);
    const json::object whole = made.Whole();
    EXPECT_EQ(whole.at("object"), "text_completion");
    EXPECT_EQ(whole.at("id"), "cmpl-0123456789abcdefghijklmn");
    const std::vector<json::object> events =
        EventsOf(StreamOf(*streamed.parsed.dialect, streamed.choices, streamed.results));
    EXPECT_TRUE(events.back().empty());
    EXPECT_EQ(events[events.size() - 2].at("sheepop").at("seed"), 7);
    EXPECT_EQ(json::value(Joined(events)), whole.at("choices")) << fields;
    EXPECT_EQ(whole.at("choices").at(1).at("text"), fields.find("echo") == fields.npos ? "x\u20ac" : "abcx\u20ac");
    EXPECT_EQ(whole.at("choices").at(2).at("finish_reason"), "stop");
  }
}

TEST(CompletionsDialect, EchoHasOneEntryForEachIdAndOneMore) {
  Made made(R"({"n": 3, "echo": true, "logprobs": 1, "max_tokens": 1})");
  const json::object whole = made.Whole();
  const json::object& logprobs = whole.at("choices").at(2).at("logprobs").as_object();
  for (const auto& [key, list] : logprobs) EXPECT_EQ(list.as_array().size(), 4u) << key;
  EXPECT_TRUE(logprobs.at("token_logprobs").at(0).is_null());
  EXPECT_TRUE(logprobs.at("top_logprobs").at(0).is_null());
  EXPECT_EQ(json::serialize(logprobs.at("tokens")), R"(["a","b","c","<|im_end|>"])");
  EXPECT_EQ(json::serialize(logprobs.at("text_offset")), "[0,1,2,3]");
  for (size_t i = 1; i < 4; ++i) {  // as lm-evaluation-harness finds out what greedy is
    double best = -1e9;
    for (const auto& [key, logprob] : logprobs.at("top_logprobs").at(i).as_object()) {
      best = std::max(best, logprob.as_double());
    }
    EXPECT_EQ(best, logprobs.at("token_logprobs").at(i).as_double());
  }
}

TEST(CompletionsDialect, OffsetsOfAPromptAreThoseOfItsText) {
  Made made(R"({"n": 3, "echo": true, "logprobs": 1})");
  const ServedModel& model = *made.parsed.ask.model;
  ChoiceResult& result = made.results[0];
  result.prompt = {MadeToken(model, "<|endoftext|>", -1), MadeToken(model, " ", -1), MadeToken(model, "a", -1)};
  const json::object whole = made.Whole();
  EXPECT_EQ(json::serialize(whole.at("choices").at(0).at("logprobs").at("text_offset")), "[0,0,0,1,2,3]")
      << "a control token, and the space that some tokenizers put in front, are not in the text";
}

TEST(CompletionsDialect, OffsetsCountCharacters) {
  Made made(R"({"n": 3, "logprobs": 0})");
  const json::object whole = made.Whole();
  EXPECT_EQ(json::serialize(whole.at("choices").at(0).at("logprobs").at("text_offset")), "[0,1,2]");
  EXPECT_EQ(json::serialize(whole.at("choices").at(1).at("logprobs").at("text_offset")), "[0,1,1,1]");
  EXPECT_EQ(json::serialize(whole.at("choices").at(1).at("logprobs").at("tokens")),
            R"(["x","bytes:\\xe2","bytes:\\x82","bytes:\\xac"])");
}

TEST(CompletionsDialect, TokensThatPrintAlikeAreApart) {
  Made made(R"({"n": 3, "logprobs": 5})");
  const Token a = TinyTokenizer().Find("a").value();
  TokenRecord& token = made.results[0].tokens[0];
  token.top = {{a, -1}, {a, -2}, {a, -3}, {a, -4}, {a, -5}};  // stands for five tokens of the same bytes
  const json::object whole = made.Whole();
  const json::object& map = whole.at("choices").at(0).at("logprobs").at("top_logprobs").at(0).as_object();
  EXPECT_EQ(map.size(), 5u);
  EXPECT_EQ(map.at("a"), -1.0);
  EXPECT_EQ(map.at("bytes:\\x61"), -2.0);
}

TEST(CompletionsDialect, TheDrawnTokenIsInTheMap) {
  Made made(R"({"n": 3, "logprobs": 1})");
  TokenRecord& token = made.results[0].tokens[0];
  token.logprob = -7;
  token.top = {{token.id + 1, -1}, {token.id + 2, -2}};
  const json::object whole = made.Whole();
  EXPECT_EQ(json::serialize(whole.at("choices").at(0).at("logprobs").at("top_logprobs").at(0)),
            R"({"b":-1E0,"a":-7E0})");
}

TEST(CompletionsDialect, ABeatIsAnEmptyText) {
  Parsed parsed = Parse(R"({"stream": true, "echo": true, "logprobs": 1})");
  EXPECT_EQ(parsed.dialect->Begin(TestHead()), "");
  const json::object beat = EventsOf(parsed.dialect->Beat(1, 3)).at(0);
  EXPECT_EQ(json::serialize(beat.at("choices")), R"([{"text":"","logprobs":null,"finish_reason":null,"index":0}])");
}

}  // namespace
}  // namespace sheepop
