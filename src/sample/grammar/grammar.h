// A context-free grammar over bytes whose rules are written out when they are first needed: an endless number of them
// costs nothing, so that a rule may stand for "the rest of this object, with these members behind it".
//
// Words are bytes. Text is UTF-8; a control token is kControlMark and its name, a byte string that no text holds.
//
// One thread at a time. Not copied: closures of lazy rules refer to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sample/grammar/byte_language.h"

namespace sheepop::grammar {

inline constexpr char kControlMark = '\xFF';

struct Symbol {
  enum Kind : uint8_t {
    kTerminal,  // a ByteLanguage
    kRule,
    kAfter,  // a rule that depends on the word of the terminal right before it, which must remember it
  };
  Kind kind = kTerminal;
  uint32_t id = 0;
  bool operator==(const Symbol&) const = default;
};

using Production = std::vector<Symbol>;  // in their order; empty: the empty word

class Grammar {
 public:
  using Expand = std::function<std::vector<Production>()>;
  using ExpandAfter = std::function<std::vector<Production>(std::string_view word)>;

  Grammar() = default;
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  // Names are for people: they are shown where the rule forbids a token. `name` of a terminal may be empty: its rule's
  // is then shown.
  Symbol AddTerminal(std::unique_ptr<ByteLanguage> language, std::string name = "");
  // Equal bytes give the same terminal, whose name are they. Not empty.
  Symbol Literal(std::string_view bytes);
  Symbol AddRule(std::string name, std::vector<Production> productions);
  // `expand` is called until it returns once; what it throws comes out of the automaton. No productions: no word (a rule
  // that can derive nothing must be expanded so, and never be left to be found out: the automaton takes a rule with
  // productions for one that has words).
  Symbol AddLazyRule(std::string name, Expand expand);
  // `expand` is called once at most for each word.
  Symbol AddAfter(std::string name, ExpandAfter expand);

  // For rules that name each other before they are written: a rule without productions until Define.
  Symbol Declare(std::string name);
  void Define(Symbol rule, std::vector<Production> productions);

  const std::vector<Production>& Productions(Symbol rule);                              // of a kRule
  const std::vector<Production>& ProductionsAfter(Symbol rule, std::string_view word);  // of a kAfter
  ByteLanguage& language(Symbol terminal) { return *terminals_[terminal.id].language; }
  const std::string& name(Symbol symbol) const;

  size_t rules() const { return rules_.size(); }
  size_t terminals() const { return terminals_.size(); }
  size_t bytes() const;

 private:
  struct Terminal {
    std::string name;
    std::unique_ptr<ByteLanguage> language;
  };
  struct Rule {
    std::string name;
    std::vector<Production> productions;
    Expand expand;  // empty once called
  };
  struct After {
    std::string name;
    ExpandAfter expand;
    std::map<std::string, std::vector<Production>, std::less<>> known;  // by word
  };
  std::vector<Terminal> terminals_;
  std::vector<std::unique_ptr<Rule>> rules_;
  std::vector<std::unique_ptr<After>> afters_;
  std::map<std::string, Symbol, std::less<>> literals_;
};

}  // namespace sheepop::grammar
