#include "sample/schema/json_text.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "sample/grammar/text_language.h"

namespace sheepop::schema {
namespace {

using grammar::Symbol;

constexpr int kMostLevels = 32;  // that are written on lines of their own

// A language that several terminals have.
class Shared : public grammar::ByteLanguage {
 public:
  explicit Shared(std::shared_ptr<grammar::ByteLanguage> language) : language_(std::move(language)) {}
  State Start() override { return language_->Start(); }
  State Next(State state, uint8_t byte) override { return language_->Next(state, byte); }
  bool Accepts(State state) override { return language_->Accepts(state); }
  ByteSet Allowed(State state) override { return language_->Allowed(state); }
  size_t PlainRun(State state, size_t most) override { return language_->PlainRun(state, most); }
  size_t PlainMost(State state) override { return language_->PlainMost(state); }
  std::string Text(State state) override { return language_->Text(state); }
  size_t bytes() const override { return language_->bytes() / static_cast<size_t>(language_.use_count()); }

 private:
  std::shared_ptr<grammar::ByteLanguage> language_;
};

std::string Line(int level) { return "\n" + std::string(static_cast<size_t>(2 * level), ' '); }

}  // namespace

std::string KeyOf(const grammar::NumberConditions& conditions) {
  std::string key = fmt::format("{}{}{}{}", conditions.integer, conditions.not_integer, conditions.above_minimum,
                                conditions.below_maximum);
  const auto add = [&](char mark, const grammar::Decimal& value) { key += mark + value.Text(); };
  if (conditions.minimum) add('>', *conditions.minimum);
  if (conditions.maximum) add('<', *conditions.maximum);
  for (const grammar::Decimal& value : conditions.multiples) add('*', value);
  for (const grammar::Decimal& value : conditions.not_multiples) add('/', value);
  for (const grammar::Decimal& value : conditions.excluded) add('!', value);
  return key;
}

std::vector<Layout> JsonText::Choices(int outer) const {
  std::vector<Layout> layouts(1);
  if (outer != Layout::kLine && outer < kMostLevels) layouts.push_back({outer});
  return layouts;
}

Symbol JsonText::Mark(const std::string& before, char mark, const std::string& after) {
  const auto [place, is_new] = marks_.try_emplace(before + '\1' + mark + after);
  if (!is_new) return place->second;
  const auto space = [&](const std::string& what) {
    if (what == "*") {
      const grammar::CharSet blanks({{' ', ' '}, {'\t', '\t'}, {'\n', '\n'}, {'\r', '\r'}});
      return pool_->Repeat(pool_->Chars(blanks), 0, std::nullopt);
    }
    return what == "?" ? pool_->Repeat(pool_->Text(" "), 0, 1) : pool_->Text(what);
  };
  const std::string text = before + mark + after;
  if (before != "*" && after != "*" && after != "?") return place->second = grammar_.Literal(text);
  const grammar::RegexId regex = pool_->Concat(std::vector{space(before), pool_->Text({&mark, 1}), space(after)});
  return place->second = grammar_.AddTerminal(MakeTextLanguage(pool_, regex), fmt::format("\"{}\"", mark));
}

Symbol JsonText::Open(char bracket, Layout layout) {
  if (options_.whitespace == Whitespace::kAny) return Mark("", bracket, "*");
  return Mark("", bracket, layout.level == Layout::kLine ? "" : Line(layout.level + 1));
}

Symbol JsonText::Close(char bracket, Layout layout) {
  if (options_.whitespace == Whitespace::kAny) return Mark("*", bracket, "");
  return Mark(layout.level == Layout::kLine ? "" : Line(layout.level), bracket, "");
}

Symbol JsonText::Comma(Layout layout) {
  switch (options_.whitespace) {
    case Whitespace::kAny: return Mark("*", ',', "*");
    case Whitespace::kCompact: return Mark("", ',', "");
    case Whitespace::kSpaced: return Mark("", ',', " ");
    case Whitespace::kModel: break;
  }
  return Mark("", ',', layout.level == Layout::kLine ? "?" : Line(layout.level + 1));
}

Symbol JsonText::Colon() {
  switch (options_.whitespace) {
    case Whitespace::kAny: return Mark("*", ':', "*");
    case Whitespace::kCompact: return Mark("", ':', "");
    case Whitespace::kSpaced: return Mark("", ':', " ");
    case Whitespace::kModel: break;
  }
  return Mark("", ':', "?");
}

Symbol JsonText::Empty(bool is_object) {
  if (options_.whitespace != Whitespace::kAny) return grammar_.Literal(is_object ? "{}" : "[]");
  const auto [place, is_new] = marks_.try_emplace(is_object ? "{}" : "[]");
  if (is_new) {
    const grammar::CharSet blanks({{' ', ' '}, {'\t', '\t'}, {'\n', '\n'}, {'\r', '\r'}});
    const grammar::RegexId space = pool_->Repeat(pool_->Chars(blanks), 0, std::nullopt);
    const grammar::RegexId regex =
        pool_->Concat(std::vector{pool_->Text(is_object ? "{" : "["), space, pool_->Text(is_object ? "}" : "]")});
    place->second =
        grammar_.AddTerminal(MakeTextLanguage(pool_, regex), is_object ? "an empty object" : "an empty array");
  }
  return place->second;
}

Symbol JsonText::Document(Symbol value) {
  if (options_.whitespace != Whitespace::kAny) return value;
  const grammar::CharSet blanks({{' ', ' '}, {'\t', '\t'}, {'\n', '\n'}, {'\r', '\r'}});
  const Symbol space = grammar_.AddTerminal(
      MakeTextLanguage(pool_, pool_->Repeat(pool_->Chars(blanks), 1, std::nullopt)), "white space");
  return grammar_.AddRule("the document", {{value}, {space, value}, {value, space}, {space, value, space}});
}

Symbol JsonText::Terminal(const std::string& key, std::shared_ptr<grammar::ByteLanguage> language,
                          const std::string& name) {
  const auto [place, is_new] = terminals_.try_emplace(key + '\1' + name);
  if (is_new) place->second = grammar_.AddTerminal(std::make_unique<Shared>(std::move(language)), name);
  return place->second;
}

// A few words are spelt in one way, as programs write them, so that nothing but the words is left to choose.
std::unique_ptr<grammar::ByteLanguage> JsonText::Spelt(grammar::RegexId regex) const {
  constexpr size_t kFew = 100;
  const auto words = options_.whitespace == Whitespace::kAny ? std::nullopt : pool_->Words(regex, kFew);
  if (!words) return MakeJsonStringLanguage(pool_, regex);
  std::vector<grammar::RegexId> texts;
  for (const std::string& word : *words) {
    texts.push_back(pool_->Text(boost::json::serialize(boost::json::string(word))));
  }
  return MakeTextLanguage(pool_, pool_->Union(texts));
}

Symbol JsonText::String(grammar::RegexId regex, const std::string& name, bool capture) {
  const std::string key = fmt::format("s{}{}", static_cast<uint32_t>(regex), capture ? "c" : "");
  std::shared_ptr<grammar::ByteLanguage>& language = languages_[key];
  if (!language) {
    auto made = Spelt(regex);
    language = capture ? MakeCapturing(std::move(made)) : std::move(made);
  }
  return Terminal(key, language, name);
}

// Integers as programs write them, by their digits alone, as far as the bound of digits lets them.
std::unique_ptr<grammar::ByteLanguage> JsonText::Spelt(const grammar::NumberConditions& conditions) const {
  if (options_.whitespace != Whitespace::kAny && conditions.integer) {
    auto plain = MakeNumberLanguage(conditions, {.digits = options_.digits, .exponents = false, .points = false});
    if (plain->Start() != grammar::ByteLanguage::kDead) return plain;
  }
  return MakeNumberLanguage(conditions, number_form());
}

Symbol JsonText::Number(const grammar::Decimal& value, const std::string& name, bool capture) {
  grammar::NumberConditions only;
  only.minimum = only.maximum = value;
  const bool one_way = options_.whitespace != Whitespace::kAny ||
                       MakeNumberLanguage(only, number_form())->Start() == grammar::ByteLanguage::kDead;
  return one_way ? Literal(value.Text(), name, capture) : Number(only, name, capture);
}

Symbol JsonText::Number(const grammar::NumberConditions& conditions, const std::string& name, bool capture) {
  const std::string key = (capture ? "cn" : "n") + KeyOf(conditions);
  std::shared_ptr<grammar::ByteLanguage>& language = languages_[key];
  if (!language) {
    auto made = Spelt(conditions);
    language = capture ? MakeCapturing(std::move(made)) : std::move(made);
  }
  return Terminal(key, language, name);
}

Symbol JsonText::Literal(std::string_view text, const std::string& name, bool capture) {
  const std::string key = (capture ? "cl" : "l") + std::string(text);
  std::shared_ptr<grammar::ByteLanguage>& language = languages_[key];
  if (!language) {
    auto made = grammar::MakeLiteral(text);
    language = capture ? MakeCapturing(std::move(made)) : std::move(made);
  }
  return Terminal(key, language, name);
}

}  // namespace sheepop::schema
