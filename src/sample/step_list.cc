#include "sample/step_list.h"

#include <algorithm>

#include "base/error.h"
#include "sample/profile.h"
#include "sample/steps/allowed_tokens.h"
#include "sample/steps/bad_sequences.h"
#include "sample/steps/bad_words.h"
#include "sample/steps/banned_tokens.h"
#include "sample/steps/dry.h"
#include "sample/steps/dynamic_temperature.h"
#include "sample/steps/epsilon_cutoff.h"
#include "sample/steps/eta_cutoff.h"
#include "sample/steps/frequency_penalty.h"
#include "sample/steps/greedy.h"
#include "sample/steps/logit_bias.h"
#include "sample/steps/min_p.h"
#include "sample/steps/min_tokens.h"
#include "sample/steps/mirostat.h"
#include "sample/steps/no_repeat_ngram.h"
#include "sample/steps/presence_penalty.h"
#include "sample/steps/repetition_penalty.h"
#include "sample/steps/temperature.h"
#include "sample/steps/top_k.h"
#include "sample/steps/top_n_sigma.h"
#include "sample/steps/top_p.h"
#include "sample/steps/typical_p.h"
#include "sample/steps/xtc.h"

namespace sheepop {
namespace {

std::vector<Token> ResolveAll(const std::vector<TokenName>& names, const SamplingVocabulary& vocabulary,
                              std::string_view field) {
  std::vector<Token> tokens;
  for (const TokenName& name : names) {
    const std::vector<Token> ids = ResolveToken(name, vocabulary, field);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  return tokens;
}

StepPointer MakeLogitBias(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  std::vector<LogitEdit> edits;
  for (const LogitBias& bias : options.logit_bias) {
    if (bias.bias == kBan) continue;
    for (Token token : ResolveToken(bias.token, vocabulary, "logit_bias")) edits.push_back({token, 1, bias.bias});
  }
  if (edits.empty()) return nullptr;
  return std::make_shared<LogitBiasStep>(std::move(edits));
}

StepPointer MakeBanned(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  std::vector<Token> tokens = ResolveAll(options.banned, vocabulary, "banned");
  for (const LogitBias& bias : options.logit_bias) {
    if (bias.bias != kBan) continue;
    const std::vector<Token> ids = ResolveToken(bias.token, vocabulary, "logit_bias");
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  if (tokens.empty()) return nullptr;
  return std::make_shared<BannedTokens>(std::move(tokens));
}

StepPointer MakeAllowed(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.allowed.empty()) return nullptr;
  return std::make_shared<AllowedTokens>(ResolveAll(options.allowed, vocabulary, "allowed"), vocabulary.size());
}

PenaltyWindow RepetitionWindow(const SamplingOptions& options) {
  return {options.penalty_scope == PenaltyScope::kOutput, options.repeat_last_n};
}

PenaltyWindow CountWindow(const SamplingOptions& options) {
  if (options.penalty_scope == PenaltyScope::kSplit) return {true, -1};
  return RepetitionWindow(options);
}

StepPointer MakeRepetition(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.repeat_penalty == 1) return nullptr;
  return std::make_shared<RepetitionPenalty>(options.repeat_penalty, RepetitionWindow(options));
}

StepPointer MakePresence(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.presence_penalty == 0) return nullptr;
  return std::make_shared<PresencePenalty>(options.presence_penalty, CountWindow(options));
}

StepPointer MakeFrequency(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.frequency_penalty == 0) return nullptr;
  return std::make_shared<FrequencyPenalty>(options.frequency_penalty, CountWindow(options));
}

StepPointer MakeDry(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.dry_multiplier == 0) return nullptr;
  const DryOptions dry = {options.dry_multiplier, options.dry_base, static_cast<size_t>(options.dry_allowed_length),
                          options.dry_last_n};
  return std::make_shared<Dry>(dry, options.dry_breakers, vocabulary);
}

StepPointer MakeTemperature(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.dynatemp_range == 0) return std::make_shared<Temperature>(options.temperature);
  return std::make_shared<DynamicTemperature>(options.temperature, options.dynatemp_range, options.dynatemp_exponent);
}

StepPointer MakeTopK(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_k == 0) return nullptr;
  return std::make_shared<TopK>(std::max(options.top_k, options.min_keep), options.keep_ties);
}

StepPointer MakeTopP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_p == 1) return nullptr;
  return std::make_shared<TopP>(options.top_p, options.min_keep);
}

StepPointer MakeMinP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.min_p == 0) return nullptr;
  return std::make_shared<MinP>(options.min_p, options.min_keep);
}

StepPointer MakeTypicalP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.typical_p == 1) return nullptr;
  return std::make_shared<TypicalP>(options.typical_p, options.min_keep, options.keep_ties);
}

StepPointer MakeTopNSigma(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_n_sigma == 0) return nullptr;
  return std::make_shared<TopNSigma>(options.top_n_sigma, options.min_keep);
}

StepPointer MakeEpsilon(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.epsilon_cutoff == 0) return nullptr;
  return std::make_shared<EpsilonCutoff>(options.epsilon_cutoff, options.min_keep);
}

StepPointer MakeEta(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.eta_cutoff == 0) return nullptr;
  return std::make_shared<EtaCutoff>(options.eta_cutoff, options.min_keep);
}

StepPointer MakeXtc(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.xtc_probability == 0) return nullptr;
  return std::make_shared<Xtc>(options.xtc_probability, options.xtc_threshold, options.min_keep);
}

StepPointer MakeMirostat(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.mirostat == 0) return nullptr;
  if (options.mirostat == 1) return std::make_shared<MirostatV1>(options.mirostat_tau, options.mirostat_eta);
  return std::make_shared<MirostatV2>(options.mirostat_tau, options.mirostat_eta);
}

StepPointer MakeBadWords(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.bad_words.empty()) return nullptr;
  return std::make_shared<BadWords>(options.bad_words, vocabulary);
}

StepPointer MakeBadSequences(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  for (const auto& sequence : options.bad_sequences) {
    for (Token token : sequence) ResolveToken(token, vocabulary, "bad_sequences");
  }
  if (options.bad_sequences.empty()) return nullptr;
  return std::make_shared<BadSequences>(options.bad_sequences);
}

StepPointer MakeNoRepeatNgram(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.no_repeat_ngram == 0) return nullptr;
  return std::make_shared<NoRepeatNgram>(options.no_repeat_ngram);
}

StepPointer MakeMinTokens(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.min_tokens == 0) return nullptr;
  return std::make_shared<MinTokens>(options.min_tokens, vocabulary.eos());
}

struct Maker {
  std::string_view name;
  StepPointer (*make)(const SamplingOptions&, const SamplingVocabulary&);
};

// In the order they have in every profile.
constexpr Maker kMasks[] = {
    {"logit_bias", MakeLogitBias},
    {"banned", MakeBanned},
    {"allowed", MakeAllowed},
    {"bad_words", MakeBadWords},
    {"bad_sequences", MakeBadSequences},
    {"no_repeat_ngram", MakeNoRepeatNgram},
    {"min_tokens", MakeMinTokens},
};

// In the order that the profile or `samplers` gives.
constexpr Maker kOrdered[] = {
    {"repetition", MakeRepetition},
    {"presence", MakePresence},
    {"frequency", MakeFrequency},
    {"dry", MakeDry},
    {"temperature", MakeTemperature},
    {"top_k", MakeTopK},
    {"top_p", MakeTopP},
    {"min_p", MakeMinP},
    {"typical_p", MakeTypicalP},
    {"epsilon", MakeEpsilon},
    {"eta", MakeEta},
    {"xtc", MakeXtc},
    {"top_n_sigma", MakeTopNSigma},
    {"mirostat", MakeMirostat},
};

const Maker* FindMaker(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kOrdered), std::end(kOrdered), [&](const Maker& m) { return m.name == name; });
  return found == std::end(kOrdered) ? nullptr : found;
}

std::string KnownSteps() {
  std::string known = "penalties";
  for (const Maker& maker : kOrdered) known += fmt::format(", {}", maker.name);
  return known;
}

bool IsFilter(std::string_view name) {
  constexpr std::string_view kFilters[] = {"top_k",       "top_p",   "min_p", "typical_p",
                                           "top_n_sigma", "epsilon", "eta",   "xtc"};
  return std::find(std::begin(kFilters), std::end(kFilters), name) != std::end(kFilters);
}

std::vector<std::string_view> ProfileOrder(const SamplingOptions& options) {
  std::vector<std::string_view> order;
  for (std::string_view name : ProfileNamed(options.profile).order) {
    if (options.mirostat == 0 || !IsFilter(name)) order.push_back(name);
  }
  if (options.mirostat != 0) order.push_back("mirostat");
  return order;
}

std::vector<std::string_view> GivenOrder(const SamplingOptions& options) {
  std::vector<std::string_view> order;
  for (const std::string& name : options.samplers) {
    if (name == "penalties") {
      order.insert(order.end(), {"repetition", "presence", "frequency"});
    } else if (FindMaker(name)) {
      order.push_back(name);
    } else {
      throw Error(ErrorCategory::kInvalidArgument, "samplers names \"{}\", must be of {}", name, KnownSteps());
    }
  }
  if (options.mirostat != 0 && std::find(order.begin(), order.end(), "mirostat") == order.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "mirostat is {}, but samplers does not name it", options.mirostat);
  }
  return order;
}

}  // namespace

StepList MakeMasks(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  StepList steps;
  for (const Maker& maker : kMasks) {
    if (StepPointer step = maker.make(options, vocabulary)) steps.push_back(std::move(step));
  }
  return steps;
}

StepList MakeOrdered(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  StepList steps;
  for (std::string_view name : options.samplers.empty() ? ProfileOrder(options) : GivenOrder(options)) {
    if (StepPointer step = FindMaker(name)->make(options, vocabulary)) steps.push_back(std::move(step));
  }
  if (!options.do_sample) steps.push_back(std::make_shared<Greedy>());
  return steps;
}

}  // namespace sheepop
