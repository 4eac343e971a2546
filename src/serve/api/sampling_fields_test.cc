#include "serve/api/sampling_fields.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/options_json.h"
#include "serve/api/test_support.h"

namespace sheepop {
namespace {

using testing::Json;
using testing::OneModel;
using testing::ProblemFrom;

Ask Read(std::string_view text) {
  const boost::json::object body = Json(text);
  Fields fields(body);
  Ask ask;
  ask.model = OneModel().Find("tiny");
  ReadSampling(fields, ask);
  fields.Finish(UnknownFields::kRefuse, ask.unused);
  return ask;
}

ApiProblem Problem(std::string_view text) {
  return ProblemFrom([&] { Read(text); });
}

TEST(SamplingFields, NothingGivenIsTheModelsOwn) {
  const Ask ask = Read("{}");
  EXPECT_EQ(ask.options.sampling, OneModel().Find("tiny")->sampling);
  EXPECT_TRUE(ask.options.stops.empty());
  EXPECT_FALSE(ask.options.ignore_end || ask.explain || ask.record || ask.show_stop);
  EXPECT_TRUE(ask.unused.empty());
}

// A value that each row may have and none has by default.
constexpr std::string_view kOther = R"({
  "temperature": 0.25, "dynatemp_range": 0.5, "dynatemp_exponent": 2, "do_sample": false, "top_k": 7, "top_p": 0.5,
  "min_p": 0.25, "typical_p": 0.5, "top_n_sigma": 2, "epsilon_cutoff": 0.001, "eta_cutoff": 0.002,
  "xtc_probability": 0.5, "xtc_threshold": 0.25, "min_keep": 2, "keep_ties": true, "mirostat": 2, "mirostat_tau": 4,
  "mirostat_eta": 0.5, "repeat_penalty": 1.5, "repeat_last_n": 5, "presence_penalty": -1, "frequency_penalty": 1.5,
  "penalty_scope": "output", "dry_multiplier": 0.5, "dry_base": 2, "dry_allowed_length": 3, "dry_last_n": 9,
  "dry_breakers": ["x"], "no_repeat_ngram": 3, "min_tokens": 1, "logit_bias": ["5=2.5", "6=-99"], "banned": [7, "8"],
  "allowed": [3, 4, 5], "bad_words": ["ab"], "bad_sequences": ["3,4"], "samplers": "top_k;temperature", "seed": 77,
  "json_schema": "{}", "regex": "a", "grammar": "root ::= \"a\"", "choice": ["a"], "any_order": true, "whitespace": "any",
  "digits": 5, "format": "annotate", "lenient": true, "forced_runs": "off", "thinking_open": "<a>",
  "thinking_close": "</a>", "thinking_budget": 5})";

TEST(SamplingFields, EveryRowOfTheTableIsAField) {
  const boost::json::object other = Json(kOther);
  const SamplingOptions own = OneModel().Find("tiny")->sampling;
  size_t rows = 0;
  for (const OptionRow& row : kSamplingTable.rows()) {
    if (row.name == "profile") continue;
    ASSERT_TRUE(other.contains(row.name)) << row.name;
    boost::json::object body;
    body[row.name] = other.at(row.name);
    Fields fields(body);
    Ask ask;
    ask.model = OneModel().Find("tiny");
    ReadSampling(fields, ask);
    EXPECT_NE(kSamplingTable.Get(ask.options.sampling, row), kSamplingTable.Get(own, row)) << row.name;
    SamplingOptions wanted = own;
    SetFromJson(kSamplingTable, body, &wanted);
    EXPECT_EQ(ask.options.sampling, wanted) << row.name;
    ++rows;
  }
  EXPECT_EQ(rows, other.size());
}

TEST(SamplingFields, AProfileChangesTheBase) {
  const Ask ask = Read(R"({"profile": "llama.cpp", "top_p": 0.5})");
  EXPECT_EQ(ask.options.sampling.top_k, 40);
  EXPECT_EQ(ask.options.sampling.temperature, 0.8);
  EXPECT_EQ(ask.options.sampling.top_p, 0.5);
  EXPECT_EQ(Read(R"({"profile": "vllm", "temperature": 3})").options.sampling.temperature, 3);
  EXPECT_EQ(Problem(R"({"profile": "nobody"})").param, "profile");
}

TEST(SamplingFields, NamesOfOtherServers) {
  EXPECT_EQ(Read(R"({"repetition_penalty": 1.25})").options.sampling.repeat_penalty, 1.25);
  const ApiProblem twice = Problem(R"({"repetition_penalty": 1.25, "repeat_penalty": 1.5})");
  EXPECT_EQ(twice.status, 400u);
  EXPECT_EQ(twice.param, "repetition_penalty");
  const Ask ask = Read(
      R"({"ignore_eos": true, "include_stop_str_in_output": true, "cache_prompt": false, "id_slot": 0, "priority": 1,
          "timings_per_token": true, "return_progress": true, "explain": true, "explain_top": 3, "record": true})");
  EXPECT_TRUE(ask.options.ignore_end && ask.show_stop && ask.progress && ask.explain && ask.record);
  EXPECT_EQ(ask.explain_top, 3u);
  EXPECT_EQ(ask.unused, (std::vector<std::string>{"cache_prompt", "id_slot", "priority", "timings_per_token"}));
}

TEST(SamplingFields, BiasIsAMapOfIdsToo) {
  const Ask ask = Read(R"({"logit_bias": {"5": -100, "6": 2.5}})");
  EXPECT_EQ(ask.options.sampling.logit_bias, (std::vector<LogitBias>{{Token{5}, -100}, {Token{6}, 2.5}}));
  for (std::string_view map : {R"({"5": 101})", R"({"5": -100.5})", R"({"five": 1})", R"({"-1": 1})", R"({"5 ": 1})",
                               R"({"999999": 1})", R"({"5": "1"})", R"({"99999999999999999999": 1})", R"({"": 1})"}) {
    const ApiProblem problem = Problem(fmt::format(R"({{"logit_bias": {}}})", map));
    EXPECT_EQ(problem.status, 400u) << map;
    EXPECT_EQ(problem.param, "logit_bias") << map;
  }
}

TEST(SamplingFields, Stops) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(Read(R"({"stop": "a"})").options.stops, Texts{"a"});
  EXPECT_EQ(Read(R"({"stop": ["a", "b", "c", "d", "e"]})").options.stops, (Texts{"a", "b", "c", "d", "e"}));
  EXPECT_TRUE(Read(R"({"stop": []})").options.stops.empty());
  boost::json::array many(kMostStops + 1, "x");
  for (const std::string& stop : {std::string(R"("")"), std::string(R"(["a", ""])"), std::string("3"),
                                  std::string(R"([3])"), boost::json::serialize(many)}) {
    EXPECT_EQ(Problem(fmt::format(R"({{"stop": {}}})", stop)).param, "stop") << stop;
  }
}

TEST(SamplingFields, FaultsAreTheirFields) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"temperature": 2.5})", "temperature"},
      {R"({"temperature": -0.5})", "temperature"},
      {R"({"temperature": "0.5"})", "temperature"},
      {R"({"temperature": true})", "temperature"},
      {R"({"top_p": 1.5})", "top_p"},
      {R"({"presence_penalty": 3})", "presence_penalty"},
      {R"({"frequency_penalty": -3})", "frequency_penalty"},
      {R"({"top_k": 2.5})", "top_k"},
      {R"({"top_k": -1})", "top_k"},
      {R"({"seed": -1})", "seed"},
      {R"({"seed": 1.5})", "seed"},
      {R"({"seed": "x"})", "seed"},
      {R"({"do_sample": 1})", "do_sample"},
      {R"({"penalty_scope": "all"})", "penalty_scope"},
      {R"({"penalty_scope": 1})", "penalty_scope"},
      {R"({"samplers": "top_q"})", "samplers"},
      {R"({"mirostat": 1, "samplers": "top_k"})", "mirostat"},
      {R"({"banned": ["no such token"]})", "banned"},
      {R"({"banned": [999999]})", "banned"},
      {R"({"banned": 5})", "banned"},
      {R"({"allowed": [null]})", "allowed"},
      {R"({"bad_words": [""]})", "bad_words"},
      {R"({"bad_sequences": ["1,x"]})", "bad_sequences"},
      {R"({"logit_bias": ["5"]})", "logit_bias"},
      {R"({"logit_bias": ["5=101"]})", "logit_bias"},
      {R"({"ignore_eos": 1})", "ignore_eos"},
      {R"({"explain_top": 0})", "explain_top"},
      {R"({"explain": "yes"})", "explain"},
      {R"({"reptition_penalty": 1})", "reptition_penalty"},
  };
  for (const auto& [text, param] : rows) {
    const ApiProblem problem = Problem(text);
    EXPECT_EQ(problem.status, 400u) << text;
    EXPECT_EQ(problem.param, param) << text << ": " << problem.message;
  }
}

TEST(SamplingFields, SeedsOfAllSizes) {
  EXPECT_EQ(Read(R"({"seed": 0})").options.sampling.seed, 0u);
  EXPECT_EQ(Read(R"({"seed": 18446744073709551615})").options.sampling.seed, UINT64_MAX);
  EXPECT_EQ(Read(R"({"seed": "18446744073709551615"})").options.sampling.seed, UINT64_MAX);
  EXPECT_EQ(Read(R"({"seed": 1234.0})").options.sampling.seed, 1234u);
}

TEST(SamplingFields, ListsAreBounded) {
  const boost::json::object body{{"bad_words", boost::json::array(2000, "ab")}};
  EXPECT_EQ(Problem(boost::json::serialize(body)).param, "bad_words");
}

}  // namespace
}  // namespace sheepop
