// GBNF as llama.cpp's grammars/README.md describes it.
#include <fmt/core.h>

#include <map>
#include <optional>

#include "base/utf8.h"
#include "sample/notation/notation.h"
#include "sample/notation/rules.h"

namespace sheepop::notation {
namespace {

using grammar::CharSet;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '-' || c == '_';
}

class GbnfReader {
 public:
  explicit GbnfReader(std::string_view text) : source_(text) {}

  Rules Read() {
    SkipSpace(true);
    while (!source_.AtEnd()) ReadRule();
    for (const NamedRule& rule : rules_.rules) {
      if (!rule.defined) throw source_.Fault(rule.offset, fmt::format("the rule {} is not defined", rule.name));
    }
    const auto root = names_.find("root");
    if (root == names_.end()) {
      throw Error(ErrorCategory::kInvalidArgument, "the grammar has no rule root; begin with root ::= ...");
    }
    rules_.start = root->second;
    return std::move(rules_);
  }

  const Source& source() const { return source_; }

 private:
  void SkipSpace(bool lines) {
    for (;;) {
      const char c = source_.Peek();
      if (c == '#') {
        source_.SkipLine();
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        source_.Skip(1);
      } else {
        return;
      }
    }
  }

  uint32_t RuleNamed(std::string_view name, size_t offset) {
    const auto [at, is_new] = names_.try_emplace(std::string(name), static_cast<uint32_t>(rules_.rules.size()));
    if (is_new) rules_.rules.push_back({.name = std::string(name), .offset = static_cast<uint32_t>(offset)});
    return at->second;
  }

  void ReadRule() {
    const size_t offset = source_.offset();
    const std::string_view name = source_.TakeWhile(IsNameCharacter);
    if (name.empty()) throw source_.Expected("the name of a rule");
    SkipSpace(false);
    if (!source_.Take("::=")) throw source_.Expected("::=");
    SkipSpace(true);
    const uint32_t rule = RuleNamed(name, offset);
    if (rules_.rules[rule].defined) throw source_.Fault(offset, fmt::format("the rule {} is defined twice", name));
    const NodeId body = ReadAlternatives(0);
    rules_.rules[rule].body = body;
    rules_.rules[rule].defined = true;
    if (!source_.AtEnd() && source_.Peek() != '\n' && source_.Peek() != '\r') {
      throw source_.Expected("a literal, a class, a name, a group, | or the end of the line");
    }
    SkipSpace(true);
  }

  // An alternative may stand on a line of its own that begins with "|".
  bool TakeBar(size_t depth) {
    const Source before = source_;
    SkipSpace(true);
    if (source_.Take("|")) return true;
    if (depth == 0) source_ = before;
    return false;
  }

  NodeId ReadAlternatives(size_t depth) {
    if (depth > Rules::kMostDepth) {
      throw source_.At(source_.offset(), ErrorCategory::kLimit,
                       fmt::format("groups are nested more than {} deep, which is the bound", Rules::kMostDepth));
    }
    const size_t offset = source_.offset();
    std::vector<NodeId> alternatives{ReadSequence(depth)};
    while (TakeBar(depth)) {
      SkipSpace(true);
      alternatives.push_back(ReadSequence(depth));
    }
    return rules_.AddChoice(offset, std::move(alternatives));
  }

  NodeId ReadSequence(size_t depth) {
    const size_t offset = source_.offset();
    std::vector<NodeId> parts;
    for (;;) {
      const std::optional<NodeId> item = ReadItem(depth);
      if (!item) return rules_.AddSequence(offset, std::move(parts));
      parts.push_back(*item);
      SkipSpace(depth > 0);
      while (ReadRepetition(depth, parts.back())) SkipSpace(depth > 0);
    }
  }

  // Nothing where a sequence ends.
  std::optional<NodeId> ReadItem(size_t depth) {
    const size_t offset = source_.offset();
    if (source_.Take("\"")) return ReadLiteral(offset);
    if (source_.Take("[")) return ReadClass(offset);
    if (source_.Take(".")) return rules_.AddChars(offset, CharSet::All());
    if (source_.Take("(")) {
      SkipSpace(true);
      const NodeId group = ReadAlternatives(depth + 1);
      SkipSpace(true);
      if (!source_.Take(")")) throw source_.Expected("a literal, a class, a name, a group, | or )");
      return group;
    }
    if (source_.Peek() == '!' || source_.Peek() == '<') return ReadToken(depth);
    const std::string_view name = source_.TakeWhile(IsNameCharacter);
    if (name.empty()) return std::nullopt;
    return rules_.Add({.kind = Node::kRule, .offset = static_cast<uint32_t>(offset), .index = RuleNamed(name, offset)});
  }

  NodeId ReadLiteral(size_t offset) {
    std::string text;
    while (!source_.Take("\"")) AppendUtf8(ReadCharacter("\"", offset), text);
    return rules_.AddText(Node::kText, offset, std::move(text));
  }

  NodeId ReadClass(size_t offset) {
    const bool negated = source_.Take("^");
    std::vector<CharSet::Range> ranges;
    while (!source_.Take("]")) {
      const size_t begin = source_.offset();
      const char32_t first = ReadCharacter("]", offset);
      char32_t last = first;
      if (source_.Peek() == '-' && source_.Peek(1) != ']') {
        source_.Skip(1);
        last = ReadCharacter("]", offset);
      }
      if (last < first) throw source_.Fault(begin, "the range of characters ends before it begins");
      ranges.push_back({first, last});
    }
    const CharSet set{std::move(ranges)};
    return rules_.AddChars(offset, negated ? set.Complement() : set);
  }

  // Of a literal or class that `end` closes.
  char32_t ReadCharacter(std::string_view end, size_t begin) {
    if (source_.AtEnd()) throw source_.Unclosed(begin, end);
    if (!source_.Take("\\")) return source_.TakeCharacter();
    const char escape = source_.Peek();
    const bool is_letter = (escape >= 'a' && escape <= 'z') || (escape >= 'A' && escape <= 'Z') || IsDigit(escape);
    if (!source_.AtEnd() && !is_letter && escape >= ' ') return source_.TakeCharacter();
    if (source_.Take("t")) return '\t';
    if (source_.Take("r")) return '\r';
    if (source_.Take("n")) return '\n';
    if (source_.Take("x")) return TakeHexCharacter(source_, 2);
    if (source_.Take("u")) return TakeHexCharacter(source_, 4);
    if (source_.Take("U")) return TakeHexCharacter(source_, 8);
    throw source_.Expected(R"(an escape (\t \r \n \x41 \u00e9 \U0001F600 or a \ before punctuation))");
  }

  // <name> is a control token, !<name>* text that it ends.
  NodeId ReadToken(size_t depth) {
    const size_t offset = source_.offset();
    const bool negated = source_.Take("!");
    if (source_.Peek() != '<') throw source_.Expected("<");
    const std::string_view token = TakeControlToken(source_);
    if (!negated) return rules_.AddText(Node::kControl, offset, grammar::kControlMark + std::string(token));
    SkipSpace(depth > 0);
    if (source_.Peek() != '*' && source_.Peek() != '+') {
      throw source_.At(offset, ErrorCategory::kUnsupported,
                       fmt::format("one token other than {} may be any text; write !{}* or !{}+", token, token, token));
    }
    return rules_.AddChars(offset, CharSet::All());
  }

  bool ReadRepetition(size_t depth, NodeId& part) {
    const size_t offset = source_.offset();
    uint64_t least = 0, most = kNoEnd;
    if (source_.Take("+")) {
      least = 1;
    } else if (source_.Take("?")) {
      most = 1;
    } else if (source_.Take("{")) {
      SkipSpace(depth > 0);
      least = most = TakeCount(source_);
      SkipSpace(depth > 0);
      if (source_.Take(",")) {
        SkipSpace(depth > 0);
        most = IsDigit(source_.Peek()) ? TakeCount(source_) : kNoEnd;
        SkipSpace(depth > 0);
      }
      if (!source_.Take("}")) throw source_.Expected("}");
      if (most < least) throw source_.Fault(offset, "the most repetitions are fewer than the least");
    } else if (!source_.Take("*")) {
      return false;
    }
    part = rules_.AddRepeat(offset, part, least, most);
    return true;
  }

  Source source_;
  Rules rules_;
  std::map<std::string, uint32_t> names_;
};

}  // namespace

grammar::Symbol AddGbnf(std::string_view text, grammar::Grammar& grammar, schema::SchemaNotes& notes) {
  GbnfReader reader(text);
  const Rules rules = reader.Read();
  NoteUnused(rules, reader.source(), notes);
  return AddRules(rules, reader.source(), grammar);
}

}  // namespace sheepop::notation
