#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "sample/grammar/text_language.h"
#include "sample/notation/fold.h"
#include "sample/notation/left_recursion.h"
#include "sample/notation/rules.h"

namespace sheepop::notation {
namespace {

using grammar::Grammar;
using grammar::Production;
using grammar::RegexId;
using grammar::RegexPool;
using grammar::Symbol;

struct Leaf {
  std::variant<RegexId, std::string, Symbol> what;  // without the empty word; a string is a control token
  std::string name;                                 // of the rule that it is, or is part of
};

// Rules as productions of leaves and rules. Left recursion stays.
class Lowering {
 public:
  Lowering(const Rules& rules, const Source& source, RegexPool& pool)
      : rules_(rules),
        pool_(pool),
        fold_(rules, source, pool),
        any_text_(pool.Repeat(pool.Chars(grammar::CharSet::All()), 1, {})) {
    plain_.start = rules.start;
    for (const NamedRule& rule : rules.rules) plain_.rules.push_back({rule.name, {}});
    for (uint32_t rule = 0; rule < rules.rules.size(); ++rule) {
      rule_ = rule;
      auto productions = Alternatives(rules.rules[rule].body);
      plain_.rules[rule].productions = std::move(productions);
    }
  }

  PlainRules TakeRules() { return std::move(plain_); }
  std::span<const Leaf> leaves() const { return leaves_; }

 private:
  // Of a sequence: an item, or an expression that may yet be joined with its neighbours.
  struct Part {
    std::optional<Piece> piece;
    PlainItem item;
    std::string name;  // of `piece`
  };

  std::vector<PlainProduction> Alternatives(NodeId id) {
    const Node& node = rules_.nodes[id];
    std::vector<PlainProduction> productions;
    if (const std::optional<Piece>& piece = fold_.Of(id)) {
      AddRegular({*piece, {}, NameOf(node)}, productions);
    } else if (node.kind == Node::kChoice) {
      AddChoice(node, productions);
    } else {
      productions.push_back(OfSequence(id));
    }
    return productions;
  }

  void AddChoice(const Node& node, std::vector<PlainProduction>& productions) {
    std::optional<Piece> regular;
    for (const NodeId id : node.parts) {
      const std::optional<Piece>& piece = fold_.Of(id);
      if (!piece) {
        std::ranges::move(Alternatives(id), std::back_inserter(productions));
        continue;
      }
      const std::optional<Piece> both = regular ? fold_.Choice(*regular, *piece) : piece;
      if (!both) AddRegular({*regular, {}, ThisName()}, productions);
      regular = both ? both : piece;
    }
    if (regular) AddRegular({*regular, {}, ThisName()}, productions);
  }

  void AddRegular(const Part& part, std::vector<PlainProduction>& productions) {
    if (pool_.Nullable(part.piece->regex)) productions.emplace_back();
    if (const std::optional<PlainItem> leaf = LeafOf(part)) productions.push_back({*leaf});
  }

  // What is not empty of an expression; nothing where there is nothing else.
  std::optional<PlainItem> LeafOf(const Part& part) {
    const RegexId whole = part.piece->regex;
    const auto [at, is_new] = known_.try_emplace({whole, part.name});
    if (is_new) {
      const RegexId regex = pool_.Nullable(whole) ? pool_.Intersection(whole, any_text_) : whole;
      if (!pool_.IsNone(regex)) at->second = AddLeaf({regex, part.name});
    }
    return at->second;
  }

  PlainItem AddLeaf(Leaf leaf) {
    leaves_.push_back(std::move(leaf));
    return {false, static_cast<uint32_t>(leaves_.size() - 1)};
  }

  PlainItem AddRule(std::vector<PlainProduction> productions) {
    for (const PlainProduction& production : productions) Count(production.size() + 1);
    plain_.rules.push_back({ThisName(), std::move(productions)});
    return {true, static_cast<uint32_t>(plain_.rules.size() - 1)};
  }

  PlainProduction OfSequence(NodeId id) {
    std::vector<Part> parts;
    AddParts(id, parts);
    PlainProduction production;
    for (const Part& part : parts) production.push_back(part.piece ? AsItem(part) : part.item);
    Count(production.size());
    return production;
  }

  void AddParts(NodeId id, std::vector<Part>& parts) {
    const Node& node = rules_.nodes[id];
    if (const std::optional<Piece>& piece = fold_.Of(id)) {
      if (piece->regex == pool_.Epsilon()) return;
      const std::optional<Piece> both =
          !parts.empty() && parts.back().piece ? fold_.Sequence(*parts.back().piece, *piece) : std::nullopt;
      if (both) {
        parts.back() = {both, {}, ThisName()};
      } else {
        parts.push_back({piece, {}, NameOf(node)});
      }
    } else if (node.kind == Node::kSequence) {
      for (const NodeId part : node.parts) AddParts(part, parts);
    } else {
      parts.push_back({std::nullopt, ItemOf(node, id), ""});
    }
  }

  // Of what is neither regular nor a sequence.
  PlainItem ItemOf(const Node& node, NodeId id) {
    if (node.kind == Node::kRule) return {true, node.index};
    if (node.kind == Node::kControl) return AddLeaf({rules_.texts[node.index], ThisName()});
    if (node.kind == Node::kSymbol) return AddLeaf({rules_.symbols[node.index], ThisName()});
    if (node.kind == Node::kChoice) return AddRule(Alternatives(id));
    return OfRepeat(node);
  }

  PlainItem OfRepeat(const Node& node) {
    const PlainProduction body = OfSequence(node.parts[0]);
    const PlainItem item = body.size() == 1 ? body[0] : AddRule({body});
    Count(node.least);
    PlainProduction all(node.least, item);
    if (node.most == kNoEnd) {
      const PlainItem more = AddRule({{}});
      plain_.rules[more.index].productions.push_back({item, more});
      all.push_back(more);
    } else if (node.most > node.least) {
      PlainItem more = AddRule({{}, {item}});
      for (uint64_t i = node.least + 1; i < node.most; ++i) more = AddRule({{}, {item, more}});
      all.push_back(more);
    }
    return AddRule({std::move(all)});
  }

  PlainItem AsItem(const Part& part) {
    if (!pool_.Nullable(part.piece->regex)) {
      if (const std::optional<PlainItem> leaf = LeafOf(part)) return *leaf;
    }
    std::vector<PlainProduction> productions;
    AddRegular(part, productions);
    return AddRule(std::move(productions));
  }

  std::string NameOf(const Node& node) const {
    return rules_.rules[node.kind == Node::kRule ? node.index : rule_].name;
  }
  const std::string& ThisName() const { return rules_.rules[rule_].name; }

  void Count(size_t items) {
    items_ += items;
    if (items_ > kMostPlainItems) {
      throw Error(
          ErrorCategory::kLimit,
          "the repetitions of the grammar have more than {} symbols when they are written out, which is the bound",
          kMostPlainItems);
    }
  }

  const Rules& rules_;
  RegexPool& pool_;
  Fold fold_;
  RegexId any_text_;
  PlainRules plain_;
  std::vector<Leaf> leaves_;
  std::map<std::pair<RegexId, std::string>, std::optional<PlainItem>>
      known_;          // the leaves of expressions, by their names too
  uint32_t rule_ = 0;  // the one being written out
  size_t items_ = 0;
};

class Emission {
 public:
  Emission(const PlainRules& plain, std::span<const Leaf> leaves, std::shared_ptr<RegexPool> pool, Grammar& grammar)
      : plain_(plain),
        leaves_(leaves),
        pool_(std::move(pool)),
        grammar_(grammar),
        rule_symbols_(plain.rules.size()),
        leaf_symbols_(leaves.size()) {}

  Symbol Start() {
    for (uint32_t rule = 0; rule < plain_.rules.size(); ++rule) {
      if (!plain_.rules[rule].productions.empty()) rule_symbols_[rule] = grammar_.Declare(plain_.rules[rule].name);
    }
    for (uint32_t rule = 0; rule < plain_.rules.size(); ++rule) {
      if (!rule_symbols_[rule]) continue;
      std::vector<Production> productions;
      for (const PlainProduction& plain : plain_.rules[rule].productions) {
        Production& production = productions.emplace_back();
        for (const PlainItem item : plain) production.push_back(SymbolOf(item));
      }
      grammar_.Define(*rule_symbols_[rule], std::move(productions));
    }
    return *rule_symbols_[plain_.start];
  }

 private:
  Symbol SymbolOf(PlainItem item) {
    if (item.is_rule) return *rule_symbols_[item.index];
    std::optional<Symbol>& symbol = leaf_symbols_[item.index];
    if (symbol) return *symbol;
    const Leaf& leaf = leaves_[item.index];
    if (const RegexId* regex = std::get_if<RegexId>(&leaf.what)) {
      symbol = grammar_.AddTerminal(grammar::MakeTextLanguage(pool_, *regex), leaf.name);
    } else if (const std::string* control = std::get_if<std::string>(&leaf.what)) {
      symbol = grammar_.Literal(*control);
    } else {
      symbol = std::get<Symbol>(leaf.what);
    }
    return *symbol;
  }

  const PlainRules& plain_;
  std::span<const Leaf> leaves_;
  std::shared_ptr<RegexPool> pool_;
  Grammar& grammar_;
  std::vector<std::optional<Symbol>> rule_symbols_, leaf_symbols_;
};

}  // namespace

Symbol AddRules(const Rules& rules, const Source& source, Grammar& grammar) {
  auto pool = std::make_shared<RegexPool>();
  Lowering lowering(rules, source, *pool);
  const PlainRules plain = WithoutLeftRecursion(lowering.TakeRules());
  if (plain.rules[plain.start].productions.empty()) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "the grammar has no text: no word of the rule {} comes to an end; give it an alternative without itself",
        rules.rules[rules.start].name);
  }
  return Emission(plain, lowering.leaves(), std::move(pool), grammar).Start();
}

}  // namespace sheepop::notation
