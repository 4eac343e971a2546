#include "sample/notation/notation.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "sample/grammar/pattern.h"
#include "sample/grammar/text_language.h"
#include "sample/notation/lark_reader.h"

namespace sheepop::notation {
namespace {

using grammar::Grammar;
using grammar::RegexId;
using grammar::RegexPool;
using grammar::Symbol;

Symbol AddRegular(std::string name, RegexId regex, std::shared_ptr<RegexPool> pool, Grammar& grammar) {
  if (pool->IsNone(regex)) {
    throw Error(ErrorCategory::kInvalidArgument, "the {} matches no text at all", name);
  }
  return grammar.AddTerminal(grammar::MakeTextLanguage(std::move(pool), regex), std::move(name));
}

}  // namespace

Symbol AddLark(std::string_view text, const schema::SchemaOptions& options, Grammar& grammar,
               schema::SchemaNotes& notes) {
  LarkReader reader(text, [&](std::string_view json) {
    return schema::AddJsonSchema(ParseJson(json, "the schema behind %json"), options, grammar, notes);
  });
  const Rules rules = reader.Read();
  NoteUnused(rules, reader.source(), notes);
  return AddRules(rules, reader.source(), grammar);
}

Symbol AddGrammar(std::string_view text, const schema::SchemaOptions& options, Grammar& grammar,
                  schema::SchemaNotes& notes) {
  // The first name that something is defined by.
  Source source(text);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; };
  for (;;) {
    source.TakeWhile(is_blank);
    if (source.Peek() != '#' && !source.Begins("//")) break;
    source.SkipLine();
  }
  source.TakeWhile(
      [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '-' || c == '_'; });
  source.TakeWhile(is_blank);
  return source.Begins("::=") ? AddGbnf(text, grammar, notes) : AddLark(text, options, grammar, notes);
}

Symbol AddRegex(std::string_view regex, Grammar& grammar) {
  auto pool = std::make_shared<RegexPool>();
  const RegexId id = grammar::ParsePattern(regex, grammar::PatternMeaning::kWhole, *pool);
  return AddRegular("regex", id, std::move(pool), grammar);
}

Symbol AddChoice(std::span<const std::string> choices, Grammar& grammar) {
  if (choices.empty()) throw Error(ErrorCategory::kInvalidArgument, "there is no text to choose; give at least one");
  auto pool = std::make_shared<RegexPool>();
  std::vector<RegexId> texts;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].empty()) {
      throw Error(ErrorCategory::kInvalidArgument, "choice {} is empty; each needs a text", i + 1);
    }
    texts.push_back(pool->Text(choices[i]));
  }
  const RegexId any = pool->Union(texts);
  return AddRegular("choice", any, std::move(pool), grammar);
}

}  // namespace sheepop::notation
