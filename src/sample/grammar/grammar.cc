#include "sample/grammar/grammar.h"

#include <algorithm>
#include <cassert>

#include "base/quoted.h"
#include "sample/grammar/text_language.h"

namespace sheepop::grammar {

Symbol Grammar::AddTerminal(std::unique_ptr<ByteLanguage> language, std::string name) {
  terminals_.push_back({std::move(name), std::move(language)});
  return {Symbol::kTerminal, static_cast<uint32_t>(terminals_.size() - 1)};
}

Symbol Grammar::Literal(std::string_view bytes) {
  const auto known = literals_.find(bytes);
  if (known != literals_.end()) return known->second;
  const Symbol symbol = AddTerminal(MakeLiteral(bytes), Quoted(bytes));
  literals_.emplace(bytes, symbol);
  return symbol;
}

Symbol Grammar::AddRule(std::string name, std::vector<Production> productions) {
  const Symbol rule = Declare(std::move(name));
  Define(rule, std::move(productions));
  return rule;
}

Symbol Grammar::AddLazyRule(std::string name, Expand expand) {
  const Symbol rule = Declare(std::move(name));
  rules_[rule.id]->expand = std::move(expand);
  return rule;
}

Symbol Grammar::AddAfter(std::string name, ExpandAfter expand) {
  afters_.push_back(std::make_unique<After>(After{std::move(name), std::move(expand), {}}));
  return {Symbol::kAfter, static_cast<uint32_t>(afters_.size() - 1)};
}

Symbol Grammar::Declare(std::string name) {
  rules_.push_back(std::make_unique<Rule>(Rule{std::move(name), {}, {}}));
  return {Symbol::kRule, static_cast<uint32_t>(rules_.size() - 1)};
}

void Grammar::Define(Symbol rule, std::vector<Production> productions) {
  rules_[rule.id]->productions = std::move(productions);
}

const std::vector<Production>& Grammar::Productions(Symbol rule) {
  assert(rule.kind == Symbol::kRule);
  Rule& body = *rules_[rule.id];
  if (body.expand) {
    body.productions = body.expand();
    body.expand = nullptr;  // kept where it throws: without productions the rule would have no word
  }
  return body.productions;
}

const std::vector<Production>& Grammar::ProductionsAfter(Symbol rule, std::string_view word) {
  assert(rule.kind == Symbol::kAfter);
  After& body = *afters_[rule.id];
  auto known = body.known.find(word);
  if (known == body.known.end()) known = body.known.emplace(word, body.expand(word)).first;
  return known->second;
}

const std::string& Grammar::name(Symbol symbol) const {
  switch (symbol.kind) {
    case Symbol::kTerminal: return terminals_[symbol.id].name;
    case Symbol::kRule: return rules_[symbol.id]->name;
    case Symbol::kAfter: return afters_[symbol.id]->name;
  }
  return rules_[symbol.id]->name;
}

size_t Grammar::bytes() const {
  size_t sum = rules_.size() * sizeof(Rule) + terminals_.size() * sizeof(Terminal);
  for (const Terminal& terminal : terminals_) sum += terminal.language->bytes();
  return sum;
}

}  // namespace sheepop::grammar
