#include "sample/options.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/profile.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

std::string Refusal(std::string_view field, std::string_view text) {
  SamplingOptions options;
  try {
    kSamplingTable.Set(options, field, text);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(Options, TableIsWellFormed) {
  std::set<std::string_view> names, flags;
  for (const OptionRow& field : kSamplingRows) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_TRUE(flags.insert(field.flag).second) << field.flag;
    EXPECT_TRUE(field.flag.starts_with("--"));
    EXPECT_FALSE(field.help.empty());
    SamplingOptions options;
    const std::string value = kSamplingTable.Default(field);
    if (value.empty() || field.is_list()) continue;
    kSamplingTable.Set(options, field, value);
    EXPECT_EQ(options, SamplingOptions()) << field.name;
  }
  EXPECT_NO_THROW(Validate(SamplingOptions()));
}

TEST(Options, StepsHaveNamesOfTheirOwnAndKnownSettings) {
  std::set<std::string_view> names;
  for (const StepRow& row : kMasks) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  for (const StepRow& row : kSteps) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    if (row.setting.empty()) continue;
    SamplingOptions options;
    double* value = kSamplingTable.As<double>(options, kSamplingTable.Named(row.setting));
    ASSERT_NE(value, nullptr) << row.name;
    *value = row.open;
    EXPECT_NO_THROW(Validate(options)) << row.name;
  }
  for (const Profile& profile : Profiles()) {
    for (std::string_view name : profile.order) EXPECT_TRUE(names.contains(name)) << profile.name << " " << name;
  }
}

// What a setting is where nobody gives it, and what it may be.
TEST(Options, DefaultsAndBounds) {
  struct Case {
    std::string_view name, value, bounds;
  };
  const Case cases[] = {
      {"profile", "sheepop", ""},
      {"temperature", "1", "0 to 1000000"},
      {"dynatemp_range", "0", "0 to 1000000"},
      {"dynatemp_exponent", "1", "0 to 100"},
      {"do_sample", "true", "true or false"},
      {"top_k", "50", "at least 0"},
      {"top_p", "0.95", "0 to 1"},
      {"min_p", "0", "0 to 1"},
      {"typical_p", "1", "0 to 1"},
      {"top_n_sigma", "0", "0 to 1000000"},
      {"epsilon_cutoff", "0", "0 to 1"},
      {"eta_cutoff", "0", "0 to 1"},
      {"xtc_probability", "0", "0 to 1"},
      {"xtc_threshold", "0.1", "0 to 1"},
      {"min_keep", "1", "at least 1"},
      {"keep_ties", "false", "true or false"},
      {"mirostat", "0", "0 to 2"},
      {"mirostat_tau", "5", "0 to 100"},
      {"mirostat_eta", "0.1", "0 to 10"},
      {"repeat_penalty", "1", "1e-06 to 1000000"},
      {"repeat_last_n", "64", "at least -1"},
      {"presence_penalty", "0", "-1000000 to 1000000"},
      {"frequency_penalty", "0", "-1000000 to 1000000"},
      {"penalty_scope", "split", "split or shared or output"},
      {"dry_multiplier", "0", "0 to 1000000"},
      {"dry_base", "1.75", "1 to 100"},
      {"dry_allowed_length", "2", "at least 1"},
      {"dry_last_n", "-1", "at least -1"},
      {"dry_breakers", "\n;:;\";*", ""},
      {"no_repeat_ngram", "0", "at least 0"},
      {"min_tokens", "0", "at least 0"},
      {"logit_bias", "", "-1000000 to 1000000"},
      {"banned", "", ""},
      {"allowed", "", ""},
      {"bad_words", "", ""},
      {"bad_sequences", "", ""},
      {"json_schema", "", ""},
      {"regex", "", ""},
      {"grammar", "", ""},
      {"choice", "", ""},
      {"any_order", "false", ""},
      {"whitespace", "model", "compact or spaced or model or any"},
      {"digits", "17", "0 to 1000"},
      {"format", "assert", "assert or annotate"},
      {"lenient", "false", ""},
      {"forced_runs", "run", "run or step or off"},
      {"thinking_open", "", ""},
      {"thinking_close", "", ""},
      {"thinking_budget", "-1", "at least -1"},
      {"samplers", "", ""},
      {"seed", "", ""},
  };
  ASSERT_EQ(std::size(cases), std::size(kSamplingRows));
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(kSamplingRows[i].name, cases[i].name);
    EXPECT_EQ(kSamplingTable.Default(kSamplingRows[i]), cases[i].value) << cases[i].name;
    EXPECT_EQ(kSamplingRows[i].BoundsText(), cases[i].bounds) << cases[i].name;
  }
}

// Which steps Mirostat replaces, and how far an explanation may open a step's setting.
TEST(Options, Steps) {
  struct Case {
    std::string_view name;
    bool filter;
    std::string_view setting;
    double open;
  };
  const Case cases[] = {{"repetition", false, "", 0},
                        {"presence", false, "", 0},
                        {"frequency", false, "", 0},
                        {"dry", false, "", 0},
                        {"temperature", false, "temperature", 100},
                        {"top_k", true, "", 0},
                        {"top_p", true, "top_p", 1},
                        {"min_p", true, "min_p", 0},
                        {"typical_p", true, "typical_p", 1},
                        {"top_n_sigma", true, "top_n_sigma", 1e6},
                        {"epsilon", true, "epsilon_cutoff", 0},
                        {"eta", true, "eta_cutoff", 0},
                        {"xtc", true, "xtc_threshold", 1},
                        {"mirostat", false, "", 0}};
  ASSERT_EQ(std::size(cases), std::size(kSteps));
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(kSteps[i].name, cases[i].name);
    EXPECT_EQ(kSteps[i].filter, cases[i].filter) << cases[i].name;
    EXPECT_EQ(kSteps[i].setting, cases[i].setting) << cases[i].name;
    EXPECT_EQ(kSteps[i].open, cases[i].open) << cases[i].name;
  }
}

TEST(Options, ReadsText) {
  SamplingOptions options;
  kSamplingTable.Set(options, "--temperature", "0.7");
  kSamplingTable.Set(options, "top_k", "40");
  kSamplingTable.Set(options, "keep_ties", "true");
  kSamplingTable.Set(options, "penalty_scope", "output");
  kSamplingTable.Set(options, "seed", "18446744073709551615");
  kSamplingTable.Set(options, "samplers", "penalties;top_k;temperature");
  kSamplingTable.Set(options, "banned", "5");
  kSamplingTable.Set(options, "banned", "wolf");
  kSamplingTable.Set(options, "logit_bias", "a=b=-1.5");
  kSamplingTable.Set(options, "bad_sequences", "1,2");
  kSamplingTable.Set(options, "dry_breakers", "");
  kSamplingTable.Set(options, "dry_breakers", ";");
  EXPECT_EQ(options.temperature, 0.7);
  EXPECT_EQ(options.top_k, 40);
  EXPECT_TRUE(options.keep_ties);
  EXPECT_EQ(options.penalty_scope, PenaltyScope::kOutput);
  EXPECT_EQ(options.seed, ~uint64_t{0});
  EXPECT_EQ(options.samplers, (std::vector<std::string>{"penalties", "top_k", "temperature"}));
  EXPECT_EQ(options.banned, (std::vector<TokenName>{Token{5}, std::string("wolf")}));
  EXPECT_EQ(options.logit_bias, (std::vector<LogitBias>{{std::string("a=b"), -1.5}}));
  EXPECT_EQ(options.bad_sequences, (std::vector<std::vector<Token>>{{1, 2}}));
  EXPECT_EQ(options.dry_breakers, std::vector<std::string>{";"});
  EXPECT_EQ(kSamplingTable.Get(options, "banned"), "5;\"wolf\"");
}

TEST(Options, RefusalsNameFieldValueAndBound) {
  EXPECT_EQ(Refusal("top_p", "1.5"), "top_p is 1.5, must be 0 to 1");
  EXPECT_EQ(Refusal("top_p", "x"), "top_p is \"x\", must be a number, 0 to 1");
  EXPECT_EQ(Refusal("top_k", "3.5"), "top_k is \"3.5\", must be a whole number, at least 0");
  EXPECT_EQ(Refusal("temperature", "nan"), "temperature is nan, must be 0 to 1000000");
  EXPECT_EQ(Refusal("seed", "-1"), "seed is \"-1\", must be a whole number, 0 to 18446744073709551615");
  EXPECT_EQ(Refusal("keep_ties", "yes"), "keep_ties is \"yes\", must be true or false");
  EXPECT_EQ(Refusal("logit_bias", "5"),
            "logit_bias is \"5\", must be TOKEN=BIAS, such as 42=-5 or sheep=2.5; a bias of -inf bans the token");
  EXPECT_EQ(Refusal("logit_bias", "5=inf"), "logit_bias is inf, must be -1000000 to 1000000");
  EXPECT_EQ(Refusal("logit_bias", "5=nan"), "logit_bias is nan, must be -1000000 to 1000000");
  EXPECT_EQ(Refusal("top_kk", "5"), "there is no sampling setting \"top_kk\", did you mean top_k?");
  EXPECT_EQ(Refusal("--topp", "5"), "there is no sampling setting \"--topp\", did you mean --top-p?");
  EXPECT_EQ(Refusal("bad_sequences", "1,,2"),
            "bad_sequences is \"1,,2\", must be a list separated by ',', with no empty element");
  EXPECT_EQ(Refusal("bad_sequences", "1,0x10"), "bad_sequences is \"0x10\", must be a whole number, 0 to 2147483647");
  EXPECT_EQ(Refusal("samplers", "top_k;;top_p"),
            "samplers is \"top_k;;top_p\", must be a list separated by ';', with no empty element");
}

TEST(Options, DigitsAreAnIdWhateverTheirNumber) {
  for (const char* field : {"banned", "allowed"}) {
    EXPECT_EQ(
        Refusal(field, "12345678901"),
        fmt::format("{} is \"12345678901\", must be a token id, 0 to 2147483647, or the text of a token, in double "
                    "quotes if it is a number",
                    field));
  }
  EXPECT_NE(Refusal("logit_bias", "12345678901=1"), "");
  SamplingOptions options;
  kSamplingTable.Set(options, "banned", "\"12345678901\"");
  EXPECT_EQ(options.banned, (std::vector<TokenName>{std::string("12345678901")}));
}

TEST(Options, ABiasOfMinusInfinityBans) {
  SamplingOptions options;
  kSamplingTable.Set(options, "logit_bias", "0=-inf");
  EXPECT_NO_THROW(Validate(options));
  const testing::ListVocabulary vocabulary(2);
  const Chain chain = Chain::Build(options, vocabulary);
  const std::vector<float> row = {50, 0};
  SequenceState state(1, 0, {});
  EXPECT_EQ(chain.Sample({row, {}}, state).token, 1);
}

TEST(Profiles, DefaultsAreTheirSystems) {
  const auto of = [](std::string_view name) { return ProfileNamed(name).defaults; };
  EXPECT_EQ(of("sheepop"), SamplingOptions());
  EXPECT_EQ(of("llama.cpp").temperature, 0.8);
  EXPECT_EQ(of("llama.cpp").top_k, 40);
  EXPECT_EQ(of("llama.cpp").min_p, 0.05);
  EXPECT_FALSE(of("hf").do_sample);
  EXPECT_TRUE(of("vllm").keep_ties);
  EXPECT_EQ(of("openai").top_k, 0);
  EXPECT_EQ(of("ollama").top_p, 0.9);
  for (const Profile& profile : Profiles()) EXPECT_NO_THROW(Validate(profile.defaults)) << profile.name;
  EXPECT_THROW(ProfileNamed("gpt"), Error);
}

TEST(Profiles, OrdersAreTheirSystems) {
  const testing::ListVocabulary vocabulary(3);
  const auto names = [&](std::string_view profile) {
    SamplingOptions options = ProfileNamed(profile).defaults;
    options.repeat_penalty = 1.1;
    options.top_k = 2;
    options.top_p = 0.9;
    options.min_p = 0.1;
    options.typical_p = 0.9;
    std::string joined;
    for (std::string_view name : Chain::Build(options, vocabulary).step_names()) joined += fmt::format("{} ", name);
    return joined;
  };
  EXPECT_EQ(names("sheepop"), "repetition temperature top_k top_p min_p typical_p ");
  EXPECT_EQ(names("llama.cpp"), "repetition top_k typical_p top_p min_p temperature ");
  EXPECT_EQ(names("hf"), "repetition temperature top_k top_p min_p typical_p greedy ");
  EXPECT_EQ(names("vllm"), "repetition temperature min_p top_k top_p typical_p ");
  EXPECT_EQ(names("ollama"), "repetition top_k temperature top_p min_p typical_p ");
}

TEST(Profiles, OpenaiKeepsItsBounds) {
  SamplingOptions options = ProfileNamed("openai").defaults;
  options.presence_penalty = 2.5;
  EXPECT_THROW(Validate(options), Error);
  for (const double beyond : {-2.25, 2.25}) {
    options = ProfileNamed("openai").defaults;
    options.presence_penalty = beyond;
    EXPECT_THROW(Validate(options), Error);
    options.presence_penalty = beyond > 0 ? 2 : -2;
    EXPECT_NO_THROW(Validate(options));
    options.frequency_penalty = beyond;
    EXPECT_THROW(Validate(options), Error);
    options.frequency_penalty = beyond > 0 ? 2 : -2;
    EXPECT_NO_THROW(Validate(options));
  }
  for (const double beyond : {-100.5, 100.5}) {
    options = ProfileNamed("openai").defaults;
    options.logit_bias = {{Token{1}, beyond}};
    EXPECT_THROW(Validate(options), Error);
    options.logit_bias = {{Token{1}, beyond > 0 ? 100.0 : -100.0}};
    EXPECT_NO_THROW(Validate(options));
  }
  options = ProfileNamed("openai").defaults;
  options.temperature = 2.5;
  EXPECT_THROW(Validate(options), Error);
}

}  // namespace
}  // namespace sheepop
