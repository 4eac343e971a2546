#include "sample/notation/fold.h"

#include <fmt/core.h>

#include <algorithm>

#include "sample/grammar/pattern.h"
#include "sample/notation/strong_components.h"

namespace sheepop::notation {

using grammar::RegexId;

Fold::Fold(const Rules& rules, const Source& source, grammar::RegexPool& pool)
    : rules_(rules),
      source_(source),
      pool_(pool),
      of_nodes_(rules.nodes.size()),
      of_rules_(rules.rules.size()),
      known_(rules.nodes.size()) {
  std::vector<std::vector<uint32_t>> uses(rules.rules.size());
  for (size_t rule = 0; rule < uses.size(); ++rule) uses[rule] = rules.Uses(rules.rules[rule].body);
  for (const auto& component : StrongComponents(uses)) {
    if (component.size() > 1) continue;
    const uint32_t rule = component[0];
    const NodeId body = rules.rules[rule].body;
    if (std::ranges::find(uses[rule], rule) == uses[rule].end()) {
      of_rules_[rule] = Of(body);
    } else if (const std::optional<Linear> linear = AsLinear(body, rule)) {
      of_rules_[rule] = Piece{pool.Concat(pool.Repeat(linear->self, 0, std::nullopt), linear->tail), uses[rule].size()};
    }
  }
}

const std::optional<Piece>& Fold::Of(NodeId node) {
  if (!known_[node]) {
    std::optional<Piece> piece = Make(rules_.nodes[node]);
    known_[node] = true;
    of_nodes_[node] = piece;
  }
  return of_nodes_[node];
}

std::optional<Piece> Fold::Sequence(const Piece& a, const Piece& b) {
  if (a.size + b.size > kMostSize) return std::nullopt;
  return Piece{pool_.Concat(a.regex, b.regex), a.size + b.size};
}

std::optional<Piece> Fold::Choice(const Piece& a, const Piece& b) {
  if (a.size + b.size > kMostSize) return std::nullopt;
  return Piece{pool_.Union(a.regex, b.regex), a.size + b.size};
}

std::optional<Piece> Fold::Make(const Node& node) {
  switch (node.kind) {
    case Node::kText: return Piece{pool_.Text(rules_.texts[node.index]), rules_.texts[node.index].size()};
    case Node::kChars: return Piece{pool_.Chars(rules_.sets[node.index]), 1};
    case Node::kPattern:
    case Node::kWithout: return MakePattern(node);
    case Node::kRule: return of_rules_[node.index];
    case Node::kSequence:
    case Node::kChoice:
    case Node::kRepeat: return MakeGroup(node);
    case Node::kControl:
    case Node::kSymbol:
    case Node::kParameter:
    case Node::kTemplate: return std::nullopt;
  }
  return std::nullopt;
}

Piece Fold::MakePattern(const Node& node) {
  const std::string& pattern = rules_.texts[node.index];
  const bool whole = node.kind == Node::kPattern;
  try {
    const RegexId regex = grammar::ParsePattern(
        pattern, whole ? grammar::PatternMeaning::kWhole : grammar::PatternMeaning::kFound, pool_);
    return {whole ? regex : pool_.Complement(regex), pattern.size()};
  } catch (const Error& error) {
    throw source_.At(node.offset, error.category(), error.what());
  }
}

std::optional<Piece> Fold::MakeGroup(const Node& node) {
  std::vector<RegexId> parts;
  size_t size = 0;
  for (const NodeId part : node.parts) {
    const std::optional<Piece>& piece = Of(part);
    if (!piece) return std::nullopt;
    parts.push_back(piece->regex);
    size += piece->size;
  }
  if (size > kMostSize && parts.size() > 1) return std::nullopt;
  if (node.kind == Node::kSequence) return Piece{pool_.Concat(parts), size};
  if (node.kind == Node::kChoice) return Piece{pool_.Union(parts), size};
  const std::optional<uint64_t> most = node.most == kNoEnd ? std::nullopt : std::optional(node.most);
  return Piece{pool_.Repeat(parts[0], node.least, most), size};
}

std::optional<Fold::Linear> Fold::AsLinear(NodeId id, uint32_t rule) {
  const Node& node = rules_.nodes[id];
  if (node.kind == Node::kRule && node.index == rule) return Linear{pool_.Epsilon(), pool_.None()};
  const std::vector<uint32_t> uses = rules_.Uses(id);
  if (std::ranges::find(uses, rule) == uses.end()) {
    const std::optional<Piece>& piece = Of(id);
    return piece ? std::optional(Linear{pool_.None(), piece->regex}) : std::nullopt;
  }
  if (node.kind == Node::kChoice) {
    Linear all{pool_.None(), pool_.None()};
    for (const NodeId part : node.parts) {
      const std::optional<Linear> one = AsLinear(part, rule);
      if (!one) return std::nullopt;
      all = {pool_.Union(all.self, one->self), pool_.Union(all.tail, one->tail)};
    }
    return all;
  }
  if (node.kind == Node::kSequence) {
    const std::optional<Linear> last = AsLinear(node.parts.back(), rule);
    if (!last) return std::nullopt;
    std::vector<RegexId> front;
    for (const NodeId part : std::span(node.parts).first(node.parts.size() - 1)) {
      const std::optional<Linear> one = AsLinear(part, rule);
      if (!one || one->self != pool_.None()) return std::nullopt;
      front.push_back(one->tail);
    }
    const RegexId before = pool_.Concat(front);
    return Linear{pool_.Concat(before, last->self), pool_.Concat(before, last->tail)};
  }
  if (node.kind == Node::kRepeat && node.least == 0 && node.most == 1) {
    const std::optional<Linear> one = AsLinear(node.parts[0], rule);
    return one ? std::optional(Linear{one->self, pool_.Union(one->tail, pool_.Epsilon())}) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sheepop::notation
