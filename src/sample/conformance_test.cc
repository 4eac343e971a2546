// What other engines' samplers give, case by case. Every case either passes or is listed with the reason; the table is
// printed. The cases stand in conformance/sampling/cases.json.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/profile.h"
#include "sample/testing_vocabulary.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using ::sheepop::testing::ListVocabulary;
using Kept = std::map<Token, double>;  // token -> probability

const std::map<std::string, std::string> kListed = {
    {"llama/min_p/1.05", "refused: min_p must be 0 to 1, and 1 leaves the best token as this does"},
    {"llama/p_less/uniform", "p-less is not provided"},
    {"ik_llama/tfs/0.75", "tail-free sampling was given up by its own engine and is not provided"},
    {"hf/forced_eos", "no step: max_tokens ends the text in the generation loop"},
    {"hf/exp_decay", "the exponential length penalty is not provided; min_tokens and max_tokens bound lengths"},
    {"hf/bad_words",
     "passes but for the lone end-of-text, which transformers leaves alone in silence; a ban is obeyed here"},
    {"ollama/speculative_residual",
     "not needed: speculation repeats the draw of the position, so nothing is resampled"},
    {"queue/k", "passes but for token 0, whose logit -infinity is no candidate here"},
    {"queue/p", "passes but for token 0, whose logit -infinity is no candidate here"},
};

SamplingOptions Neutral(std::string_view profile) {
  SamplingOptions options = ProfileNamed(profile).defaults;
  options.temperature = 1;
  options.top_k = 0;
  options.top_p = 1;
  options.min_p = 0;
  options.do_sample = true;
  return options;
}

std::vector<float> Floats(const json::value& array, bool logarithm = false) {
  std::vector<float> values;
  for (const json::value& v : array.as_array()) {
    const double number = v.to_number<double>();
    values.push_back(static_cast<float>(logarithm ? std::log(number) : number));
  }
  return values;
}

std::vector<Token> Tokens(const json::value& array) {
  std::vector<Token> tokens;
  for (const json::value& v : array.as_array()) tokens.push_back(v.to_number<Token>());
  return tokens;
}

Kept Filter(const SamplingOptions& options, const std::vector<float>& logits, const std::vector<Token>& prompt = {},
            const std::vector<Token>& output = {}, std::vector<Token> eos = {}) {
  const ListVocabulary vocabulary(logits.size(), std::move(eos));
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState state(0, 0, prompt);
  for (Token token : output) state.Accept(token);
  const Candidates& candidates = chain.Filter({logits, {}}, state);
  Kept kept;
  for (const Candidate& c : candidates.First(logits.size())) kept[c.token] = candidates.Probability(c.logit);
  return kept;
}

std::vector<Token> Ids(const Kept& kept) {
  std::vector<Token> ids;
  for (const auto& [token, probability] : kept) ids.push_back(token);
  return ids;
}

std::vector<Token> Removed(const Kept& kept, size_t size) {
  std::vector<Token> ids;
  for (size_t i = 0; i < size; ++i) {
    if (!kept.contains(static_cast<Token>(i))) ids.push_back(static_cast<Token>(i));
  }
  return ids;
}

Token Draw(const SamplingOptions& options, const std::vector<float>& logits, SequenceState& state) {
  const ListVocabulary vocabulary(logits.size());
  return Chain::Build(options, vocabulary).Sample({logits, {}}, state).token;
}

void ExpectProbabilities(const Kept& kept, const std::vector<Token>& ids, std::vector<double> expected,
                         double tolerance) {
  double sum = 0;
  for (double p : expected) sum += p;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = kept.find(ids[i]);
    EXPECT_NEAR(found == kept.end() ? 0 : found->second, expected[i] / sum, tolerance) << "token " << ids[i];
  }
}

class Conformance : public ::testing::Test {
 protected:
  void Run(const std::string& id, const std::function<void()>& check) {
    const bool failed_before = HasFailure();
    SCOPED_TRACE(id);
    check();
    const bool passed = failed_before || !HasFailure();
    const auto listed = kListed.find(id);
    table_ += fmt::format("  {:32} {}\n", id,
                          !passed                   ? "FAILED"
                          : listed == kListed.end() ? "passed"
                                                    : "listed: " + listed->second);
    seen_.insert(id);
  }

  static const json::object& Cases() {
    static const json::object cases = [] {
      std::ifstream file(testing::SharedPath("conformance/sampling/cases.json"));
      std::stringstream text;
      text << file.rdbuf();
      return json::parse(text.str()).as_object();
    }();
    return cases;
  }

  static const json::object& Case(std::string_view list, std::string_view id) {
    for (const json::value& entry : Cases().at(list).as_array()) {
      if (entry.at("id").as_string() == id) return entry.as_object();
    }
    throw std::runtime_error("no case " + std::string(id));
  }

  void SetUp() override {
    if (!std::filesystem::exists(testing::SharedPath("conformance/sampling/cases.json"))) {
      GTEST_SKIP() << "conformance/sampling/cases.json is not beside the repository";
    }
  }

  void ExpectAllSeen(std::string_view list) {
    for (const json::value& entry : Cases().at(list).as_array()) {
      EXPECT_TRUE(seen_.contains(std::string(entry.at("id").as_string()))) << entry.at("id") << " was not run";
    }
    std::printf("%s", table_.c_str());
  }

  std::string table_;
  std::set<std::string> seen_;
};

SamplingOptions LlamaOptions(const std::string& sampler, const json::object& params) {
  SamplingOptions options = Neutral("llama.cpp");
  const auto number = [&](const char* name) { return params.at(name).to_number<double>(); };
  options.samplers = {sampler};
  if (sampler == "temperature" || sampler == "temperature_ext") {
    options.samplers = {"temperature"};
    options.temperature = number("temp");
    if (params.contains("dynatemp_range")) options.dynatemp_range = number("dynatemp_range");
    if (params.contains("dynatemp_exponent")) options.dynatemp_exponent = number("dynatemp_exponent");
  } else if (sampler == "top_k") {
    options.top_k = static_cast<int64_t>(number("k"));
  } else if (sampler == "top_p") {
    options.top_p = number("p");
  } else if (sampler == "min_p") {
    options.min_p = number("p");
  } else if (sampler == "xtc") {
    options.xtc_probability = 1;  // upstream's 0.99 relies on its seed
    options.xtc_threshold = number("threshold");
  } else if (sampler == "typical") {
    options.samplers = {"typical_p"};
    options.typical_p = number("p");
  } else if (sampler == "top_n_sigma") {
    options.top_n_sigma = number("n");
  } else if (sampler == "penalties") {
    options.repeat_last_n = static_cast<int64_t>(number("last_n"));
    options.repeat_penalty = number("repeat");
    options.frequency_penalty = number("frequency");
    options.presence_penalty = number("presence");
  } else if (sampler == "dry") {
    options.dry_multiplier = number("multiplier");
    options.dry_base = number("base");
    options.dry_allowed_length = static_cast<int64_t>(number("allowed_length"));
    options.dry_last_n = static_cast<int64_t>(number("penalty_last_n"));
    options.dry_breakers.clear();
  }
  return options;
}

TEST_F(Conformance, LlamaCpp) {
  for (const json::value& entry : Cases().at("llama_cpp").as_array()) {
    const std::string id(entry.at("id").as_string());
    const std::string sampler(entry.at("sampler").as_string());
    Run(id, [&] {
      if (sampler == "p_less" || sampler == "tail_free") return;
      const json::object& input = entry.at("input").as_object();
      const json::object& expect = entry.at("expect").as_object();
      const SamplingOptions options = LlamaOptions(sampler, entry.at("params").as_object());
      const std::vector<float> logits = Floats(input.at("probs"), true);
      const std::vector<Token> history = input.contains("history") ? Tokens(input.at("history")) : std::vector<Token>();
      if (kListed.contains(id)) {
        EXPECT_THROW(Filter(options, logits), Error);
        return;
      }
      const Kept kept = Filter(options, logits, {}, history);
      std::vector<Token> expected = Tokens(expect.at("kept_ids"));
      std::vector<double> probabilities;
      for (float p : Floats(expect.at("probs"))) probabilities.push_back(p);
      std::vector<Token> aligned = expected;
      if (probabilities.size() != expected.size()) {
        aligned.clear();
        for (size_t i = 0; i < probabilities.size(); ++i) aligned.push_back(static_cast<Token>(i));
      }
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(Ids(kept), expected);
      ExpectProbabilities(kept, aligned, probabilities, entry.at("tol").to_number<double>());
    });
  }
  ExpectAllSeen("llama_cpp");
}

TEST_F(Conformance, LlamaCppQueue) {
  std::vector<float> logits;
  for (int i = 0; i < 10000; ++i) logits.push_back(std::log(static_cast<float>(i)));
  std::map<std::string, int> repeats;
  for (const json::value& entry : Cases().at("llama_cpp_queue").at("cases").as_array()) {
    const std::string sequence(entry.at("sequence").as_string());
    const bool whole = entry.at("steps").as_array()[0].at("size").to_number<int>() == 10000;
    Run(fmt::format("queue/{}{}", sequence, whole ? "" : fmt::format("#{}", ++repeats[sequence])), [&] {
      SamplingOptions options = Neutral("llama.cpp");
      options.top_k = entry.at("top_k").to_number<int64_t>();
      options.top_p = entry.at("top_p").to_number<double>();
      options.min_p = entry.at("min_p").to_number<double>();
      for (const json::value& step : entry.at("steps").as_array()) {
        options.samplers.push_back(std::map<char, std::string>{{'k', "top_k"}, {'p', "top_p"}, {'m', "min_p"}}.at(
            step.at("after").as_string()[0]));
        const Kept kept = Filter(options, logits);
        const bool with_zero = step.at("min_id").to_number<int>() == 0;
        EXPECT_EQ(kept.size(), step.at("size").to_number<size_t>() - (with_zero ? 1 : 0));
        EXPECT_EQ(kept.begin()->first, step.at("min_id").to_number<int>() + (with_zero ? 1 : 0));
        EXPECT_EQ(kept.rbegin()->first, step.at("max_id").to_number<int>());
      }
    });
  }
  std::printf("%s", table_.c_str());
}

TEST_F(Conformance, Transformers) {
  const auto rows = [](const json::object& c, const char* key, bool logarithm) {
    std::vector<std::vector<float>> list;
    for (const json::value& row : c.at("input").at(key).as_array()) list.push_back(Floats(row, logarithm));
    return list;
  };
  const auto run = [&](const std::string& id, auto check) { Run(id, [&] { check(Case("transformers", id)); }); };
  const std::vector<float> even(20, 0.0f);

  run("hf/min_length", [&](const json::object&) {
    SamplingOptions options = Neutral("hf");
    options.min_tokens = 10;
    EXPECT_EQ(Removed(Filter(options, even, {}, std::vector<Token>(5, 3), {0}), 20), std::vector<Token>{0});
    EXPECT_TRUE(Removed(Filter(options, even, {}, std::vector<Token>(15, 3), {0}), 20).empty());
  });
  run("hf/temperature", [&](const json::object& c) {
    const auto logits = rows(c, "logits", false);
    SamplingOptions options = Neutral("hf");
    const Kept plain = Filter(options, logits[1]);
    for (double temperature : {0.5, 1.3}) {
      options.temperature = temperature;
      for (const auto& [token, probability] : Filter(options, logits[0])) EXPECT_NEAR(probability, 0.05, 1e-7);
      const Kept kept = Filter(options, logits[1]);
      EXPECT_EQ(kept.at(5) > plain.at(5), temperature < 1);
      EXPECT_EQ(kept.at(10) < plain.at(10), temperature < 1);
    }
  });
  // Logits after a penalty, up to the constant that softmax takes away: compared as differences from an untouched
  // token.
  const auto changed = [&](const Kept& kept, Token token, Token untouched) {
    return std::log(kept.at(token) / kept.at(untouched));
  };
  run("hf/repetition_prompt_ignored", [&](const json::object& c) {
    const auto logits = rows(c, "logits", false);
    SamplingOptions options = Neutral("hf");
    options.repeat_penalty = 2;
    options.penalty_scope = PenaltyScope::kOutput;
    const std::vector<std::vector<Token>> ids = {{0, 1}, {5, 0}};
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(changed(Filter(options, logits[i], ids[i]), ids[i][0], 9),
                  logits[i][static_cast<size_t>(ids[i][0])] - 0.1, 1e-6);
      const Kept after = Filter(options, logits[i], ids[i], ids[i]);
      for (Token token : ids[i]) {
        const double logit = logits[i][static_cast<size_t>(token)];
        EXPECT_NEAR(changed(after, token, 9), (logit < 0 ? logit * 2 : logit / 2) - 0.1, 1e-6);
      }
    }
  });
  run("hf/encoder_repetition", [&](const json::object& c) {
    const auto logits = rows(c, "logits", false);
    SamplingOptions options = Neutral("hf");
    options.repeat_penalty = 0.5;  // rewarding the prompt is the repetition penalty of 1 / 2
    for (size_t i = 0; i < 2; ++i) {
      const Kept kept = Filter(options, logits[i], Tokens(c.at("input").at("encoder_ids").as_array()[i]));
      for (const auto& [token, logit] : c.at("expect").at("changed").as_array()[i].as_object()) {
        EXPECT_NEAR(changed(kept, std::stoi(std::string(token)), 9), logit.to_number<double>() - 0.1, 1e-6);
      }
    }
  });
  run("hf/top_k_ties_min_keep", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.top_k = 1;
    options.min_keep = 3;
    EXPECT_EQ(Ids(Filter(options, rows(c, "logits", false)[0])), Tokens(c.at("expect").at("kept").as_array()[0]));
  });
  const auto kept_rows = [&](const json::object& c, const SamplingOptions& options) {
    const auto probs = rows(c, "probs", true);
    for (size_t i = 0; i < probs.size(); ++i) {
      EXPECT_EQ(Ids(Filter(options, probs[i])), Tokens(c.at("expect").at("kept").as_array()[i])) << "row " << i;
    }
  };
  run("hf/top_p", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.top_p = 0.8;
    kept_rows(c, options);
    ExpectProbabilities(Filter(options, rows(c, "probs", true)[1]), {0, 1, 2, 3}, {0, 0.3, 0.3, 0.25}, 1e-6);
  });
  run("hf/min_p", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.min_p = 0.05;
    kept_rows(c, options);
  });
  run("hf/typical", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.typical_p = 0.5;
    kept_rows(c, options);
  });
  const auto kept_counts = [&](const json::object& c, const SamplingOptions& options) {
    const auto logits = rows(c, "logits", false);
    for (size_t i = 0; i < logits.size(); ++i) {
      EXPECT_EQ(Filter(options, logits[i]).size(), c.at("expect").at("kept_count").as_array()[i].to_number<size_t>())
          << "row " << i;
    }
  };
  run("hf/typical_extreme", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.typical_p = 0.7;
    options.min_keep = 2;
    kept_counts(c, options);
  });
  run("hf/epsilon_extreme", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.epsilon_cutoff = 0.05;
    options.min_keep = 2;
    kept_counts(c, options);
  });
  run("hf/eta_extreme", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    options.eta_cutoff = 0.1;
    options.min_keep = 2;
    kept_counts(c, options);
  });
  for (const char* id : {"hf/no_repeat_2gram", "hf/no_repeat_reappear"}) {
    run(id, [&](const json::object& c) {
      SamplingOptions options = Neutral("hf");
      options.no_repeat_ngram = c.at("params").at("n").to_number<int64_t>();
      const auto size = c.at("input").at("vocab").to_number<size_t>();
      const json::array& inputs = c.at("input").at("input_ids").as_array();
      for (size_t i = 0; i < inputs.size(); ++i) {
        EXPECT_EQ(Removed(Filter(options, std::vector<float>(size), Tokens(inputs[i])), size),
                  Tokens(c.at("expect").at("banned").as_array()[i]));
      }
    });
  }
  run("hf/bad_words", [&](const json::object& c) {
    SamplingOptions options = Neutral("hf");
    for (const json::value& words : c.at("params").at("bad_words").as_array()) {
      if (Tokens(words) != std::vector<Token>{4}) options.bad_sequences.push_back(Tokens(words));
    }
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(Removed(Filter(options, std::vector<float>(5), Tokens(c.at("input").at("input_ids").as_array()[i])), 5),
                Tokens(c.at("expect").at("banned").as_array()[i]));
    }
  });
  run("hf/prefix_allowed", [&](const json::object& c) {
    for (const json::value& allowed : c.at("params").at("allowed").as_array()) {
      SamplingOptions options = Neutral("hf");
      for (Token token : Tokens(allowed)) options.allowed.emplace_back(token);
      EXPECT_EQ(Ids(Filter(options, std::vector<float>(5))), Tokens(allowed));
      for (Token token : Tokens(allowed)) options.banned.emplace_back(token);
      EXPECT_THROW(Filter(options, std::vector<float>(5)), Error);
    }
  });
  run("hf/forced_eos", [](const json::object&) {});
  run("hf/exp_decay", [](const json::object&) {});
  ExpectAllSeen("transformers");
}

TEST_F(Conformance, OtherEngines) {
  const auto run = [&](const std::string& id, auto check) { Run(id, [&] { check(Case("other_engines", id)); }); };
  SequenceState state(1, 0, {});
  std::mt19937 random(3);

  run("ort/top_k1_top_p", [&](const json::object& c) {
    SamplingOptions options = Neutral("sheepop");
    options.top_k = 1;
    options.top_p = 0.25;
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(Draw(options, Floats(c.at("input").at("logits").as_array()[i]), state),
                Tokens(c.at("expect").at("next_tokens"))[i]);
    }
  });
  run("ort/top_p_spikes", [&](const json::object&) {
    SamplingOptions options = Neutral("sheepop");
    options.top_p = 0.95;
    const ListVocabulary vocabulary(32000);
    const Chain chain = Chain::Build(options, vocabulary);
    std::uniform_real_distribution<float> unit(0, 1);
    std::vector<float> logits(32000);
    for (int round = 0; round < 100; ++round) {
      for (float& logit : logits) logit = unit(random);
      for (size_t spikes = 1 + random() % 25; spikes > 0; --spikes) logits[random() % logits.size()] = 25;
      EXPECT_GT(logits[static_cast<size_t>(chain.Sample({logits, {}}, state).token)], 1);
    }
  });
  run("ort/stat_top_k_top_p", [&](const json::object&) {
    std::vector<float> logits(21, 0.0f);
    for (size_t i = 0; i < 7; ++i) logits[3 * i] = 7 - static_cast<float>(i);
    SamplingOptions options = Neutral("sheepop");
    options.top_k = 7;
    options.top_p = 0.75;
    const Kept kept = Filter(options, logits);
    EXPECT_EQ(Ids(kept), (std::vector<Token>{0, 3}));  // 0.63 and 0.23 reach 0.75
    std::map<Token, int> drawn;
    const ListVocabulary vocabulary(21);
    const Chain chain = Chain::Build(options, vocabulary);
    for (int i = 0; i < 5000; ++i) ++drawn[chain.Sample({logits, {}}, state).token];
    for (const auto& [token, count] : drawn) EXPECT_NEAR(count / 5000.0, kept.at(token), 0.015);
  });
  run("ort/flat_top_p", [&](const json::object&) {
    SamplingOptions options = Neutral("sheepop");
    options.top_p = 0.95;
    const std::vector<float> flat(500, 1.0f);
    EXPECT_EQ(Filter(options, flat).size(), 475u);
    const ListVocabulary vocabulary(500);
    const Chain chain = Chain::Build(options, vocabulary);
    std::set<Token> drawn;
    for (int i = 0; i < 5000; ++i) drawn.insert(chain.Sample({flat, {}}, state).token);
    EXPECT_EQ(*drawn.rbegin(), 474);
    EXPECT_GT(drawn.size(), 470u);
  });
  const auto ollama = [&](const json::object& c, auto change) {
    SamplingOptions options = ProfileNamed("ollama").defaults;
    options.temperature = 0;
    change(options, c.at("params").as_object());
    SequenceState history(1, 0, Tokens(c.at("input").at("history")));
    EXPECT_EQ(Draw(options, Floats(c.at("input").at("logits")), history),
              c.at("expect").at("token").to_number<Token>());
  };
  const auto penalties = [](SamplingOptions& options, const json::object& params) {
    options.repeat_last_n = params.at("repeat_last_n").to_number<int64_t>();
    if (params.contains("repeat")) options.repeat_penalty = params.at("repeat").to_number<double>();
    if (params.contains("presence")) options.presence_penalty = params.at("presence").to_number<double>();
    if (params.contains("frequency")) options.frequency_penalty = params.at("frequency").to_number<double>();
  };
  run("ollama/repeat_pos", [&](const json::object& c) { ollama(c, penalties); });
  run("ollama/frequency", [&](const json::object& c) { ollama(c, penalties); });
  run("ollama/last_n_0", [&](const json::object& c) { ollama(c, penalties); });
  run("ollama/top_p", [&](const json::object&) {
    SamplingOptions options = ProfileNamed("ollama").defaults;
    options.temperature = 1;
    options.top_p = 0.4;
    EXPECT_EQ(Ids(Filter(options, {std::log(0.5f), std::log(0.3f), std::log(0.2f)})), std::vector<Token>{0});
  });
  run("ollama/window", [&](const json::object& c) {
    SamplingOptions options = ProfileNamed("ollama").defaults;
    options.temperature = 0;
    penalties(options, c.at("params").as_object());
    SequenceState history(1, 0, Tokens(c.at("input").at("history")));
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(Draw(options, Floats(c.at("input").at("step_logits").as_array()[i]), history),
                Tokens(c.at("expect").at("tokens"))[i]);
    }
  });
  run("ollama/speculative_residual", [](const json::object&) {});
  ExpectAllSeen("other_engines");
}

TEST_F(Conformance, Derived) {
  const auto run = [&](const std::string& id, auto check) { Run(id, [&] { check(Case("derived", id)); }); };
  run("derived/temp_order", [&](const json::object& c) {
    const std::vector<float> logits = Floats(c.at("input").at("probs"), true);
    for (const char* profile : {"llama.cpp", "sheepop", "openai", "hf", "vllm"}) {
      SCOPED_TRACE(profile);
      SamplingOptions options = Neutral(profile);
      options.temperature = 2;
      options.top_p = 0.75;
      const json::object& expect = c.at(profile == std::string("llama.cpp") ? "temp_last" : "temp_first").as_object();
      const Kept kept = Filter(options, logits);
      EXPECT_EQ(Ids(kept), Tokens(expect.at("kept")));
      std::vector<double> probabilities;
      for (float p : Floats(expect.at("probs"))) probabilities.push_back(p);
      ExpectProbabilities(kept, Ids(kept), probabilities, 1e-6);
    }
  });
  run("derived/top_k_ties", [&](const json::object&) {
    const std::vector<float> logits = {1, 1, 1, 0};
    for (const char* profile : {"llama.cpp", "sheepop", "ollama", "hf", "vllm"}) {
      SamplingOptions options = Neutral(profile);
      options.top_k = 2;
      const bool ties = options.keep_ties;
      EXPECT_EQ(Ids(Filter(options, logits)), ties ? (std::vector<Token>{0, 1, 2}) : (std::vector<Token>{0, 1}))
          << profile;
    }
  });
  run("derived/typical_ties", [&](const json::object& c) {
    const std::vector<float> logits = Floats(c.at("input").at("probs"), true);
    SamplingOptions options = Neutral("llama.cpp");
    options.typical_p = 0.5;
    EXPECT_EQ(Filter(options, logits).size(), 3u);
    options = Neutral("hf");
    options.typical_p = 0.5;
    EXPECT_EQ(Filter(options, logits).size(), 5u);
  });
  ExpectAllSeen("derived");
}

}  // namespace
}  // namespace sheepop
