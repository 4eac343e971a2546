// The rules of a grammar as they were read, whichever notation they were written in.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sample/grammar/char_set.h"
#include "sample/grammar/grammar.h"
#include "sample/notation/source.h"
#include "sample/schema/json_schema.h"

namespace sheepop::notation {

using NodeId = uint32_t;
inline constexpr uint64_t kNoEnd = std::numeric_limits<uint64_t>::max();

struct Node {
  enum Kind : uint8_t {
    kText,       // texts[index], UTF-8
    kChars,      // one of sets[index]
    kPattern,    // texts[index], ECMA-262, for the whole text
    kWithout,    // any text in which the pattern texts[index] is found nowhere
    kControl,    // a control token: kControlMark and its name in texts[index]
    kSymbol,     // symbols[index], which has no empty word
    kRule,       // rules[index]
    kParameter,  // of a template, the index-th
    kTemplate,   // templates[index] of the reader with the parts as arguments
    kSequence,   // the parts in their order; none: the empty word
    kChoice,     // one of the parts
    kRepeat,     // parts[0], `least` to `most` times
  };
  Kind kind = kSequence;
  uint32_t offset = 0;  // in the text that was read
  uint32_t index = 0;
  uint64_t least = 0, most = 0;
  std::vector<NodeId> parts = {};
};

struct NamedRule {
  std::string name;
  uint32_t offset = 0;  // where it is first mentioned, of its definition once there is one
  bool defined = false;
  NodeId body = 0;
};

struct Rules {
  static constexpr size_t kMostNodes = 1'000'000;
  static constexpr size_t kMostDepth = 200;  // of groups within each other

  std::vector<Node> nodes;
  std::vector<std::string> texts;
  std::vector<grammar::CharSet> sets;
  std::vector<grammar::Symbol> symbols;
  std::vector<NamedRule> rules;
  uint32_t start = 0;

  // Throw kLimit past kMostNodes.
  NodeId Add(Node node);
  NodeId AddText(Node::Kind kind, size_t offset, std::string text);
  NodeId AddChars(size_t offset, grammar::CharSet set);
  NodeId AddSequence(size_t offset, std::vector<NodeId> parts);  // one part: itself
  NodeId AddChoice(size_t offset, std::vector<NodeId> parts);    // one part: itself
  NodeId AddRepeat(size_t offset, NodeId part, uint64_t least, uint64_t most);

  std::vector<uint32_t> Uses(NodeId node) const;  // the rules named in it
};

// Tells of rules that the start does not lead to: they change nothing.
void NoteUnused(const Rules& rules, const Source& source, schema::SchemaNotes& notes);

// The grammar of these rules, all of which must be defined and without parameters and templates: regular parts become
// terminals, left recursion is taken out. Returns the start. Throws kInvalidArgument for a pattern that is none and where
// the start has no text, kUnsupported for a pattern that cannot be read, kLimit past a bound.
grammar::Symbol AddRules(const Rules& rules, const Source& source, grammar::Grammar& grammar);

}  // namespace sheepop::notation
