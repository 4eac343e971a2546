#include "sample/grammar/regex_nodes.h"

#include <algorithm>
#include <functional>
#include <type_traits>

#include "base/error.h"

namespace sheepop::grammar {
namespace {

constexpr size_t kMostAlphabetRanges = 64;
constexpr size_t kMapEntryBytes = 48;
constexpr size_t kMostSpent = size_t{16} << 20;

void Mix(size_t& hash, uint64_t value) { hash = (hash ^ value) * 0x9E3779B97F4A7C15U ^ (hash >> 29U); }

uint64_t Pair(uint32_t a, uint32_t b) { return uint64_t{a} << 32U | b; }

}  // namespace

RegexPool::Body::Body() {
  InternSet(CharSet());
  InternSet(CharSet::All());
  Make({.kind = Kind::kNone, .life = Life::kDead, .shortest = kEndless});
  Make({.kind = Kind::kEpsilon, .nullable = true, .life = Life::kAlive});
  Make({.kind = Kind::kChars, .life = Life::kAlive, .a = kFullSet, .shortest = 1, .longest = 1, .alphabet = kFullSet});
  Make({.kind = Kind::kRepeat,
        .nullable = true,
        .life = Life::kAlive,
        .a = kAllChars,
        .most = kEndless,
        .longest = kEndless,
        .alphabet = kFullSet});
}

RegexPool::Body::Id RegexPool::Body::Make(Node node) {
  size_t hash = static_cast<size_t>(node.kind);
  Mix(hash, Pair(node.a, node.b));
  Mix(hash, node.least);
  Mix(hash, node.most);
  for (const Id part : node.parts) Mix(hash, part);
  const auto [begin, end] = known_nodes.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    const Node& other = nodes[at->second];
    if (other.kind == node.kind && other.a == node.a && other.b == node.b && other.least == node.least &&
        other.most == node.most &&
        std::equal(other.parts.begin(), other.parts.end(), node.parts.begin(), node.parts.end())) {
      return at->second;
    }
  }
  CheckBytes();
  node.parts = Keep(node.parts);
  const Id id = static_cast<Id>(nodes.size());
  nodes.push_back(node);
  known_nodes.emplace(hash, id);
  return id;
}

uint32_t RegexPool::Body::InternSet(CharSet set) {
  size_t hash = 0;
  for (const CharSet::Range& range : set.ranges()) Mix(hash, Pair(range.first, range.last));
  const auto [begin, end] = known_sets.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (sets[at->second] == set) return at->second;
  }
  CheckBytes();
  const uint32_t id = static_cast<uint32_t>(sets.size());
  set_bytes += sizeof(CharSet) + set.ranges().size_bytes() + kMapEntryBytes;
  sets.push_back(std::move(set));
  known_sets.emplace(hash, id);
  return id;
}

uint32_t RegexPool::Body::UnionOfSets(uint32_t a, uint32_t b) {
  if (a == b || b == kEmptySet || a == kFullSet) return a;
  if (a == kEmptySet || b == kFullSet) return b;
  return InternSet(sets[a].Union(sets[b]));
}

uint32_t RegexPool::Body::AlphabetOfBoth(uint32_t a, uint32_t b) {
  if (a == b || b == kEmptySet || a == kFullSet) return a;
  if (a == kEmptySet || b == kFullSet) return b;
  const auto [at, fresh] = known_unions.try_emplace(Pair(std::min(a, b), std::max(a, b)), kFullSet);
  if (!fresh) return at->second;
  CharSet both = sets[a].Union(sets[b]);
  if (both.ranges().size() <= kMostAlphabetRanges) at->second = InternSet(std::move(both));
  return at->second;
}

bool RegexPool::Body::IsSubset(uint32_t a, uint32_t b) {
  if (a == b || a == kEmptySet || b == kFullSet) return true;
  if (a == kFullSet || b == kEmptySet) return false;
  const auto [at, fresh] = known_subsets.try_emplace(Pair(a, b), false);
  if (fresh) at->second = sets[a].Intersection(sets[b]) == sets[a];
  return at->second;
}

template <typename T>
std::span<const T> RegexPool::Body::Keep(std::span<const T> items) {
  if (items.empty()) return {};
  CheckBytes();
  T* copy = static_cast<T*>(arena.allocate(items.size_bytes(), alignof(T)));
  std::uninitialized_copy(items.begin(), items.end(), copy);
  arena_bytes += items.size_bytes();
  return {copy, items.size()};
}
template std::span<const RegexPool::Segment> RegexPool::Body::Keep(std::span<const Segment>);
template std::span<const RegexPool::Body::Id> RegexPool::Body::Keep(std::span<const Id>);

size_t RegexPool::Body::bytes() const {
  return nodes.size() * (sizeof(Node) + kMapEntryBytes) + arena_bytes + set_bytes +
         (known_unions.size() + known_subsets.size() + known_runs.size()) * kMapEntryBytes;
}

void RegexPool::Body::Spend(size_t steps) {
  spent += steps;
  if (spent <= kMostSpent) return;
  throw Error(ErrorCategory::kLimit,
              "a regular expression takes more than the {} million steps that its automaton may: write it with fewer "
              "alternatives that overlap",
              kMostSpent >> 20U);
}

void RegexPool::Body::CheckBytes() const {
  if (bytes() <= kMostBytes) return;
  throw Error(ErrorCategory::kLimit,
              "a regular expression needs more than the {} MiB that its automaton may have: write it with fewer "
              "alternatives that overlap, or with smaller counts",
              kMostBytes >> 20U);
}

}  // namespace sheepop::grammar
