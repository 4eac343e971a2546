#include "sample/notation/left_recursion.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"
#include "sample/notation/strong_components.h"

namespace sheepop::notation {
namespace {

// The rules with a production all of whose items are fine: rules that are in the set themselves, and leaves where
// `leaves_are_fine`.
std::vector<bool> Closure(const std::vector<PlainRule>& rules, bool leaves_are_fine) {
  struct Use {
    uint32_t rule;
    size_t production;
  };
  std::vector<bool> known(rules.size());
  std::vector<std::vector<Use>> uses(rules.size());
  std::vector<std::vector<size_t>> waiting(rules.size());
  std::vector<uint32_t> ready;
  const auto settle = [&](uint32_t rule) {
    if (known[rule]) return;
    known[rule] = true;
    ready.push_back(rule);
  };
  for (uint32_t rule = 0; rule < rules.size(); ++rule) {
    waiting[rule].resize(rules[rule].productions.size());
    for (size_t p = 0; p < rules[rule].productions.size(); ++p) {
      size_t& count = waiting[rule][p];
      for (const PlainItem item : rules[rule].productions[p]) {
        if (item.is_rule) uses[item.index].push_back({rule, p});
        if (item.is_rule || !leaves_are_fine) ++count;
      }
      if (count == 0) settle(rule);
    }
  }
  while (!ready.empty()) {
    const uint32_t done = ready.back();
    ready.pop_back();
    for (const Use use : uses[done]) {
      if (--waiting[use.rule][use.production] == 0) settle(use.rule);
    }
  }
  return known;
}

std::vector<bool> Productive(const std::vector<PlainRule>& rules) { return Closure(rules, true); }
std::vector<bool> Nullable(const std::vector<PlainRule>& rules) { return Closure(rules, false); }

// Leaves out what has no word, what nothing reaches, what says nothing (a ::= a) and what stands twice.
void Prune(PlainRules& grammar) {
  std::vector<PlainRule>& rules = grammar.rules;
  const std::vector<bool> productive = Productive(rules);
  for (uint32_t rule = 0; rule < rules.size(); ++rule) {
    auto& productions = rules[rule].productions;
    std::erase_if(productions, [&](const PlainProduction& production) {
      if (production.size() == 1 && production[0] == PlainItem{true, rule}) return true;
      return std::ranges::any_of(production, [&](PlainItem i) { return i.is_rule && !productive[i.index]; });
    });
    std::ranges::sort(productions);
    const auto twice = std::ranges::unique(productions);
    productions.erase(twice.begin(), twice.end());
  }
  std::vector<bool> reached(rules.size());
  std::vector<uint32_t> open{grammar.start};
  reached[grammar.start] = true;
  while (!open.empty()) {
    const uint32_t rule = open.back();
    open.pop_back();
    for (const PlainProduction& production : rules[rule].productions) {
      for (const PlainItem item : production) {
        if (!item.is_rule || reached[item.index]) continue;
        reached[item.index] = true;
        open.push_back(item.index);
      }
    }
  }
  for (uint32_t rule = 0; rule < rules.size(); ++rule) {
    if (!reached[rule]) rules[rule].productions.clear();
  }
}

// Components of the rules that lead to each other before any leaf, those behind which nothing of the kind comes first.
std::vector<std::vector<uint32_t>> LeftComponents(const std::vector<PlainRule>& rules,
                                                  std::vector<std::vector<uint32_t>>& edges) {
  const std::vector<bool> nullable = Nullable(rules);
  edges.assign(rules.size(), {});
  for (uint32_t rule = 0; rule < rules.size(); ++rule) {
    for (const PlainProduction& production : rules[rule].productions) {
      for (const PlainItem item : production) {
        if (!item.is_rule) break;
        edges[rule].push_back(item.index);
        if (!nullable[item.index]) break;
      }
    }
  }
  return StrongComponents(edges);
}

bool IsCyclic(std::span<const uint32_t> component, const std::vector<std::vector<uint32_t>>& edges) {
  return component.size() > 1 || std::ranges::find(edges[component[0]], component[0]) != edges[component[0]].end();
}

bool IsLeftRecursive(const std::vector<PlainRule>& rules) {
  std::vector<std::vector<uint32_t>> edges;
  return std::ranges::any_of(LeftComponents(rules, edges), [&](const auto& c) { return IsCyclic(c, edges); });
}

// Two items a production at most, so that leaving out empty ones does not multiply productions.
void Binarise(std::vector<PlainRule>& rules) {
  for (uint32_t rule = 0; rule < rules.size(); ++rule) {
    for (size_t p = 0; p < rules[rule].productions.size(); ++p) {
      if (rules[rule].productions[p].size() <= 2) continue;
      PlainProduction& production = rules[rule].productions[p];
      PlainProduction tail(production.begin() + 1, production.end());
      production.resize(2);
      production[1] = {true, static_cast<uint32_t>(rules.size())};
      rules.push_back({rules[rule].name, {std::move(tail)}});
    }
  }
}

// The empty word is left to the start alone.
void TakeOutEmptyWords(PlainRules& grammar) {
  std::vector<PlainRule>& rules = grammar.rules;
  const std::vector<bool> nullable = Nullable(rules);
  const auto may_vanish = [&](PlainItem item) { return item.is_rule && nullable[item.index]; };
  for (PlainRule& rule : rules) {
    std::vector<PlainProduction> shorter;
    for (const PlainProduction& production : rule.productions) {
      if (production.size() != 2) continue;
      if (may_vanish(production[0])) shorter.push_back({production[1]});
      if (may_vanish(production[1])) shorter.push_back({production[0]});
    }
    std::ranges::move(shorter, std::back_inserter(rule.productions));
    std::erase_if(rule.productions, [](const PlainProduction& production) { return production.empty(); });
  }
  if (nullable[grammar.start]) {
    rules.push_back({rules[grammar.start].name, {{}, {{true, grammar.start}}}});
    grammar.start = static_cast<uint32_t>(rules.size() - 1);
  }
}

// The left-corner transform of one component C of a grammar without empty words but the start's. With (A, B) for "what may
// follow a B that begins an A":
//   A      -> X b (B)     for each B -> X b of C whose X is not in C
//   (A, B) -> b (A, D)    for each D -> B b of C
//   (A, A) -> nothing
// Productions D -> B of C would make (A, B) lead to (A, D) at once, perhaps in a circle; they are followed to their end
// instead.
class LeftCorners {
 public:
  LeftCorners(std::vector<PlainRule>& rules, std::span<const uint32_t> component) : rules_(rules) {
    for (const uint32_t rule : component) members_[rule] = {};
    for (const uint32_t rule : component) {
      for (PlainProduction& production : rules[rule].productions) {
        const bool inside = production[0].is_rule && members_.contains(production[0].index);
        if (!inside) {
          begins_.push_back({rule, std::move(production)});
        } else if (production.size() == 1) {
          members_[production[0].index].wraps.push_back(rule);
        } else {
          members_[production[0].index].continues.push_back({rule, {production.begin() + 1, production.end()}});
        }
      }
      rules[rule].productions.clear();
    }
    for (auto& [rule, member] : members_) FollowWraps(rule, member);
  }

  void Rewrite() {
    for (const auto& [goal, member] : members_) {
      for (const auto& [rule, production] : begins_) AddTo(goal, production, goal, rule);
    }
    while (!open_.empty()) {
      const auto [goal, corner] = open_.back();
      open_.pop_back();
      const uint32_t rest = rests_.at({goal, corner});
      for (const uint32_t around : members_.at(corner).all_wraps) {
        if (around == goal) rules_[rest].productions.emplace_back();
        for (const auto& [rule, tail] : members_.at(around).continues) AddTo(rest, tail, goal, rule);
      }
    }
  }

 private:
  struct Piece {
    uint32_t rule;
    PlainProduction items;
  };
  struct Member {
    std::vector<Piece> continues;     // D -> this b: D and b
    std::vector<uint32_t> wraps;      // D -> this: D
    std::vector<uint32_t> all_wraps;  // and what wraps those, and itself
  };

  void FollowWraps(uint32_t rule, Member& member) {
    std::map<uint32_t, bool> seen{{rule, true}};
    member.all_wraps = {rule};
    for (size_t i = 0; i < member.all_wraps.size(); ++i) {
      for (const uint32_t next : members_.at(member.all_wraps[i]).wraps) {
        if (!std::exchange(seen[next], true)) member.all_wraps.push_back(next);
      }
    }
    Count(member.all_wraps.size());
  }

  void AddTo(uint32_t to, const PlainProduction& front, uint32_t goal, uint32_t corner) {
    const auto [at, is_new] = rests_.try_emplace({goal, corner}, static_cast<uint32_t>(rules_.size()));
    if (is_new) {
      rules_.push_back({rules_[goal].name, {}});
      open_.push_back({goal, corner});
    }
    PlainProduction production = front;
    production.push_back({true, at->second});
    Count(production.size());
    rules_[to].productions.push_back(std::move(production));
  }

  void Count(size_t items) {
    items_ += items;
    if (items_ > kMostPlainItems) {
      throw Error(ErrorCategory::kLimit,
                  "{} rules of the grammar are left-recursive through each other; without that they have more than {} "
                  "symbols, which is the bound",
                  members_.size(), kMostPlainItems);
    }
  }

  std::vector<PlainRule>& rules_;
  std::map<uint32_t, Member> members_;
  std::vector<Piece> begins_;  // B -> X b
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> rests_;
  std::vector<std::pair<uint32_t, uint32_t>> open_;  // of the rests, those without productions yet
  size_t items_ = 0;
};

}  // namespace

PlainRules WithoutLeftRecursion(PlainRules rules) {
  Prune(rules);
  if (!IsLeftRecursive(rules.rules)) return rules;
  Binarise(rules.rules);
  TakeOutEmptyWords(rules);
  Prune(rules);
  std::vector<std::vector<uint32_t>> edges;
  for (const auto& component : LeftComponents(rules.rules, edges)) {
    if (IsCyclic(component, edges)) LeftCorners(rules.rules, component).Rewrite();
  }
  Prune(rules);
  return rules;
}

}  // namespace sheepop::notation
