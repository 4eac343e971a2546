#include "sample/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>

#include "base/error.h"
#include "sample/profile.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

using Options = SamplingOptions;

constexpr double kMaxCount = 2147483647;
constexpr double kMaxTemperature = 1e6;
constexpr double kMaxPenalty = 1e6;

const OptionField kFields[] = {
    {"profile", "--profile", &Options::profile, 0, 0, "",
     "whose order, defaults and scopes: sheepop, llama.cpp, hf, vllm, openai or ollama; the other flags change single "
     "settings of it"},
    {"temperature", "--temperature", &Options::temperature, 0, kMaxTemperature, "",
     "divides the logits: below 1 sharpens, above 1 flattens; 0 always takes the best token"},
    {"dynatemp_range", "--dynatemp-range", &Options::dynatemp_range, 0, kMaxTemperature, "",
     "lets the temperature move this far to both sides with the entropy of the candidates; 0: off"},
    {"dynatemp_exponent", "--dynatemp-exponent", &Options::dynatemp_exponent, 0, 100, "",
     "how the entropy, as a share of its maximum, maps to that range"},
    {"do_sample", "--do-sample", &Options::do_sample, 0, 1, "",
     "draw at random; false always takes the best token that is left"},
    {"top_k", "--top-k", &Options::top_k, 0, kMaxCount, "tokens", "keep the k best; 0: all"},
    {"top_p", "--top-p", &Options::top_p, 0, 1, "probability",
     "keep the smallest set of best tokens that sums to p; 1: all"},
    {"min_p", "--min-p", &Options::min_p, 0, 1, "probability",
     "keep tokens at least this share as likely as the best; 0: all"},
    {"typical_p", "--typical-p", &Options::typical_p, 0, 1, "probability",
     "keep the tokens whose surprise is nearest to the entropy until they sum to p; 1: all"},
    {"top_n_sigma", "--top-n-sigma", &Options::top_n_sigma, 0, 1e6, "standard deviations",
     "keep logits at most n standard deviations below the best; 0: all"},
    {"epsilon_cutoff", "--epsilon-cutoff", &Options::epsilon_cutoff, 0, 1, "probability",
     "drop tokens less likely than this; 0: none"},
    {"eta_cutoff", "--eta-cutoff", &Options::eta_cutoff, 0, 1, "probability",
     "drop tokens less likely than min(eta, sqrt(eta) exp(-entropy)); 0: none"},
    {"xtc_probability", "--xtc-probability", &Options::xtc_probability, 0, 1, "probability",
     "how often XTC acts: it drops all tokens above its threshold but the least likely of them; 0: never"},
    {"xtc_threshold", "--xtc-threshold", &Options::xtc_threshold, 0, 1, "probability",
     "what XTC counts as a likely token"},
    {"min_keep", "--min-keep", &Options::min_keep, 1, kMaxCount, "tokens",
     "no filter leaves fewer candidates than this"},
    {"keep_ties", "--keep-ties", &Options::keep_ties, 0, 1, "",
     "top-k and typical-p keep all tokens equal to the last one they keep"},
    {"mirostat", "--mirostat", &Options::mirostat, 0, 2, "",
     "1 or 2: Mirostat of that version in place of the other filters; 0: off"},
    {"mirostat_tau", "--mirostat-tau", &Options::mirostat_tau, 0, 100, "bits", "the surprise that Mirostat aims at"},
    {"mirostat_eta", "--mirostat-eta", &Options::mirostat_eta, 0, 10, "", "how fast Mirostat corrects itself"},
    {"repeat_penalty", "--repeat-penalty", &Options::repeat_penalty, 1e-6, kMaxPenalty, "",
     "divides positive logits of tokens seen before, and multiplies others; 1: off"},
    {"repeat_last_n", "--repeat-last-n", &Options::repeat_last_n, -1, kMaxCount, "tokens",
     "how far back penalties look; 0: nowhere, -1: everywhere"},
    {"presence_penalty", "--presence-penalty", &Options::presence_penalty, -kMaxPenalty, kMaxPenalty, "logits",
     "subtracted once from each token seen before"},
    {"frequency_penalty", "--frequency-penalty", &Options::frequency_penalty, -kMaxPenalty, kMaxPenalty, "logits",
     "subtracted as many times as the token was seen"},
    {"penalty_scope", "--penalty-scope", &Options::penalty_scope, 0, 0, "",
     "split: presence and frequency see the whole output, repetition the last n of prompt and output; shared: all "
     "three see "
     "the last n of prompt and output; output: all three see the last n of the output"},
    {"dry_multiplier", "--dry-multiplier", &Options::dry_multiplier, 0, kMaxPenalty, "logits",
     "penalises a token that would extend a repetition by multiplier * base^(length - allowed length); 0: off"},
    {"dry_base", "--dry-base", &Options::dry_base, 1, 100, "", "see --dry-multiplier"},
    {"dry_allowed_length", "--dry-allowed-length", &Options::dry_allowed_length, 1, kMaxCount, "tokens",
     "repetitions up to this length are free"},
    {"dry_last_n", "--dry-last-n", &Options::dry_last_n, -1, kMaxCount, "tokens",
     "how far back DRY looks; 0: nowhere, -1: everywhere"},
    {"dry_breakers", "--dry-breaker", &Options::dry_breakers, 0, 0, "",
     "a repetition ends at a token that contains this text; may be given several times, an empty text forgets those "
     "before it"},
    {"no_repeat_ngram", "--no-repeat-ngram", &Options::no_repeat_ngram, 0, kMaxCount, "tokens",
     "no sequence of this many tokens appears twice; 0: off"},
    {"min_tokens", "--min-tokens", &Options::min_tokens, 0, kMaxCount, "tokens",
     "the text does not end before this many tokens; stop strings within them are text like any other"},
    {"logit_bias", "--logit-bias", &Options::logit_bias, -1e6, 1e6, "logits",
     "TOKEN=BIAS adds to the logit of a token, given as an id or as text (in double quotes if it is a number); several "
     "times"},
    {"banned", "--ban", &Options::banned, 0, 0, "", "a token that is never drawn, as an id or as text; several times"},
    {"allowed", "--allow", &Options::allowed, 0, 0, "",
     "only tokens named so are drawn, as an id or as text; several times"},
    {"bad_words", "--bad-word", &Options::bad_words, 0, 0, "",
     "text that never appears, however it is split into tokens; several times"},
    {"bad_sequences", "--bad-sequence", &Options::bad_sequences, 0, 0, "",
     "ids, separated by commas, that never follow each other; several times"},
    {"samplers", "--samplers", &Options::samplers, 0, 0, "",
     "the steps and their order, separated by semicolons, in place of the profile's; bias, bans and other masks come "
     "first in any case"},
    {"seed", "--seed", &Options::seed, 0, 0, "", "same seed, same text; random when not given"},
};

[[noreturn]] void Refuse(const OptionField& field, std::string_view text, std::string_view expected) {
  throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be {}", field.name, text, expected);
}

template <class Number>
bool ParseWhole(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string NumberText(double value) { return fmt::format("{}", value); }

void CheckNumber(const OptionField& field, double value) {
  if (value >= field.low && value <= field.high) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be {}", field.name, NumberText(value), field.Bounds());
}

TokenName ParseTokenName(const OptionField& field, std::string_view text) {
  Token id = 0;
  if (ParseWhole(text, id)) return id;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty()) Refuse(field, text, "a token id or the text of a token");
  return std::string(text);
}

LogitBias ParseBias(const OptionField& field, std::string_view text) {
  const size_t equals = text.rfind('=');
  LogitBias bias;
  if (equals == std::string_view::npos || !ParseWhole(text.substr(equals + 1), bias.bias)) {
    Refuse(field, text, "TOKEN=BIAS, such as 42=-5 or sheep=2.5");
  }
  bias.token = ParseTokenName(field, text.substr(0, equals));
  CheckNumber(field, bias.bias);
  return bias;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::vector<Token> ParseSequence(const OptionField& field, std::string_view text) {
  std::vector<Token> sequence;
  for (const std::string& part : Split(text, ',')) {
    if (!ParseWhole(std::string_view(part), sequence.emplace_back()))
      Refuse(field, text, "token ids separated by commas");
  }
  if (sequence.empty()) Refuse(field, text, "token ids separated by commas");
  return sequence;
}

constexpr std::string_view kScopes[] = {"split", "shared", "output"};

std::string Text(const TokenName& name) {
  if (const Token* id = std::get_if<Token>(&name)) return fmt::format("{}", *id);
  return fmt::format("\"{}\"", std::get<std::string>(name));
}

struct Reader {
  const OptionField& field;
  std::string_view text;

  void operator()(double& value) const {
    double parsed = 0;
    if (!ParseWhole(text, parsed)) Refuse(field, text, fmt::format("a number, {}", field.Bounds()));
    CheckNumber(field, parsed);
    value = parsed;
  }
  void operator()(int64_t& value) const {
    int64_t parsed = 0;
    if (!ParseWhole(text, parsed)) Refuse(field, text, fmt::format("a whole number, {}", field.Bounds()));
    CheckNumber(field, static_cast<double>(parsed));
    value = parsed;
  }
  void operator()(bool& value) const {
    if (text != "true" && text != "false") Refuse(field, text, "true or false");
    value = text == "true";
  }
  void operator()(PenaltyScope& value) const {
    const auto* found = std::find(std::begin(kScopes), std::end(kScopes), text);
    if (found == std::end(kScopes)) Refuse(field, text, "split, shared or output");
    value = static_cast<PenaltyScope>(found - std::begin(kScopes));
  }
  void operator()(std::string& value) const { value = text; }
  void operator()(std::optional<uint64_t>& value) const {
    uint64_t parsed = 0;
    if (!ParseWhole(text, parsed)) Refuse(field, text, "a whole number, 0 to 18446744073709551615");
    value = parsed;
  }
  void operator()(std::vector<std::string>& value) const {
    if (field.name == "samplers") {
      value = Split(text, ';');
    } else if (field.name == "dry_breakers" && text.empty()) {
      value.clear();
    } else if (text.empty()) {
      Refuse(field, text, "some text");
    } else {
      value.emplace_back(text);
    }
  }
  void operator()(std::vector<TokenName>& value) const { value.push_back(ParseTokenName(field, text)); }
  void operator()(std::vector<LogitBias>& value) const { value.push_back(ParseBias(field, text)); }
  void operator()(std::vector<std::vector<Token>>& value) const { value.push_back(ParseSequence(field, text)); }
};

struct Writer {
  std::string operator()(double value) const { return NumberText(value); }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(PenaltyScope value) const { return std::string(kScopes[static_cast<size_t>(value)]); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::optional<uint64_t>& value) const { return value ? fmt::format("{}", *value) : ""; }
  std::string operator()(const std::vector<std::string>& value) const {
    return fmt::format("{}", fmt::join(value, ";"));
  }
  std::string operator()(const std::vector<TokenName>& value) const {
    return Joined(value, [](const auto& v) { return Text(v); });
  }
  std::string operator()(const std::vector<LogitBias>& value) const {
    return Joined(value, [](const auto& v) { return fmt::format("{}={}", Text(v.token), v.bias); });
  }
  std::string operator()(const std::vector<std::vector<Token>>& value) const {
    return Joined(value, [](const auto& v) { return fmt::format("{}", fmt::join(v, ",")); });
  }

  template <class List, class Format>
  static std::string Joined(const List& list, Format format) {
    std::vector<std::string> parts;
    for (const auto& element : list) parts.push_back(format(element));
    return fmt::format("{}", fmt::join(parts, ";"));
  }
};

}  // namespace

bool OptionField::is_list() const {
  return name != "samplers" && (std::holds_alternative<std::vector<std::string> Options::*>(member) ||
                                std::holds_alternative<std::vector<TokenName> Options::*>(member) ||
                                std::holds_alternative<std::vector<LogitBias> Options::*>(member) ||
                                std::holds_alternative<std::vector<std::vector<Token>> Options::*>(member));
}

std::string OptionField::Default() const { return Get(SamplingOptions()); }

std::string OptionField::Bounds() const {
  if (low == high) return "";
  if (high == kMaxCount) return fmt::format("at least {}", low);
  return fmt::format("{} to {}", low, high);
}

std::string OptionField::Get(const SamplingOptions& options) const {
  return std::visit([&](auto pointer) { return Writer()(options.*pointer); }, member);
}

void OptionField::Set(SamplingOptions& options, std::string_view text) const {
  std::visit([&](auto pointer) { Reader{*this, text}(options.*pointer); }, member);
}

std::span<const OptionField> SamplingFields() { return kFields; }

const OptionField& SamplingField(std::string_view name) {
  for (const OptionField& field : kFields) {
    if (field.name == name || field.flag == name) return field;
  }
  throw Error(ErrorCategory::kInvalidArgument, "there is no sampling setting \"{}\"", name);
}

void Validate(const SamplingOptions& options) {
  for (const OptionField& field : kFields) {
    if (const auto* real = std::get_if<double Options::*>(&field.member)) CheckNumber(field, options.*(*real));
    if (const auto* count = std::get_if<int64_t Options::*>(&field.member)) {
      CheckNumber(field, static_cast<double>(options.*(*count)));
    }
  }
  for (const LogitBias& bias : options.logit_bias) CheckNumber(SamplingField("logit_bias"), bias.bias);
  CheckProfile(options);
}

std::vector<Token> ResolveToken(const TokenName& name, const SamplingVocabulary& vocabulary, std::string_view field) {
  if (const Token* id = std::get_if<Token>(&name)) {
    if (*id >= 0 && static_cast<size_t>(*id) < vocabulary.size()) return {*id};
    throw Error(ErrorCategory::kInvalidArgument, "{} names token {}, the vocabulary has ids 0 to {}", field, *id,
                static_cast<int64_t>(vocabulary.size()) - 1);
  }
  const auto& text = std::get<std::string>(name);
  std::vector<Token> ids;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.piece(static_cast<Token>(id)) == text) ids.push_back(static_cast<Token>(id));
  }
  if (ids.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "{} names \"{}\", which is no single token of this model; see `sheepop tokenize` for how it is split",
                field, text);
  }
  return ids;
}

uint64_t SeedInUse(const SamplingOptions& options) {
  if (options.seed) return *options.seed;
  std::random_device device;
  // Below 2^53, so that it survives JSON readers that keep numbers as doubles.
  return (uint64_t{device()} << 32 | device()) >> 11;
}

}  // namespace sheepop
