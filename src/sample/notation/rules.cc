#include "sample/notation/rules.h"

#include <fmt/core.h>

#include <optional>

namespace sheepop::notation {
namespace {

constexpr uint64_t kMostTimes = 1'000'000'000'000;  // far beyond what can be written out

// Nothing past kMostTimes.
std::optional<uint64_t> Times(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return 0;
  if (a == kNoEnd || b == kNoEnd) return kNoEnd;
  return a > kMostTimes / b ? std::nullopt : std::optional(a * b);
}

}  // namespace

NodeId Rules::Add(Node node) {
  if (nodes.size() == kMostNodes) {
    throw Error(ErrorCategory::kLimit, "the grammar has more than {} parts, which is the bound", kMostNodes);
  }
  nodes.push_back(std::move(node));
  return static_cast<NodeId>(nodes.size() - 1);
}

NodeId Rules::AddText(Node::Kind kind, size_t offset, std::string text) {
  texts.push_back(std::move(text));
  return Add({.kind = kind, .offset = static_cast<uint32_t>(offset), .index = static_cast<uint32_t>(texts.size() - 1)});
}

NodeId Rules::AddChars(size_t offset, grammar::CharSet set) {
  sets.push_back(std::move(set));
  return Add(
      {.kind = Node::kChars, .offset = static_cast<uint32_t>(offset), .index = static_cast<uint32_t>(sets.size() - 1)});
}

NodeId Rules::AddSequence(size_t offset, std::vector<NodeId> parts) {
  if (parts.size() == 1) return parts.front();
  return Add({.kind = Node::kSequence, .offset = static_cast<uint32_t>(offset), .parts = std::move(parts)});
}

NodeId Rules::AddChoice(size_t offset, std::vector<NodeId> parts) {
  if (parts.size() == 1) return parts.front();
  return Add({.kind = Node::kChoice, .offset = static_cast<uint32_t>(offset), .parts = std::move(parts)});
}

NodeId Rules::AddRepeat(size_t offset, NodeId part, uint64_t least, uint64_t most) {
  // Of a repetition: one that does not count twice, where that is the same.
  const Node& inner = nodes[part];
  const bool exact = inner.least == inner.most && least == most;
  if (inner.kind == Node::kRepeat && (inner.least <= 1 || exact)) {
    const std::optional<uint64_t> fewest = Times(inner.least, least), greatest = Times(inner.most, most);
    if (fewest && greatest) {
      least = *fewest;
      most = *greatest;
      part = inner.parts[0];
    }
  }
  return Add(
      {.kind = Node::kRepeat, .offset = static_cast<uint32_t>(offset), .least = least, .most = most, .parts = {part}});
}

std::vector<uint32_t> Rules::Uses(NodeId node) const {
  std::vector<uint32_t> uses;
  std::vector<NodeId> open{node};
  while (!open.empty()) {
    const Node& here = nodes[open.back()];
    open.pop_back();
    if (here.kind == Node::kRule) uses.push_back(here.index);
    open.insert(open.end(), here.parts.begin(), here.parts.end());
  }
  return uses;
}

void NoteUnused(const Rules& rules, const Source& source, schema::SchemaNotes& notes) {
  std::vector<bool> used(rules.rules.size());
  for (std::vector<uint32_t> open{rules.start}; !open.empty();) {
    const uint32_t rule = open.back();
    open.pop_back();
    if (used[rule]) continue;
    used[rule] = true;
    const std::vector<uint32_t> more = rules.Uses(rules.rules[rule].body);
    open.insert(open.end(), more.begin(), more.end());
  }
  for (size_t i = 0; i < used.size(); ++i) {
    const NamedRule& rule = rules.rules[i];
    if (used[i] || rule.name.starts_with('%')) continue;
    const std::string line =
        source.Fault(rule.offset, fmt::format("no rule that counts uses {}, which changes nothing", rule.name)).what();
    notes.warnings.push_back({"unused_rule", rule.name, "", "the grammar, " + line});
  }
}

}  // namespace sheepop::notation
