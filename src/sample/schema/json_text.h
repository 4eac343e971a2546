// The marks of JSON's text in a grammar, with the white space that is wanted around them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sample/grammar/grammar.h"
#include "sample/grammar/number_language.h"
#include "sample/grammar/regex.h"
#include "sample/schema/json_schema.h"

namespace sheepop::schema {

// How the members of an object or the items of an array stand: in one line, or each on a line of its own, where the line
// of the closing bracket is indented `level` times.
struct Layout {
  static constexpr int kLine = -1;  // and all within it as well
  int level = kLine;
  auto operator<=>(const Layout&) const = default;
};

class JsonText {
 public:
  JsonText(const SchemaOptions& options, grammar::Grammar& grammar, std::shared_ptr<grammar::RegexPool> pool)
      : options_(options), grammar_(grammar), pool_(std::move(pool)) {}

  // The layouts that a value may choose where it stands within one of `outer`.
  std::vector<Layout> Choices(int outer) const;
  // Of what stands within: `outer` for it.
  int Within(Layout layout) const { return layout.level == Layout::kLine ? Layout::kLine : layout.level + 1; }
  int Outermost() const { return options_.whitespace == Whitespace::kModel ? 0 : Layout::kLine; }

  grammar::Symbol Open(char bracket, Layout layout);
  grammar::Symbol Close(char bracket, Layout layout);
  grammar::Symbol Comma(Layout layout);
  grammar::Symbol Colon();
  grammar::Symbol Empty(bool is_object);  // the whole of it, brackets included
  grammar::Symbol Document(grammar::Symbol value);

  grammar::Symbol String(grammar::RegexId regex, const std::string& name, bool capture = false);
  grammar::Symbol Number(const grammar::NumberConditions& conditions, const std::string& name, bool capture = false);
  grammar::Symbol Literal(std::string_view text, const std::string& name, bool capture = false);
  grammar::Symbol Number(const grammar::Decimal& value, const std::string& name, bool capture = false);
  grammar::NumberForm number_form() const { return {.digits = options_.digits}; }

 private:
  std::unique_ptr<grammar::ByteLanguage> Spelt(grammar::RegexId regex) const;
  std::unique_ptr<grammar::ByteLanguage> Spelt(const grammar::NumberConditions& conditions) const;
  grammar::Symbol Mark(const std::string& before, char mark, const std::string& after);
  grammar::Symbol Terminal(const std::string& key, std::shared_ptr<grammar::ByteLanguage> language,
                           const std::string& name);

  SchemaOptions options_;
  grammar::Grammar& grammar_;
  std::shared_ptr<grammar::RegexPool> pool_;
  std::map<std::string, grammar::Symbol> terminals_;                         // by key and name
  std::map<std::string, std::shared_ptr<grammar::ByteLanguage>> languages_;  // shared by terminals of other names
  std::map<std::string, grammar::Symbol> marks_;
};

// For keys of maps: unlike for unlike conditions.
std::string KeyOf(const grammar::NumberConditions& conditions);

}  // namespace sheepop::schema
