#include "sample/options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>

#include "base/error.h"
#include "sample/profile.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

TokenName ParseTokenName(std::string_view thing, std::string_view text) {
  if (IsDigits(text)) {
    Token id = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc()) return id;
    throw Error(ErrorCategory::kInvalidArgument,
                "{} is \"{}\", must be a token id, 0 to {}, or the text of a token, in double quotes if it is a number",
                thing, text, std::numeric_limits<Token>::max());
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (!text.empty()) return std::string(text);
  throw Error(ErrorCategory::kInvalidArgument, "{} is \"\", must be a token id or the text of a token", thing);
}

std::string Text(const TokenName& name) {
  if (const Token* id = std::get_if<Token>(&name)) return fmt::format("{}", *id);
  return fmt::format("\"{}\"", std::get<std::string>(name));
}

class TokensType final : public ListType<TokenName> {
  TokenName Parse(const OptionRow&, std::string_view thing, std::string_view text) const override {
    return ParseTokenName(thing, text);
  }
  std::string Text(const TokenName& element) const override { return sheepop::Text(element); }
};

class BiasesType final : public ListType<LogitBias> {
 public:
  void Check(const OptionRow& row, std::string_view thing, const void* value) const override {
    for (const LogitBias& bias : *static_cast<const std::vector<LogitBias>*>(value)) CheckBias(row, thing, bias);
  }

 private:
  static void CheckBias(const OptionRow& row, std::string_view thing, const LogitBias& bias) {
    if (bias.bias != kBan) CheckBounds(thing, bias.bias, row.allowed.bounds);
  }

  LogitBias Parse(const OptionRow& row, std::string_view thing, std::string_view text) const override {
    const size_t equals = text.rfind('=');
    double bias = 0;
    const char* end = text.data() + text.size();
    const auto read = equals == std::string_view::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                       : std::from_chars(text.data() + equals + 1, end, bias);
    if (read.ec != std::errc() || read.ptr != end) {
      throw Error(ErrorCategory::kInvalidArgument,
                  "{} is \"{}\", must be TOKEN=BIAS, such as 42=-5 or sheep=2.5; a bias of -inf bans the token", thing,
                  text);
    }
    LogitBias parsed{ParseTokenName(thing, text.substr(0, equals)), bias};
    CheckBias(row, thing, parsed);
    return parsed;
  }
  std::string Text(const LogitBias& element) const override {
    return fmt::format("{}={}", sheepop::Text(element.token), element.bias);
  }
};

class SequencesType final : public ListType<std::vector<Token>> {
  std::vector<Token> Parse(const OptionRow&, std::string_view thing, std::string_view text) const override {
    std::vector<Token> sequence;
    for (std::string_view part : ReadList(thing, text, ',')) {
      sequence.push_back(static_cast<Token>(ReadInteger(thing, part, {0, std::numeric_limits<Token>::max()})));
    }
    return sequence;
  }
  std::string Text(const std::vector<Token>& element) const override {
    return fmt::format("{}", fmt::join(element, ","));
  }
};

class SamplersList final : public OptionType {
 public:
  Shape shape() const override { return Shape::kText; }
  void Read(const OptionRow&, std::string_view thing, std::string_view text, void* value) const override {
    auto& names = *static_cast<std::vector<std::string>*>(value);
    names.clear();
    if (text.empty()) return;  // the profile's
    for (std::string_view name : ReadList(thing, text, ';')) names.emplace_back(name);
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return {fmt::format("{}", fmt::join(*static_cast<const std::vector<std::string>*>(value), ";"))};
  }
};

class BreakersList final : public OptionType {
 public:
  Shape shape() const override { return Shape::kList; }
  void Read(const OptionRow&, std::string_view, std::string_view text, void* value) const override {
    auto& breakers = *static_cast<std::vector<std::string>*>(value);
    if (text.empty()) {
      breakers.clear();
    } else {
      breakers.emplace_back(text);
    }
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return *static_cast<const std::vector<std::string>*>(value);
  }
  void Clear(void* value) const override { static_cast<std::vector<std::string>*>(value)->clear(); }
};

}  // namespace

template <>
const OptionType& OptionTypeOf<PenaltyScope>() {
  static constexpr ChoiceType<PenaltyScope> kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<ForcedRuns>() {
  static constexpr ChoiceType<ForcedRuns> kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<schema::Whitespace>() {
  static constexpr ChoiceType<schema::Whitespace> kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<schema::FormatUse>() {
  static constexpr ChoiceType<schema::FormatUse> kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<std::vector<TokenName>>() {
  static constexpr TokensType kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<std::vector<LogitBias>>() {
  static constexpr BiasesType kType;
  return kType;
}

template <>
const OptionType& OptionTypeOf<std::vector<std::vector<Token>>>() {
  static constexpr SequencesType kType;
  return kType;
}

const OptionType& SamplersType() {
  static constexpr SamplersList kType;
  return kType;
}

const OptionType& BreakersType() {
  static constexpr BreakersList kType;
  return kType;
}

void Validate(const SamplingOptions& options) {
  kSamplingTable.Validate(options);
  CheckProfile(options);
}

namespace {

// A setting as JSON names it, and its flag where that is called otherwise.
std::string WithFlag(std::string_view field) {
  for (const OptionRow& row : kSamplingRows) {
    const std::string flag(row.long_flag());
    std::string named = flag.empty() ? "" : flag.substr(2);
    std::ranges::replace(named, '-', '_');
    if (row.name == field && !flag.empty() && named != field) return fmt::format("{} ({})", field, flag);
  }
  return std::string(field);
}

}  // namespace

std::vector<Token> ResolveToken(const TokenName& name, const SamplingVocabulary& vocabulary, std::string_view field) {
  if (const Token* id = std::get_if<Token>(&name)) {
    if (*id >= 0 && static_cast<size_t>(*id) < vocabulary.size()) return {*id};
    throw Error(ErrorCategory::kInvalidArgument, "{} names token {}, the vocabulary has ids 0 to {}", WithFlag(field),
                *id, static_cast<int64_t>(vocabulary.size()) - 1);
  }
  const auto& text = std::get<std::string>(name);
  std::vector<Token> ids;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.piece(static_cast<Token>(id)) == text) ids.push_back(static_cast<Token>(id));
  }
  if (ids.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "{} names \"{}\", which is no single token of this model; see `sheepop tokenize` for how it is split",
                WithFlag(field), text);
  }
  return ids;
}

std::vector<Token> ResolveTokens(const std::vector<TokenName>& names, const SamplingVocabulary& vocabulary,
                                 std::string_view field) {
  std::vector<Token> tokens;
  for (const TokenName& name : names) {
    const std::vector<Token> ids = ResolveToken(name, vocabulary, field);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  return tokens;
}

uint64_t SeedInUse(const SamplingOptions& options) {
  if (options.seed) return *options.seed;
  std::random_device device;
  // Below 2^53, so that it survives JSON readers that keep numbers as doubles.
  return (uint64_t{device()} << 32 | device()) >> 11;
}

}  // namespace sheepop
