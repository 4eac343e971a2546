#include "cli/commands/constrain_examples.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/philox.h"
#include "base/quoted.h"
#include "sample/grammar/grammar.h"

namespace sheepop::cli {
namespace {

// What a byte that may follow is likely to do to the length of the text.
enum Kind : uint8_t { kCloses, kOpens, kDigit, kLetter, kOther, kEscapes, kSpace, kBeyondAscii, kKinds };
constexpr std::array<double, kKinds> kWeights = {30, 12, 20, 20, 10, 2, 4, 3};
constexpr std::array<double, kKinds> kWeightsToEnd = {1000, 0.01, 5, 2, 3, 0.01, 0.01, 0.5};
constexpr double kEnds = 0.3;                                 // a text that may end here does
constexpr double kTriesWords = 0.25, kTriesWordsToEnd = 0.5;  // members that are required may come in any order
constexpr size_t kWordsTried = 3;

// `in_string`: brackets are characters like others.
Kind KindOf(char byte, bool in_string) {
  if (static_cast<uint8_t>(byte) >= 0x80) return kBeyondAscii;
  if (byte == '"') return kCloses;
  if (in_string && std::string_view("[]{}()<>").find(byte) != std::string_view::npos) return kOther;
  if (std::string_view("]})>").find(byte) != std::string_view::npos) return kCloses;
  if (std::string_view("[{(<").find(byte) != std::string_view::npos) return kOpens;
  if (byte >= '0' && byte <= '9') return kDigit;
  if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')) return kLetter;
  if (byte == '\\') return kEscapes;
  return std::string_view(" \t\n\r").find(byte) != std::string_view::npos ? kSpace : kOther;
}

class Walk {
 public:
  Walk(const Constraint& constraint, const std::vector<std::string>& words, const ExampleOptions& options,
       uint32_t index)
      : constraint_(constraint), words_(words), options_(options), index_(index) {}

  std::optional<std::string> Run() {
    while (position_.bytes.size() <= kMostExampleBytes) {
      if (constraint_.Accepts(position_) && (Ending() || Unit() < kEnds)) return std::move(position_.bytes);
      if (word_.empty() && Unit() < (Ending() ? kTriesWordsToEnd : kTriesWords)) ChooseWord();
      const std::vector<std::string_view> choices = Choices();
      if (choices.empty()) {
        if (constraint_.Accepts(position_)) return std::move(position_.bytes);
        Fail();
      }
      const std::string_view chosen = Choose(choices);
      word_ = word_.starts_with(chosen) ? word_.substr(chosen.size()) : std::string_view();
      if (constraint_.Advance(position_, chosen) != chosen.size()) Fail();
    }
    return std::nullopt;
  }

 private:
  bool Ending() const { return position_.bytes.size() > kExampleBytes; }
  double Unit() { return RandomUnit(options_.seed, index_, draws_++, RandomLane::kDraw); }
  size_t Below(size_t count) {
    return static_cast<size_t>(RandomBits(options_.seed, index_, draws_++, RandomLane::kDraw) % count);
  }

  [[noreturn]] void Fail() const {
    throw Error(ErrorCategory::kInternal,
                "behind {} bytes nothing may follow, and the text is not complete; please report this: {}",
                position_.bytes.size(), Quoted(position_.bytes));
  }

  void ChooseWord() {
    for (size_t i = 0; i < kWordsTried && !words_.empty() && word_.empty(); ++i) {
      const std::string_view word = words_[Below(words_.size())];
      Constraint::Position ahead = position_;
      if (constraint_.Advance(ahead, word) == word.size()) word_ = word;
    }
  }

  // The bytes of what may follow, each not empty; valid until the next call.
  std::vector<std::string_view> Choices() {
    std::vector<std::string_view> choices;
    if (!options_.by_tokens) {
      const ByteSet allowed = constraint_.Allowed(position_);
      for (size_t byte = 0; byte < kBytes.size(); ++byte) {
        if (allowed.Has(static_cast<uint8_t>(byte))) choices.emplace_back(&kBytes[byte], 1);
      }
      return choices;
    }
    mask_ = constraint_.Mask(position_);
    for (size_t token = 0; token < constraint_.table().vocabulary_size(); ++token) {
      const std::string_view bytes = constraint_.table().bytes(static_cast<Token>(token));
      if (((*mask_)[token / 64] >> (token % 64) & 1) != 0 && !bytes.empty()) choices.push_back(bytes);
    }
    return choices;
  }

  std::string_view Choose(const std::vector<std::string_view>& choices) {
    std::string_view longest;
    for (const std::string_view choice : choices) {
      if (choice.size() > longest.size() && word_.starts_with(choice)) longest = choice;
    }
    if (!longest.empty()) return longest;
    std::array<std::vector<std::string_view>, kKinds> of;
    const auto may_follow = [&](char byte) {
      return std::ranges::any_of(choices, [&](std::string_view choice) { return choice[0] == byte; });
    };
    const bool in_string = may_follow('"') && may_follow('z');
    for (const std::string_view choice : choices) of[KindOf(choice[0], in_string)].push_back(choice);
    const auto& weights = Ending() ? kWeightsToEnd : kWeights;
    double sum = 0;
    for (size_t kind = 0; kind < kKinds; ++kind) sum += of[kind].empty() ? 0 : weights[kind];
    double left = Unit() * sum;
    size_t chosen = 0;
    for (size_t kind = 0; kind < kKinds; ++kind) {
      if (of[kind].empty()) continue;
      chosen = kind;
      if ((left -= weights[kind]) < 0) break;
    }
    // Zeros end numbers that must be multiples.
    if (chosen == kDigit && Ending() && of[chosen][0] == "0" && Unit() < 0.5) return of[chosen][0];
    return of[chosen][Below(of[chosen].size())];
  }

  static constexpr auto kBytes = [] {
    std::array<char, 256> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
    return bytes;
  }();

  const Constraint& constraint_;
  const std::vector<std::string>& words_;
  const ExampleOptions& options_;
  uint32_t index_;
  uint64_t draws_ = 0;
  Constraint::Position position_;
  std::string_view word_;                  // what is to be written of the one that was chosen
  std::shared_ptr<const TokenMask> mask_;  // of the choices
};

void AddWords(const boost::json::value& value, std::set<std::string>& words) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      words.insert(boost::json::serialize(boost::json::string(name)));
      AddWords(member, words);
    }
  } else if (const auto* array = value.if_array()) {
    for (const boost::json::value& item : *array) AddWords(item, words);
  } else if (value.is_string() || value.is_number()) {
    words.insert(boost::json::serialize(value));
  }
}

}  // namespace

Examples DrawExamples(const Constraint& constraint, const std::vector<std::string>& words,
                      const ExampleOptions& options) {
  Examples examples;
  for (size_t i = 0; i < options.count; ++i) {
    if (auto text = Walk(constraint, words, options, static_cast<uint32_t>(i)).Run()) {
      examples.texts.push_back(std::move(*text));
    } else {
      ++examples.unfinished;
    }
  }
  return examples;
}

std::vector<std::string> WordsOf(const boost::json::value& schema) {
  std::set<std::string> words;
  AddWords(schema, words);
  return {words.begin(), words.end()};
}

}  // namespace sheepop::cli
