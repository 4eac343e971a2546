// Every setting of sampling, and the rows that describe them to every front: flags, JSON, the library, help and bounds
// come from there. Plain data; copies are independent. Every step of the chain has a row, too: a new one is a file in
// steps/, and here its member, its option's row and its own.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/option_table.h"
#include "base/token.h"
#include "sample/schema/json_schema.h"

namespace sheepop {

class SamplingVocabulary;

// A token given by its id, or by text that must be a token of its own.
using TokenName = std::variant<Token, std::string>;

inline constexpr double kBan = -std::numeric_limits<double>::infinity();

struct LogitBias {
  TokenName token;
  double bias = 0;  // kBan: the token is never drawn
  bool operator==(const LogitBias&) const = default;
};

enum class PenaltyScope {
  kSplit,   // repetition: the last repeat_last_n of prompt and output; presence and frequency: the whole output
  kShared,  // all three: the last repeat_last_n of prompt and output
  kOutput,  // all three: the last repeat_last_n of the output
};

enum class ForcedRuns {
  kRun,   // tokens that a grammar leaves no choice about are computed together
  kStep,  // one a step, to the same bits
  kOff,   // they are drawn like any other
};

// Where a model's thoughts stand in its text.
struct ThinkingOptions {
  std::string open;   // "<think>"; empty: the text begins within thoughts
  std::string close;  // "</think>"; empty: there are no thoughts
  bool operator==(const ThinkingOptions&) const = default;
};

// What shape the text must have: at most one of the first four is given.
struct ConstraintOptions {
  std::string json_schema;  // as text; empty: none
  std::string regex;
  std::string grammar;  // GBNF or Lark
  std::vector<std::string> choices;
  schema::SchemaOptions schema;
  ThinkingOptions thinking;  // the shape is that of what comes behind the thoughts
  ForcedRuns forced_runs = ForcedRuns::kRun;

  bool given() const { return !json_schema.empty() || !regex.empty() || !grammar.empty() || !choices.empty(); }
  bool operator==(const ConstraintOptions&) const = default;
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

  ConstraintOptions constraint;
  int64_t thinking_budget = -1;  // tokens of thoughts at most; -1: any number

  std::vector<std::string> samplers;  // names of Chain's steps in their order; empty: the profile's
  std::optional<uint64_t> seed;

  bool operator==(const SamplingOptions&) const = default;
};

template <>
const OptionType& OptionTypeOf<PenaltyScope>();
template <>
const OptionType& OptionTypeOf<ForcedRuns>();
template <>
const OptionType& OptionTypeOf<schema::Whitespace>();
template <>
const OptionType& OptionTypeOf<schema::FormatUse>();
template <>
const OptionType& OptionTypeOf<std::vector<TokenName>>();
template <>
const OptionType& OptionTypeOf<std::vector<LogitBias>>();
template <>
const OptionType& OptionTypeOf<std::vector<std::vector<Token>>>();
const OptionType& SamplersType();  // names separated by semicolons, in one text
const OptionType& BreakersType();  // an empty text forgets those before it

template <auto member>
constexpr OptionField ConstraintField() {
  return Field<&SamplingOptions::constraint, member>();
}
template <auto member>
constexpr OptionField SchemaField() {
  return Field<&SamplingOptions::constraint, &ConstraintOptions::schema, member>();
}
template <auto member>
constexpr OptionField ThinkingField() {
  return Field<&SamplingOptions::constraint, &ConstraintOptions::thinking, member>();
}
inline constexpr OptionTraits kShape = OptionTraits().In("Shape of the text");
inline constexpr OptionTraits kOfSchemas = kShape.OnlyWith("json_schema!=|grammar!=");

// In the order of the help text.
inline constexpr OptionRow kSamplingRows[] = {
    {"profile", "--profile", Field<&SamplingOptions::profile>(), kAny, "",
     "whose order, defaults and scopes: sheepop, llama.cpp, hf, vllm, openai or ollama; the other flags change single "
     "settings of it"},
    {"temperature", "--temperature", Field<&SamplingOptions::temperature>(), Between(0, 1e6), "",
     "divides the logits: below 1 sharpens, above 1 flattens; 0 always takes the best token"},
    {"dynatemp_range", "--dynatemp-range", Field<&SamplingOptions::dynatemp_range>(), Between(0, 1e6), "",
     "lets the temperature move this far to both sides with the entropy of the candidates; 0: off"},
    {"dynatemp_exponent", "--dynatemp-exponent", Field<&SamplingOptions::dynatemp_exponent>(), Between(0, 100), "",
     "how the entropy, as a share of its maximum, maps to that range", OptionTraits().OnlyWith("dynatemp_range!=0")},
    {"do_sample", "--do-sample", Field<&SamplingOptions::do_sample>(), kAny, "",
     "draw at random; false always takes the best token that is left"},
    {"top_k", "--top-k", Field<&SamplingOptions::top_k>(), AtLeast(0), "tokens", "keep the k best; 0: all"},
    {"top_p", "--top-p", Field<&SamplingOptions::top_p>(), Between(0, 1), "probability",
     "keep the smallest set of best tokens that sums to p; 1: all"},
    {"min_p", "--min-p", Field<&SamplingOptions::min_p>(), Between(0, 1), "probability",
     "keep tokens at least this share as likely as the best; 0: all"},
    {"typical_p", "--typical-p", Field<&SamplingOptions::typical_p>(), Between(0, 1), "probability",
     "keep the tokens whose surprise is nearest to the entropy until they sum to p; 1: all"},
    {"top_n_sigma", "--top-n-sigma", Field<&SamplingOptions::top_n_sigma>(), Between(0, 1e6), "standard deviations",
     "keep logits at most n standard deviations below the best; 0: all"},
    {"epsilon_cutoff", "--epsilon-cutoff", Field<&SamplingOptions::epsilon_cutoff>(), Between(0, 1), "probability",
     "drop tokens less likely than this; 0: none"},
    {"eta_cutoff", "--eta-cutoff", Field<&SamplingOptions::eta_cutoff>(), Between(0, 1), "probability",
     "drop tokens less likely than min(eta, sqrt(eta) exp(-entropy)); 0: none"},
    {"xtc_probability", "--xtc-probability", Field<&SamplingOptions::xtc_probability>(), Between(0, 1), "probability",
     "how often XTC acts: it drops all tokens above its threshold but the least likely of them; 0: never"},
    {"xtc_threshold", "--xtc-threshold", Field<&SamplingOptions::xtc_threshold>(), Between(0, 1), "probability",
     "what XTC counts as a likely token", OptionTraits().OnlyWith("xtc_probability!=0")},
    {"min_keep", "--min-keep", Field<&SamplingOptions::min_keep>(), AtLeast(1), "tokens",
     "no filter leaves fewer candidates than this"},
    {"keep_ties", "--keep-ties", Field<&SamplingOptions::keep_ties>(), kAny, "",
     "top-k and typical-p keep all tokens equal to the last one they keep",
     OptionTraits().OnlyWith("top_k!=0|typical_p!=1")},
    {"mirostat", "--mirostat", Field<&SamplingOptions::mirostat>(), Between(0, 2), "",
     "1 or 2: Mirostat of that version in place of the other filters; 0: off"},
    {"mirostat_tau", "--mirostat-tau", Field<&SamplingOptions::mirostat_tau>(), Between(0, 100), "bits",
     "the surprise that Mirostat aims at", OptionTraits().OnlyWith("mirostat!=0")},
    {"mirostat_eta", "--mirostat-eta", Field<&SamplingOptions::mirostat_eta>(), Between(0, 10), "",
     "how fast Mirostat corrects itself", OptionTraits().OnlyWith("mirostat!=0")},
    {"repeat_penalty", "--repeat-penalty", Field<&SamplingOptions::repeat_penalty>(), Between(1e-6, 1e6), "",
     "divides positive logits of tokens seen before, and multiplies others; 1: off"},
    {"repeat_last_n", "--repeat-last-n", Field<&SamplingOptions::repeat_last_n>(), AtLeast(-1), "tokens",
     "how far back penalties look; 0: nowhere, -1: everywhere",
     OptionTraits().OnlyWith("repeat_penalty!=1|presence_penalty!=0|frequency_penalty!=0")},
    {"presence_penalty", "--presence-penalty", Field<&SamplingOptions::presence_penalty>(), Between(-1e6, 1e6),
     "logits", "subtracted once from each token seen before"},
    {"frequency_penalty", "--frequency-penalty", Field<&SamplingOptions::frequency_penalty>(), Between(-1e6, 1e6),
     "logits", "subtracted as many times as the token was seen"},
    {"penalty_scope", "--penalty-scope", Field<&SamplingOptions::penalty_scope>(), "split|shared|output", "",
     "split: presence and frequency see the whole output, repetition the last n of prompt and output; shared: all "
     "three see the last n of prompt and output; output: all three see the last n of the output",
     OptionTraits().OnlyWith("repeat_penalty!=1|presence_penalty!=0|frequency_penalty!=0")},
    {"dry_multiplier", "--dry-multiplier", Field<&SamplingOptions::dry_multiplier>(), Between(0, 1e6), "logits",
     "penalises a token that would extend a repetition by multiplier * base^(length - allowed length); 0: off"},
    {"dry_base", "--dry-base", Field<&SamplingOptions::dry_base>(), Between(1, 100), "", "see --dry-multiplier",
     OptionTraits().OnlyWith("dry_multiplier!=0")},
    {"dry_allowed_length", "--dry-allowed-length", Field<&SamplingOptions::dry_allowed_length>(), AtLeast(1), "tokens",
     "repetitions up to this length are free", OptionTraits().OnlyWith("dry_multiplier!=0")},
    {"dry_last_n", "--dry-last-n", Field<&SamplingOptions::dry_last_n>(), AtLeast(-1), "tokens",
     "how far back DRY looks; 0: nowhere, -1: everywhere", OptionTraits().OnlyWith("dry_multiplier!=0")},
    {"dry_breakers", "--dry-breaker", Field<&SamplingOptions::dry_breakers>(BreakersType), kAny, "",
     "a repetition ends at a token that contains this text; may be given several times, an empty text forgets those "
     "before it",
     OptionTraits().OnlyWith("dry_multiplier!=0")},
    {"no_repeat_ngram", "--no-repeat-ngram", Field<&SamplingOptions::no_repeat_ngram>(), AtLeast(0), "tokens",
     "no sequence of this many tokens appears twice; 0: off"},
    {"min_tokens", "--min-tokens", Field<&SamplingOptions::min_tokens>(), AtLeast(0), "tokens",
     "the text does not end before this many tokens; stop strings within them are text like any other"},
    {"logit_bias", "--logit-bias", Field<&SamplingOptions::logit_bias>(), Between(-1e6, 1e6), "logits",
     "TOKEN=BIAS adds to the logit of a token, given as an id or as text (in double quotes if it is a number); -inf "
     "bans it; several times"},
    {"banned", "--ban", Field<&SamplingOptions::banned>(), kAny, "",
     "a token that is never drawn, as an id or as text; several times"},
    {"allowed", "--allow", Field<&SamplingOptions::allowed>(), kAny, "",
     "only tokens named so are drawn, as an id or as text; several times"},
    {"bad_words", "--bad-word", Field<&SamplingOptions::bad_words>(), kAny, "",
     "text that never appears, however it is split into tokens; several times"},
    {"bad_sequences", "--bad-sequence", Field<&SamplingOptions::bad_sequences>(), kAny, "",
     "ids, separated by commas, that never follow each other; several times"},
    {"json_schema", "--json-schema", ConstraintField<&ConstraintOptions::json_schema>(), kAny, "",
     "the text is JSON that this JSON Schema allows", kShape.FromFile()},
    {"regex", "--regex", ConstraintField<&ConstraintOptions::regex>(), kAny, "",
     "the whole text matches this regular expression (ECMA-262)", kShape},
    {"grammar", "--grammar", ConstraintField<&ConstraintOptions::grammar>(), kAny, "",
     "the text is one of this grammar, in llama.cpp's GBNF or in Lark's form", kShape.FromFile()},
    {"choice", "--choice", ConstraintField<&ConstraintOptions::choices>(), kAny, "",
     "the text is one of those given so; several times", kShape.Takes("TEXT")},
    {"any_order", "--any-order", SchemaField<&schema::SchemaOptions::any_order>(), kAny, "",
     "the members of an object come in any order; else in that of the schema, others behind them", kOfSchemas.Bare()},
    {"whitespace", "--whitespace", SchemaField<&schema::SchemaOptions::whitespace>(), "compact|spaced|model|any", "",
     "white space of JSON: compact: none; spaced: a space behind each comma and colon; model: at most that, or line "
     "breaks with an indent of two spaces; any: whatever JSON allows, also 1e0 for an integer and escapes in names",
     kOfSchemas},
    {"digits", "--digits", SchemaField<&schema::SchemaOptions::digits>(), Between(0, 1000), "",
     "digits of a number in JSON at most, those of its exponent not counted; 0: any number of them", kOfSchemas},
    {"format", "--format", SchemaField<&schema::SchemaOptions::format>(), "assert|annotate", "",
     "what a schema's \"format\" means: assert: it must hold; annotate: nothing", kOfSchemas},
    {"lenient", "--lenient", SchemaField<&schema::SchemaOptions::lenient>(), kAny, "",
     "what a schema asks and cannot be enforced is told, and not a reason to refuse it", kOfSchemas.Bare()},
    {"forced_runs", "--forced-runs", ConstraintField<&ConstraintOptions::forced_runs>(), "run|step|off", "",
     "tokens that leave no choice: run: computed together; step: one a step, to the same text; off: drawn like others",
     kShape.OnlyWith("json_schema!=|regex!=|grammar!=|choice!=")},
    {"thinking_open", "--thinking-open", ThinkingField<&ThinkingOptions::open>(), kAny, "",
     "what opens thoughts at the start of the text, such as <think>; without it the text begins within them",
     kShape.OnlyWith("thinking_close!=")},
    {"thinking_close", "--thinking-close", ThinkingField<&ThinkingOptions::close>(), kAny, "",
     "what ends the thoughts, such as </think>: the shape is that of the text behind it",
     kShape.Otherwise("no thoughts").OnlyWith("json_schema!=|regex!=|grammar!=|choice!=|thinking_budget!=-1")},
    {"thinking_budget", "--thinking-budget", Field<&SamplingOptions::thinking_budget>(), AtLeast(-1), "tokens",
     "of thoughts at most, then --thinking-close is put in; -1: any number"},
    {"samplers", "--samplers", Field<&SamplingOptions::samplers>(SamplersType), kAny, "",
     "the steps and their order, separated by semicolons, in place of the profile's; bias, bans and other masks come "
     "first in any case"},
    {"seed", "--seed", Field<&SamplingOptions::seed>(), kAny, "", "same seed, same text; random when not given"},
};

inline constexpr OptionTable<SamplingOptions> kSamplingTable("sampling setting", kSamplingRows);

// Whether a row is about the shape of the text, and not about how likely tokens are.
constexpr bool IsConstraint(const OptionRow& row) { return row.traits.group == kShape.group; }

// A step of the chain, and what its file in steps/ makes of the options: null where its setting is neutral. Throws
// kInvalidArgument for tokens that the vocabulary does not have.
class Step;
using StepPointer = std::shared_ptr<const Step>;
using StepMaker = StepPointer(const SamplingOptions& options, const SamplingVocabulary& vocabulary);

struct StepRow {
  std::string_view name;  // in traces and in `samplers`
  StepMaker* make;
  bool filter = false;  // Mirostat stands in for it
  // A real setting and the value at which it lets every token pass: where explanations look for what would have kept one.
  std::string_view setting = "";
  double open = 0;
};

StepMaker MakeGrammar, MakeThinkingBudget, MakeLogitBias, MakeBanned, MakeAllowed, MakeBadWords, MakeBadSequences,
    MakeNoRepeatNgram, MakeMinTokens;
StepMaker MakeRepetition, MakePresence, MakeFrequency, MakeDry, MakeTemperature, MakeTopK, MakeTopP, MakeMinP;
StepMaker MakeTypicalP, MakeTopNSigma, MakeEpsilon, MakeEta, MakeXtc, MakeMirostat, MakeGreedy;

// Grammars, bounds of thoughts, bias, bans and the like, which come first in every profile, in this order.
inline constexpr StepRow kMasks[] = {
    {"grammar", MakeGrammar},
    {"thinking_budget", MakeThinkingBudget},
    {"logit_bias", MakeLogitBias},
    {"banned", MakeBanned},
    {"allowed", MakeAllowed},
    {"bad_words", MakeBadWords},
    {"bad_sequences", MakeBadSequences},
    {"no_repeat_ngram", MakeNoRepeatNgram},
    {"min_tokens", MakeMinTokens},
};

// The steps whose order a profile or `samplers` gives. This is the order of the profile sheepop; what another profile
// does not name comes last there.
inline constexpr StepRow kSteps[] = {
    {"repetition", MakeRepetition},
    {"presence", MakePresence},
    {"frequency", MakeFrequency},
    {"dry", MakeDry},
    {"temperature", MakeTemperature, false, "temperature", 100},
    {"top_k", MakeTopK, true},
    {"top_p", MakeTopP, true, "top_p", 1},
    {"min_p", MakeMinP, true, "min_p", 0},
    {"typical_p", MakeTypicalP, true, "typical_p", 1},
    {"top_n_sigma", MakeTopNSigma, true, "top_n_sigma", 1e6},
    {"epsilon", MakeEpsilon, true, "epsilon_cutoff", 0},
    {"eta", MakeEta, true, "eta_cutoff", 0},
    {"xtc", MakeXtc, true, "xtc_threshold", 1},
    {"mirostat", MakeMirostat},
};

// Throws kInvalidArgument naming the first setting that is out of its bounds or not a number, its value and the bounds;
// also for unknown profiles and samplers. Chain::Build calls it.
void Validate(const SamplingOptions& options);

// The ids that `name` stands for: the id itself, or every token whose bytes are the text. Throws kInvalidArgument,
// naming `field`, for an id outside the vocabulary and for text that is no single token.
std::vector<Token> ResolveToken(const TokenName& name, const SamplingVocabulary& vocabulary, std::string_view field);

// Of all of them, in their order.
std::vector<Token> ResolveTokens(const std::vector<TokenName>& names, const SamplingVocabulary& vocabulary,
                                 std::string_view field);

// The seed to draw with: options.seed, or a random one that the caller reports.
uint64_t SeedInUse(const SamplingOptions& options);

}  // namespace sheepop
