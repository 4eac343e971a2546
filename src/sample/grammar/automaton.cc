#include "sample/grammar/automaton.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>

#include "base/error.h"

namespace sheepop::grammar {
namespace {

constexpr uint32_t kUnknown = Automaton::kUnmade;

// What is expected behind a terminal, the next first. Equal stacks are one.
struct StackNode {
  Symbol top;
  uint32_t below;
  bool operator==(const StackNode&) const = default;
};
constexpr uint32_t kEmptyStack = 0;

// A place in a terminal, and what is expected behind it.
struct Way {
  uint32_t terminal;
  ByteLanguage::State state;
  uint32_t stack;
  auto operator<=>(const Way&) const = default;
};

struct Ways {  // ascending, each once
  std::vector<Way> list;
  bool ends = false;  // nothing more need follow
  bool operator==(const Ways&) const = default;
};

struct HashNode {
  size_t operator()(const StackNode& node) const {
    size_t seed = node.top.kind;
    boost::hash_combine(seed, node.top.id);
    boost::hash_combine(seed, node.below);
    return seed;
  }
};

size_t Hash(const Ways& ways) {
  size_t seed = ways.ends;
  for (const Way& way : ways.list) {
    boost::hash_combine(seed, way.terminal);
    boost::hash_combine(seed, way.state);
    boost::hash_combine(seed, way.stack);
  }
  return seed;
}

}  // namespace

struct Automaton::Body {
  Body(std::unique_ptr<Grammar> owned, Symbol first, const AutomatonLimits& bounds)
      : grammar(std::move(owned)), start(first), limits(bounds), room(bounds.bytes) {
    Clear();
  }

  void Clear() {
    stacks.clear();
    stack_ids.clear();
    openings.clear();
    states.clear();
    rows.clear();
    state_ids.clear();
    first_state = kUnknown;
    size = 0;
    stacks.push_back({{}, kEmptyStack});
    states.emplace_back();  // kDead
    rows.emplace_back();
    ++epoch;
  }

  uint32_t Push(Symbol top, uint32_t below) {
    const auto [slot, fresh] = stack_ids.try_emplace({top, below}, static_cast<uint32_t>(stacks.size()));
    if (fresh) {
      stacks.push_back({top, below});
      size += 4 * sizeof(StackNode);
    }
    return slot->second;
  }

  // The stack with a production on it; nothing where it holds what has no word.
  std::optional<uint32_t> Push(const Production& production, uint32_t below) {
    for (const Symbol symbol : production) {
      if (symbol.kind == Symbol::kTerminal && grammar->language(symbol).Start() == ByteLanguage::kDead) return {};
    }
    for (size_t i = production.size(); i-- > 0;) below = Push(production[i], below);
    return below;
  }

  void Sort(Ways& ways) const {
    std::ranges::sort(ways.list);
    ways.list.erase(std::ranges::unique(ways.list).begin(), ways.list.end());
    if (ways.list.size() > limits.ways) {
      throw Error(ErrorCategory::kLimit,
                  "the text can be read in more than {} ways at once; make the grammar less ambiguous", limits.ways);
    }
  }

  // Adds the ways that begin where `stacks_to_open` stand.
  void Open(std::vector<uint32_t> to_open, Ways& ways) {
    boost::unordered_flat_set<uint32_t> seen;
    size_t expansions = 0;
    while (!to_open.empty()) {
      const uint32_t stack = to_open.back();
      to_open.pop_back();
      if (!seen.insert(stack).second) continue;
      if (stack == kEmptyStack) {
        ways.ends = true;
        continue;
      }
      const StackNode node = stacks[stack];
      if (node.top.kind == Symbol::kTerminal) {
        ByteLanguage& language = grammar->language(node.top);
        const ByteLanguage::State state = language.Start();
        if (state == ByteLanguage::kDead) continue;
        ways.list.push_back({node.top.id, state, node.below});
        if (language.Accepts(state)) Close(node.top.id, state, node.below, to_open);
        continue;
      }
      for (const Production& production : grammar->Productions(node.top)) {
        if (++expansions > limits.expansions || seen.size() > limits.ways) {
          throw Error(ErrorCategory::kLimit,
                      "the grammar expands more than {} rules at one place (at {}); is a rule left-recursive?",
                      std::min(limits.expansions, limits.ways), grammar->name(node.top));
        }
        if (const auto next = Push(production, node.below)) to_open.push_back(*next);
      }
    }
  }

  // A word of a terminal is complete: what is expected behind it is next.
  void Close(uint32_t terminal, ByteLanguage::State state, uint32_t stack, std::vector<uint32_t>& to_open) {
    if (stack == kEmptyStack || stacks[stack].top.kind != Symbol::kAfter) {
      to_open.push_back(stack);
      return;
    }
    const StackNode node = stacks[stack];
    const std::string word = grammar->language({Symbol::kTerminal, terminal}).Text(state);
    for (const Production& production : grammar->ProductionsAfter(node.top, word)) {
      if (const auto next = Push(production, node.below)) to_open.push_back(*next);
    }
  }

  // Open of one stack, remembered.
  const Ways& Opening(uint32_t stack) {
    if (const auto known = openings.find(stack); known != openings.end()) return *known->second;
    auto ways = std::make_unique<Ways>();
    Open({stack}, *ways);
    Sort(*ways);
    size += sizeof(Ways) + ways->list.size() * sizeof(Way);
    return *openings.emplace(stack, std::move(ways)).first->second;
  }

  static void Join(const Ways& from, Ways& to) {
    to.list.insert(to.list.end(), from.list.begin(), from.list.end());
    to.ends = to.ends || from.ends;
  }

  State Intern(Ways ways) {
    if (ways.list.empty() && !ways.ends) return kDead;
    auto& bucket = state_ids[Hash(ways)];
    for (const State state : bucket) {
      if (states[state] == ways) return state;
    }
    const State state = static_cast<State>(states.size());
    bucket.push_back(state);
    size += sizeof(Ways) + ways.list.size() * sizeof(Way) + 64;
    states.push_back(std::move(ways));
    rows.emplace_back();
    return state;
  }

  State Start() {
    if (first_state != kUnknown) return first_state;
    Ways ways;
    if (const auto stack = Push(Production{start}, kEmptyStack)) ways = Opening(*stack);
    return first_state = Intern(std::move(ways));
  }

  ByteSet Allowed(State state) {
    ByteSet allowed;
    for (const Way& way : states[state].list) {
      allowed |= grammar->language({Symbol::kTerminal, way.terminal}).Allowed(way.state);
    }
    return allowed;
  }

  State* Row(State state) {
    if (!rows[state]) {
      rows[state] = std::make_unique<State[]>(256);
      const ByteSet allowed = Allowed(state);
      for (size_t byte = 0; byte < 256; ++byte) {
        rows[state][byte] = allowed.Has(static_cast<uint8_t>(byte)) ? kUnknown : kDead;
      }
      size += 256 * sizeof(State);
    }
    return rows[state].get();
  }

  State Next(State state, uint8_t byte) {
    State* const row = Row(state);
    if (row[byte] != kUnknown) return row[byte];
    Ways next;
    std::vector<uint32_t> to_open;
    const size_t count = states[state].list.size();
    for (size_t i = 0; i < count; ++i) {
      const Way way = states[state].list[i];
      ByteLanguage& language = grammar->language({Symbol::kTerminal, way.terminal});
      const ByteLanguage::State moved = language.Next(way.state, byte);
      if (moved == ByteLanguage::kDead) continue;
      next.list.push_back({way.terminal, moved, way.stack});
      if (language.Accepts(moved)) Close(way.terminal, moved, way.stack, to_open);
    }
    DropSpent(next);
    for (const uint32_t stack : to_open) Join(Opening(stack), next);
    Sort(next);
    return row[byte] = Intern(std::move(next));
  }

  // A word that nothing can follow within its terminal is no way any more: equal rests are then equal states.
  void DropSpent(Ways& ways) {
    std::erase_if(ways.list, [&](const Way& way) {
      ByteLanguage& language = grammar->language({Symbol::kTerminal, way.terminal});
      return language.Accepts(way.state) && language.Allowed(way.state).empty();
    });
  }

  std::unique_ptr<Grammar> grammar;
  Symbol start;
  AutomatonLimits limits;
  uint64_t epoch = 0;
  size_t size = 0;  // of what Clear forgets
  size_t room;      // for it
  std::vector<StackNode> stacks;
  boost::unordered_flat_map<StackNode, uint32_t, HashNode> stack_ids;
  boost::unordered_flat_map<uint32_t, std::unique_ptr<Ways>> openings;
  std::vector<Ways> states;
  std::vector<std::unique_ptr<State[]>> rows;
  boost::unordered_flat_map<size_t, std::vector<State>> state_ids;  // by hash
  State first_state = kUnknown;
};

Automaton::Automaton(std::unique_ptr<Grammar> grammar, Symbol start, AutomatonLimits limits)
    : body_(std::make_unique<Body>(std::move(grammar), start, limits)) {}

Automaton::~Automaton() = default;

void Automaton::Tidy() {
  if (body_->size <= body_->room) return;
  body_->Clear();
  body_->room = body_->limits.bytes;
}

void Automaton::MakeRoom() {
  body_->room = std::max(body_->room, 2 * body_->size);
  if (body_->room <= 8 * body_->limits.bytes) return;
  throw Error(ErrorCategory::kLimit,
              "the text has led through states of {} MiB, the bound is {}; use a simpler grammar", body_->size >> 20,
              4 * body_->limits.bytes >> 20);
}

uint64_t Automaton::epoch() const { return body_->epoch; }
Automaton::State Automaton::Start() { return body_->Start(); }
Automaton::State Automaton::Next(State state, uint8_t byte) {
  return state == kDead ? kDead : body_->Next(state, byte);
}
const Automaton::State* Automaton::Row(State state) { return body_->Row(state); }
bool Automaton::Accepts(State state) { return body_->states[state].ends; }
ByteSet Automaton::Allowed(State state) { return body_->Allowed(state); }

size_t Automaton::PlainRun(State state, size_t most) {
  size_t run = 0;
  for (const Way& way : body_->states[state].list) {
    run = std::max(run, body_->grammar->language({Symbol::kTerminal, way.terminal}).PlainRun(way.state, most));
  }
  return run;
}

size_t Automaton::PlainMost(State state) {
  size_t most = 0;
  for (const Way& way : body_->states[state].list) {
    most = std::max(most, body_->grammar->language({Symbol::kTerminal, way.terminal}).PlainMost(way.state));
  }
  return most;
}

std::vector<std::string> Automaton::Following(State state, size_t most) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (names.size() < most && !name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
    return !name.empty();
  };
  for (const Way& way : body_->states[state].list) {
    if (add(body_->grammar->name({Symbol::kTerminal, way.terminal}))) continue;
    for (uint32_t stack = way.stack; stack != kEmptyStack; stack = body_->stacks[stack].below) {
      if (body_->stacks[stack].top.kind != Symbol::kTerminal && add(body_->grammar->name(body_->stacks[stack].top)))
        break;
    }
  }
  return names;
}

size_t Automaton::bytes() const { return body_->size + body_->grammar->bytes(); }

}  // namespace sheepop::grammar
