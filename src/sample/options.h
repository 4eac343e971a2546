// Every setting of sampling. One table describes the fields: validation messages, command-line flags, JSON names and
// help text all come from it. Plain data; copies are independent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/token.h"

namespace sheepop {

class SamplingVocabulary;

// A token given by its id, or by text that must be a token of its own.
using TokenName = std::variant<Token, std::string>;

struct LogitBias {
  TokenName token;
  double bias = 0;
  bool operator==(const LogitBias&) const = default;
};

enum class PenaltyScope {
  kSplit,   // repetition: the last repeat_last_n of prompt and output; presence and frequency: the whole output
  kShared,  // all three: the last repeat_last_n of prompt and output
  kOutput,  // all three: the last repeat_last_n of the output
};

struct SamplingOptions {
  std::string profile = "sheepop";

  double temperature = 1.0;
  double dynatemp_range = 0;
  double dynatemp_exponent = 1;
  bool do_sample = true;

  int64_t top_k = 50;
  double top_p = 0.95;
  double min_p = 0;
  double typical_p = 1;
  double top_n_sigma = 0;
  double epsilon_cutoff = 0;
  double eta_cutoff = 0;
  double xtc_probability = 0;
  double xtc_threshold = 0.1;
  int64_t min_keep = 1;
  bool keep_ties = false;

  int64_t mirostat = 0;
  double mirostat_tau = 5;
  double mirostat_eta = 0.1;

  double repeat_penalty = 1;
  int64_t repeat_last_n = 64;
  double presence_penalty = 0;
  double frequency_penalty = 0;
  PenaltyScope penalty_scope = PenaltyScope::kSplit;

  double dry_multiplier = 0;
  double dry_base = 1.75;
  int64_t dry_allowed_length = 2;
  int64_t dry_last_n = -1;
  std::vector<std::string> dry_breakers = {"\n", ":", "\"", "*"};

  int64_t no_repeat_ngram = 0;
  int64_t min_tokens = 0;
  std::vector<LogitBias> logit_bias;
  std::vector<TokenName> banned;
  std::vector<TokenName> allowed;
  std::vector<std::string> bad_words;
  std::vector<std::vector<Token>> bad_sequences;

  std::vector<std::string> samplers;  // names of Chain's steps in their order; empty: the profile's
  std::optional<uint64_t> seed;

  bool operator==(const SamplingOptions&) const = default;
};

struct OptionField {
  using Member = std::variant<double SamplingOptions::*, int64_t SamplingOptions::*, bool SamplingOptions::*,
                              PenaltyScope SamplingOptions::*, std::string SamplingOptions::*,
                              std::optional<uint64_t> SamplingOptions::*, std::vector<std::string> SamplingOptions::*,
                              std::vector<TokenName> SamplingOptions::*, std::vector<LogitBias> SamplingOptions::*,
                              std::vector<std::vector<Token>> SamplingOptions::*>;
  std::string_view name;  // in JSON and in messages
  std::string_view flag;  // on the command line
  Member member;
  double low, high;       // bounds of a number, inclusive
  std::string_view unit;  // empty: none
  std::string_view help;

  bool is_list() const;         // a list grows by one element with each Set
  std::string Default() const;  // as text; empty for an empty list or no value
  std::string Bounds() const;   // "0 to 1", "at least 0"; empty when any value is fine
  std::string Get(const SamplingOptions& options) const;
  // Reads one value from text. Throws kInvalidArgument naming the field, the text and what is allowed.
  void Set(SamplingOptions& options, std::string_view text) const;
};

// In the order of the help text.
std::span<const OptionField> SamplingFields();

// By JSON name or by flag; throws kInvalidArgument for an unknown one.
const OptionField& SamplingField(std::string_view name);

// Throws kInvalidArgument naming the first field that is out of its bounds or not a number, its value and the bounds;
// also for unknown profiles and samplers. Chain::Build calls it.
void Validate(const SamplingOptions& options);

// The ids that `name` stands for: the id itself, or every token whose bytes are the text. Throws kInvalidArgument,
// naming `field`, for an id outside the vocabulary and for text that is no single token.
std::vector<Token> ResolveToken(const TokenName& name, const SamplingVocabulary& vocabulary, std::string_view field);

// The seed to draw with: options.seed, or a random one that the caller reports.
uint64_t SeedInUse(const SamplingOptions& options);

}  // namespace sheepop
