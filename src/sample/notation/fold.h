// The regular parts of a grammar as regular expressions: a terminal is walked byte by byte for the price of a look-up,
// while between terminals the stacks of the grammar move.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sample/grammar/regex.h"
#include "sample/notation/rules.h"

namespace sheepop::notation {

struct Piece {
  grammar::RegexId regex{};
  size_t size = 0;  // characters and classes in it, each as often as it is written
};

class Fold {
 public:
  // Expressions that would be larger stay apart, so that those that share parts without end, or blow up as an automaton, do not.
  static constexpr size_t kMostSize = 4000;

  // Finds out which rules are regular as a whole: those that lead to regular ones only, themselves only at their end
  // (ws ::= [ \t] ws | ""). All must stay.
  Fold(const Rules& rules, const Source& source, grammar::RegexPool& pool);

  // The node as one expression where it is regular and not too large.
  const std::optional<Piece>& Of(NodeId node);
  const std::optional<Piece>& OfRule(uint32_t rule) const { return of_rules_[rule]; }

  std::optional<Piece> Sequence(const Piece& a, const Piece& b);
  std::optional<Piece> Choice(const Piece& a, const Piece& b);

 private:
  // self* tail: the words of a rule whose body is its own name behind `self`, or `tail`.
  struct Linear {
    grammar::RegexId self, tail;
  };
  std::optional<Piece> Make(const Node& node);
  std::optional<Piece> MakeGroup(const Node& node);
  Piece MakePattern(const Node& node);
  std::optional<Linear> AsLinear(NodeId node, uint32_t rule);

  const Rules& rules_;
  const Source& source_;
  grammar::RegexPool& pool_;
  std::vector<std::optional<Piece>> of_nodes_, of_rules_;
  std::vector<bool> known_;  // of the nodes
};

}  // namespace sheepop::notation
