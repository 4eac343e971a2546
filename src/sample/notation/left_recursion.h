// Left recursion, taken out of a finite grammar: what reads a grammar from the left would otherwise expand a rule without
// end before it sees a byte. Only the words are kept, not their trees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sheepop::notation {

struct PlainItem {
  bool is_rule = false;  // else a leaf, which has words but not the empty one
  uint32_t index = 0;
  bool operator==(const PlainItem&) const = default;
  auto operator<=>(const PlainItem&) const = default;
};
using PlainProduction = std::vector<PlainItem>;  // empty: the empty word

struct PlainRule {
  std::string name;
  std::vector<PlainProduction> productions;
};

struct PlainRules {
  std::vector<PlainRule> rules;
  uint32_t start = 0;
};

inline constexpr size_t kMostPlainItems = 1'000'000;  // in all productions together

// The same words from a grammar in which no rule leads back to itself before a leaf, be it through other rules or behind
// what may be empty, and each rule that the start reaches has words; the start has no productions where the grammar has no
// word. Without left recursion the rules stay as they are but for what has no word. Otherwise at most the square of
// the rules that are left-recursive through each other: the left-corner transform of Moore, "Removing left recursion from
// context-free grammars", NAACL 2000, of those alone. Throws kLimit past kMostPlainItems.
PlainRules WithoutLeftRecursion(PlainRules rules);

}  // namespace sheepop::notation
