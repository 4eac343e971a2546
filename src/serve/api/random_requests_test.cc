// Whatever a request's body is: it is understood, or refused as an ApiError that says what is wrong.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <random>

#include "base/utf8.h"
#include "serve/api/chat.h"
#include "serve/api/completions.h"
#include "serve/api/embeddings.h"
#include "serve/api/messages.h"
#include "serve/api/responses.h"
#include "serve/api/test_support.h"
#include "serve/api/tokens.h"
#include "testing/sanitized.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// Runs the answer of an ask, too, so that a dialect meets all that parsers let through.
void Run(Parsed parsed) {
  const Ask& ask = parsed.ask;
  std::vector<std::vector<Piece>> pieces;
  std::vector<ChoiceResult> results;
  for (size_t choice = 0; choice < ask.prompts.size() * ask.n; ++choice) {
    pieces.push_back(testing::MadePieces(*ask.model, choice, {"a", "b"}));
    results.push_back(testing::ResultOf(pieces.back(), FinishReason::kStop));
  }
  testing::StreamOf(*parsed.dialect, pieces, results);
  parsed.dialect->Whole(testing::TestHead(), results, testing::TestLedger());
}

struct Api {
  std::string_view body;
  void (*run)(const json::object& body);
};

const Api kApis[] = {
    {R"({"model": "tiny", "messages": [{"role": "developer", "content": "Be brief."},
         {"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "ada"},
         {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "index": 0,
          "function": {"name": "f", "arguments": "{\"a\": [1]}"}}]},
         {"role": "tool", "tool_call_id": "c", "content": "4"}], "n": 2, "max_tokens": 5, "logprobs": true,
         "top_logprobs": 2, "stop": ["x", "y"], "logit_bias": {"5": 1}, "banned": [7, "a"], "bad_sequences": ["1,2"],
         "samplers": "top_k;top_p", "stream": true, "stream_options": {"include_usage": true},
         "chat_template_kwargs": {"a": 1}, "response_format": {"type": "text"}, "tools": [{"type": "web_search"}],
         "tool_choice": "auto", "seed": 5, "profile": "openai", "return_token_ids": true, "explain": true})",
     [](const json::object& body) { Run(ParseChat(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "so "}],
         "continue_final_message": true, "add_generation_prompt": false, "reasoning_effort": "none",
         "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object",
          "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}, "show_schema": false})",
     [](const json::object& body) { Run(ParseChat(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"type": "function", "function":
         {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
         "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
         "thinking": {"type": "enabled", "budget_tokens": 9}, "lenient": true, "whitespace": "compact"})",
     [](const json::object& body) { Run(ParseChat(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "prompt": ["a", [5, 6]], "echo": true, "logprobs": 2, "n": 2, "best_of": 2, "stop": "x",
         "parse_special": true, "add_special_tokens": false, "max_tokens": 3, "repetition_penalty": 1.5,
         "structured_outputs": {"choice": ["a", "b"]}})",
     [](const json::object& body) { Run(ParseCompletions(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
         {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
         {"type": "function_call_output", "call_id": "c", "output": "4"}], "instructions": "Be brief.", "stream": true,
         "text": {"format": {"type": "json_object"}}, "tools": [{"type": "function", "name": "f", "parameters": {}}],
         "tool_choice": "auto", "reasoning": {"effort": "low"}, "max_output_tokens": 4})",
     [](const json::object& body) { Run(ParseResponses(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "max_tokens": 4, "system": [{"type": "text", "text": "Be brief."}], "messages": [
         {"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f",
          "input": {"a": 1}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
          "content": [{"type": "text", "text": "4"}]}]}], "stop_sequences": ["x"], "thinking": {"type": "disabled"},
         "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"},
         "output_config": {"format": {"type": "json_schema", "schema": {}}}})",
     [](const json::object& body) { Run(ParseMessages(body, testing::TinyContext())); }},
    {R"({"model": "tiny", "input": ["a", [5]], "encoding_format": "base64", "pooling": "last"})",
     [](const json::object& body) { ParseEmbeddings(body, testing::TinyContext()); }},
    {R"({"model": "tiny", "content": "a", "with_pieces": true, "add_special": true, "return_token_strs": true})",
     [](const json::object& body) { TokenizeText(body, testing::TinyContext()); }},
    {R"({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "with_pieces": true})",
     [](const json::object& body) { TokenizeText(body, testing::TinyContext()); }},
    {R"({"model": "tiny", "tokens": [1, 2]})",
     [](const json::object& body) { DetokenizeIds(body, testing::TinyContext()); }},
};

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  json::object Change(const json::object& body) {
    json::value changed = body;
    for (size_t times = 1 + Below(2); times > 0; --times) ChangeOne(changed);
    return changed.is_object() ? changed.get_object() : json::object();
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }

  void ChangeOne(json::value& root) {
    json::value* at = &root;
    for (size_t depth = Below(6); depth > 0; --depth) {
      if (json::object* const object = at->if_object(); object && !object->empty()) {
        at = &(object->begin() + static_cast<long>(Below(object->size())))->value();
      } else if (json::array* const array = at->if_array(); array && !array->empty()) {
        at = &(*array)[Below(array->size())];
      }
    }
    json::object* const object = at->if_object();
    json::array* const array = at->if_array();
    if (object && !object->empty() && Below(2) == 0) {
      const auto member = object->begin() + static_cast<long>(Below(object->size()));
      const std::string key(member->key());
      const json::value value = member->value();
      if (Below(2) == 0) object->erase(key);
      if (Below(2) == 0) (*object)[key + "x"] = value;
    } else if (array && !array->empty() && Below(2) == 0) {
      array->push_back((*array)[Below(array->size())]);
    } else {
      *at = Any();
    }
  }

  json::value Any() {
    static const json::array values = ParseJson(R"([null, true, false, 0, 1, -1, 2, 5, 64, 1e308, -1e-308, 0.5, 1.5,
        9223372036854775807, 18446744073709551615, -9223372036854775808, "", "a", "-1", "none", "auto", "\u0000",
        "<|im_end|>", "\ud83d\ude00", [], {}, [[]], [{}], [1], ["a"], {"a": {"a": []}}, {"type": "text"},
        {"type": "function"}, {"role": "user", "content": "a"}, {"5": 101}, {"99999999999": 0}, ["1=x"], ["5=1e999"],
        [[1, 2], [3]], "{\"a\": 1}", "{"])",
                                                "values")
                                          .as_array();
    return values[Below(values.size())];
  }

  std::mt19937 random_;
};

TEST(RandomRequests, AreUnderstoodOrRefused) {
  const size_t rounds = testing::kSanitized ? 300 : 1500;
  size_t understood = 0, refused = 0;
  for (const Api& api : kApis) {
    const json::object body = testing::Json(api.body);
    EXPECT_NO_THROW(api.run(body)) << api.body;
    Mutator mutator(static_cast<uint32_t>(&api - kApis));
    for (size_t round = 0; round < rounds; ++round) {
      const json::object changed = mutator.Change(body);
      try {
        api.run(changed);
        ++understood;
      } catch (const ApiError& error) {
        ++refused;
        const ApiProblem& problem = error.problem();
        EXPECT_TRUE(problem.status == 400 || problem.status == 404 || problem.status == 501) << problem.status;
        EXPECT_FALSE(problem.param.empty()) << problem.message << "\n" << json::serialize(changed);
        EXPECT_TRUE(!problem.message.empty() && IsValidUtf8(problem.message));
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what() << "\n" << json::serialize(changed);
      }
    }
  }
  EXPECT_GT(understood, rounds / 4);
  EXPECT_GT(refused, rounds);
}

}  // namespace
}  // namespace sheepop
