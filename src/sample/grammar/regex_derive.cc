// Derivatives, and whether a word is ahead.
#include <algorithm>
#include <array>
#include <map>
#include <queue>
#include <unordered_set>

#include "base/error.h"
#include "sample/grammar/byte_language.h"
#include "sample/grammar/regex_nodes.h"

namespace sheepop::grammar {
namespace {

using Segment = RegexPool::Segment;
using SegmentSpan = std::span<const Segment>;

// Appends, or extends the last one.
void Append(std::vector<Segment>& out, char32_t first, char32_t last, RegexId next) {
  if (!out.empty() && out.back().next == next && out.back().last + 1 == first) {
    out.back().last = last;
  } else {
    out.push_back({first, last, next});
  }
}

// Of several derivations at once: for every stretch of characters on which none changes, what `combine` makes of the ids
// where those that cover it lead, where at least `least` do.
template <typename Combine>
std::vector<Segment> Sweep(std::span<const SegmentSpan> all, size_t least, const Combine& combine) {
  struct Edge {
    char32_t at;
    bool begins;
    uint32_t next;
  };
  std::vector<Edge> edges;
  for (const SegmentSpan& segments : all) {
    for (const Segment& segment : segments) {
      edges.push_back({segment.first, true, static_cast<uint32_t>(segment.next)});
      edges.push_back({segment.last + 1, false, static_cast<uint32_t>(segment.next)});
    }
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  std::vector<Segment> out;
  std::vector<uint32_t> covering;
  std::map<std::vector<uint32_t>, uint32_t> known;
  for (size_t i = 0; i < edges.size();) {
    const char32_t at = edges[i].at;
    for (; i < edges.size() && edges[i].at == at; ++i) {
      const auto place = std::lower_bound(covering.begin(), covering.end(), edges[i].next);
      if (edges[i].begins) {
        covering.insert(place, edges[i].next);
      } else {
        covering.erase(place);
      }
    }
    if (i == edges.size() || covering.empty() || covering.size() < least) continue;
    const auto [result, fresh] = known.try_emplace(covering, 0);
    if (fresh) result->second = combine(covering);
    if (result->second != RegexPool::Body::kNone) Append(out, at, edges[i].at - 1, RegexId{result->second});
  }
  return out;
}

// One entry for each id that was mapped.
template <typename Map>
class Mapped {
 public:
  explicit Mapped(const Map& map) : map_(map) {}
  RegexId operator()(RegexId next) {
    const auto [at, fresh] = known_.try_emplace(next, next);
    if (fresh) at->second = RegexId{map_(static_cast<uint32_t>(next))};
    return at->second;
  }

 private:
  const Map& map_;
  std::map<RegexId, RegexId> known_;
};

}  // namespace

// Derives one node whose inner ones are derived.
struct RegexDerivation {
  using Pool = RegexPool::Body;
  using Kind = Pool::Kind;

  Pool& pool;

  // The next one of those that must be derived before `node`.
  bool NeedsMore(const Pool::Node& node, std::vector<uint32_t>& stack) const {
    const auto need = [&](uint32_t id) {
      if (pool.node(id).derived) return false;
      stack.push_back(id);
      return true;
    };
    switch (node.kind) {
      case Kind::kConcat: return need(node.a) || (pool.node(node.a).nullable && need(node.b));
      case Kind::kComplement:
      case Kind::kRepeat: return need(node.a);
      case Kind::kUnion:
      case Kind::kIntersection: {
        bool more = false;
        for (const uint32_t part : node.parts) more |= need(part);
        return more;
      }
      default: return false;
    }
  }

  std::vector<Segment> Followed(SegmentSpan segments, uint32_t rest) const {
    const auto follow = [&](uint32_t next) { return pool.Concat(next, rest); };
    Mapped mapped(follow);
    std::vector<Segment> out;
    for (const Segment& segment : segments) {
      const RegexId next = mapped(segment.next);
      if (next != RegexId{Pool::kNone}) Append(out, segment.first, segment.last, next);
    }
    return out;
  }

  std::vector<Segment> Complemented(SegmentSpan segments) const {
    const auto complement = [&](uint32_t next) { return pool.Complement(next); };
    Mapped mapped(complement);
    std::vector<Segment> out;
    size_t at = 0;
    for (const CharSet::Range& all : pool.sets[Pool::kFullSet].ranges()) {
      char32_t from = all.first;
      for (; at < segments.size() && segments[at].first <= all.last; ++at) {
        if (segments[at].first > from) Append(out, from, segments[at].first - 1, RegexId{Pool::kAny});
        const RegexId next = mapped(segments[at].next);
        if (next != RegexId{Pool::kNone}) Append(out, segments[at].first, segments[at].last, next);
        from = segments[at].last + 1;
      }
      if (from <= all.last) Append(out, from, all.last, RegexId{Pool::kAny});
    }
    return out;
  }

  std::vector<Segment> operator()(const Pool::Node& node) const {
    const auto unite = [&](const std::vector<uint32_t>& nexts) { return pool.Union(nexts); };
    const auto intersect = [&](const std::vector<uint32_t>& nexts) { return pool.Intersection(nexts); };
    std::vector<SegmentSpan> parts;
    for (const uint32_t part : node.parts) parts.push_back(pool.node(part).derivatives);
    std::vector<Segment> out;
    switch (node.kind) {
      case Kind::kChars:
        for (const CharSet::Range& range : pool.sets[node.a].ranges()) {
          out.push_back({range.first, range.last, RegexId{Pool::kEpsilon}});
        }
        return out;
      case Kind::kConcat:
        out = Followed(pool.node(node.a).derivatives, node.b);
        if (!pool.node(node.a).nullable) return out;
        return Sweep(std::array<SegmentSpan, 2>{out, pool.node(node.b).derivatives}, 1, unite);
      case Kind::kRepeat: {
        const uint64_t least = node.least == 0 ? 0 : node.least - 1;
        const uint64_t most = node.most == Pool::kEndless ? node.most : node.most - 1;
        const SegmentSpan inner = pool.node(node.a).derivatives;
        return Followed(inner, pool.Repeat(node.a, least, most));
      }
      case Kind::kComplement: return Complemented(pool.node(node.a).derivatives);
      case Kind::kUnion: return Sweep(parts, 1, unite);
      case Kind::kIntersection: return Sweep(parts, parts.size(), intersect);
      case Kind::kNone:
      case Kind::kEpsilon: break;
    }
    return out;
  }
};

// Without recursion: patterns of any length chain as deep as they are long.
std::span<const Segment> RegexPool::Body::Derive(Id id) {
  const RegexDerivation derivation = {*this};
  std::vector<Id> stack = {id};
  while (!stack.empty()) {
    const Id top = stack.back();
    if (node(top).derived) {
      stack.pop_back();
      continue;
    }
    if (derivation.NeedsMore(node(top), stack)) continue;
    const Node copy = node(top);
    const std::vector<Segment> derived = derivation(copy);
    const std::span<const Segment> kept = Keep(std::span<const Segment>(derived));
    nodes[top].derivatives = kept;
    nodes[top].derived = true;
    stack.pop_back();
  }
  return node(id).derivatives;
}

std::span<const Segment> RegexPool::Body::Alive(Id id) {
  if (node(id).sifted) return node(id).alive;
  const SegmentSpan all = Derive(id);
  std::vector<Segment> alive;
  for (const Segment& segment : all) {
    if (!IsNone(static_cast<Id>(segment.next))) alive.push_back(segment);
  }
  const SegmentSpan kept = alive.size() == all.size() ? all : Keep(SegmentSpan(alive));
  nodes[id].alive = kept;
  nodes[id].sifted = true;
  return kept;
}

// A search for a word, first where the shortest may be.
struct RegexSearch {
  using Pool = RegexPool::Body;
  using Kind = Pool::Kind;
  using Life = Pool::Life;

  struct Open {
    uint64_t shortest;
    uint64_t order;
    uint32_t id;
    bool operator<(const Open& other) const {  // a priority queue gives the greatest
      return shortest != other.shortest ? shortest > other.shortest : order < other.order;
    }
  };

  Pool& pool;
  std::priority_queue<Open> open;
  std::unordered_map<uint32_t, uint32_t> from;  // whose life hangs on this one

  void Visit(uint32_t id, uint32_t parent) {
    if (pool.node(id).life == Life::kDead || !from.try_emplace(id, parent).second) return;
    if (from.size() > RegexPool::kMostStates) {
      throw Error(
          ErrorCategory::kLimit,
          "whether any text fits all conditions at once is not found out within {} states: use fewer or simpler "
          "patterns together",
          RegexPool::kMostStates);
    }
    open.push({pool.node(id).shortest, from.size(), id});
  }

  // `id` is alive where one of those that are visited is.
  void Expand(uint32_t id) {
    const Pool::Node node = pool.node(id);
    const auto known = [&](uint32_t inner) { return pool.node(inner).life; };
    if (node.kind == Kind::kUnion) {
      for (const uint32_t part : node.parts) Visit(part, id);
    } else if (node.kind == Kind::kRepeat || (node.kind == Kind::kConcat && known(node.b) == Life::kAlive)) {
      Visit(node.a, id);
    } else if (node.kind == Kind::kConcat && known(node.a) == Life::kAlive) {
      Visit(node.b, id);
    } else if (node.kind != Kind::kConcat || (known(node.a) != Life::kDead && known(node.b) != Life::kDead)) {
      for (const Segment& segment : pool.Derive(id)) Visit(static_cast<uint32_t>(segment.next), id);
    }
  }

  bool Finds(uint32_t start) {
    Visit(start, start);
    while (!open.empty()) {
      const uint32_t id = open.top().id;
      open.pop();
      if (pool.node(id).life != Life::kAlive) {
        Expand(id);
        continue;
      }
      for (uint32_t at = id;; at = from.at(at)) {
        pool.nodes[at].life = Life::kAlive;
        if (at == from.at(at)) return true;
      }
    }
    for (const auto& [id, parent] : from) pool.nodes[id].life = Life::kDead;
    return false;
  }
};

bool RegexPool::Body::IsNone(Id id) {
  if (node(id).life == Life::kUnknown) return !RegexSearch{*this, {}, {}}.Finds(id);
  return node(id).life == Life::kDead;
}

namespace {

// Where plain characters lead; nothing where one of them leads nowhere.
std::optional<std::vector<uint32_t>> PlainNexts(SegmentSpan segments) {
  static constexpr std::array<CharSet::Range, 5> kPlain = {
      {{0x20, 0x21}, {0x23, 0x5B}, {0x5D, 0x7E}, {0x80, 0xD7FF}, {0xE000, 0x10FFFF}}};
  std::vector<uint32_t> nexts;
  size_t at = 0;
  for (const CharSet::Range& plain : kPlain) {
    char32_t from = plain.first;
    while (at < segments.size() && segments[at].last < from) ++at;
    for (size_t i = at; i < segments.size() && segments[i].first <= plain.last; ++i) {
      if (segments[i].first > from) return std::nullopt;
      nexts.push_back(static_cast<uint32_t>(segments[i].next));
      from = segments[i].last + 1;
    }
    if (from <= plain.last) return std::nullopt;
  }
  std::sort(nexts.begin(), nexts.end());
  nexts.erase(std::unique(nexts.begin(), nexts.end()), nexts.end());
  return nexts;
}

}  // namespace

// Level by level. What is found holds for those on the way too, with the less the farther they are; so it looks twice as
// far as is asked, and has to look again at every other character only.
size_t RegexPool::Body::PlainRun(Id id, size_t most) {
  constexpr size_t kMostVisited = 1024;
  const auto known = known_runs.find(id);
  if (known != known_runs.end() && (known->second.exact || known->second.length >= most)) {
    return std::min(known->second.length, most);
  }
  std::vector<Id> visited = {id};
  std::unordered_set<Id> seen = {id};
  std::vector<size_t> levels = {0};  // where each begins in visited
  size_t limit = 2 * std::min(most, kMostVisited);
  bool exact = false;
  bool endless = true;  // as long as every way comes back to where it was
  for (size_t level = 0; level < limit && levels.back() < visited.size(); ++level) {
    const size_t end = visited.size();
    for (size_t i = levels.back(); i < end && level < limit; ++i) {
      const auto run = known_runs.find(visited[i]);
      if (run != known_runs.end() && (run->second.exact || run->second.length >= limit - level)) {
        if (run->second.length < limit - level) {
          limit = level + run->second.length;
          exact = true;
        }
        endless &= run->second.length == SIZE_MAX;
        continue;
      }
      const auto nexts = PlainNexts(Alive(visited[i]));
      if (!nexts) {
        limit = level;
        exact = true;
        break;
      }
      for (const Id next : *nexts) {
        if (seen.insert(next).second) visited.push_back(next);
      }
      if (visited.size() > kMostVisited) {
        limit = level;
        exact = false;
        endless = false;
      }
    }
    levels.push_back(end);
  }
  if (levels.back() < visited.size()) endless = false;
  const size_t length = endless && !exact ? SIZE_MAX : limit;
  known_runs[id] = {length, exact || length == SIZE_MAX};
  for (size_t level = 1; level + 1 < levels.size(); ++level) {
    for (size_t i = levels[level]; i < levels[level + 1]; ++i) {
      Run& run = known_runs.try_emplace(visited[i], Run{0, false}).first->second;
      if (run.exact || length <= level) continue;
      run.length = std::max(run.length, length == SIZE_MAX ? length : length - level);
      run.exact = length == SIZE_MAX;
    }
  }
  return std::min(length, most);
}

}  // namespace sheepop::grammar
