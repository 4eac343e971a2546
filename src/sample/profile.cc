#include "sample/profile.h"

#include <array>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr std::string_view kLlamaOrder[] = {"repetition", "frequency", "presence",   "dry",   "top_n_sigma",
                                            "top_k",      "typical_p", "top_p",      "min_p", "xtc",
                                            "epsilon",    "eta",       "temperature"};
constexpr std::string_view kHfOrder[] = {"repetition", "presence",  "frequency", "dry", "temperature", "top_k", "top_p",
                                         "min_p",      "typical_p", "epsilon",   "eta", "top_n_sigma", "xtc"};
constexpr std::string_view kVllmOrder[] = {"repetition", "frequency", "presence", "dry",       "temperature",
                                           "min_p",      "top_k",     "top_p",    "typical_p", "top_n_sigma",
                                           "epsilon",    "eta",       "xtc"};
constexpr std::string_view kOllamaOrder[] = {"repetition",  "presence", "frequency", "dry",       "top_k",
                                             "temperature", "top_p",    "min_p",     "typical_p", "top_n_sigma",
                                             "epsilon",     "eta",      "xtc"};

SamplingOptions Base(std::string_view name) {
  SamplingOptions options;
  options.profile = name;
  return options;
}

SamplingOptions Llama() {
  SamplingOptions options = Base("llama.cpp");
  options.temperature = 0.8;
  options.top_k = 40;
  options.min_p = 0.05;
  options.penalty_scope = PenaltyScope::kShared;
  options.dry_last_n = 64;
  return options;
}

SamplingOptions Hf() {
  SamplingOptions options = Base("hf");
  options.do_sample = false;
  options.top_p = 1;
  options.keep_ties = true;
  options.repeat_last_n = -1;
  options.penalty_scope = PenaltyScope::kShared;
  return options;
}

SamplingOptions Vllm() {
  SamplingOptions options = Base("vllm");
  options.top_k = 0;
  options.top_p = 1;
  options.keep_ties = true;
  options.repeat_last_n = -1;
  return options;
}

SamplingOptions Openai() {
  SamplingOptions options = Base("openai");
  options.top_k = 0;
  options.top_p = 1;
  return options;
}

SamplingOptions Ollama() {
  SamplingOptions options = Base("ollama");
  options.temperature = 0.8;
  options.top_k = 40;
  options.top_p = 0.9;
  options.penalty_scope = PenaltyScope::kShared;
  return options;
}

const std::array<Profile, 6>& All() {
  static const std::array<Profile, 6> profiles = {{
      {"sheepop", "temperature first", {}, Base("sheepop")},
      {"llama.cpp", "filters first, temperature last; penalties see prompt and output", kLlamaOrder, Llama()},
      {"hf", "transformers: greedy unless sampling is asked for, ties kept", kHfOrder, Hf()},
      {"vllm", "temperature, min-p, top-k, top-p; ties kept", kVllmOrder, Vllm()},
      {"openai", "penalties and bias, temperature, top-p", {}, Openai()},
      {"ollama", "top-k, temperature, top-p, min-p; penalties see prompt and output", kOllamaOrder, Ollama()},
  }};
  return profiles;
}

void CheckRange(std::string_view field, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be {} to {} with the profile openai", field, value, low,
              high);
}

}  // namespace

std::span<const Profile> Profiles() { return All(); }

const Profile& ProfileNamed(std::string_view name) {
  std::string known;
  for (const Profile& profile : All()) {
    if (profile.name == name) return profile;
    known += known.empty() ? "" : ", ";
    known += profile.name;
  }
  throw Error(ErrorCategory::kInvalidArgument, "profile is \"{}\", must be one of {}", name, known);
}

void CheckProfile(const SamplingOptions& options) {
  ProfileNamed(options.profile);
  if (options.profile != "openai") return;
  CheckRange("temperature", options.temperature, 0, 2);
  CheckRange("presence_penalty", options.presence_penalty, -2, 2);
  CheckRange("frequency_penalty", options.frequency_penalty, -2, 2);
  for (const LogitBias& bias : options.logit_bias) CheckRange("logit_bias", bias.bias, -100, 100);
}

}  // namespace sheepop
