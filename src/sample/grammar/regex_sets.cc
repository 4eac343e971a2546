// The normal form of unions and intersections.
#include <algorithm>
#include <iterator>

#include "sample/grammar/regex_nodes.h"

namespace sheepop::grammar {
namespace {

// base{least,most} tail, of a part that begins with a repetition.
struct Counted {
  uint32_t base, tail;
  uint64_t least, most;
  auto operator<=>(const Counted&) const = default;
};

void SortUnique(std::vector<uint32_t>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool Holds(const std::vector<uint32_t>& sorted, uint32_t id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

// What the parts of a union or an intersection are made of.
struct RegexSets {
  using Pool = RegexPool::Body;
  using Kind = Pool::Kind;

  Pool& pool;
  std::vector<uint32_t> parts;
  std::vector<uint32_t> negated;  // the inner ones of complements
  bool epsilon = false;

  // Parts that are what is left of another one behind heads that may be empty: b in a?b.
  void DropTails() {
    constexpr size_t kMostSteps = 512;
    const size_t most_heads = kMostSteps / std::max<size_t>(parts.size(), 8);
    std::vector<uint32_t> tails;
    for (const uint32_t id : parts) {
      uint32_t at = id;
      for (size_t i = 0; i < most_heads && pool.node(at).kind == Kind::kConcat && pool.node(pool.node(at).a).nullable;
           ++i) {
        at = pool.node(at).b;
        if (Holds(parts, at)) tails.push_back(at);
      }
    }
    SortUnique(tails);
    if (!tails.empty()) std::erase_if(parts, [&](uint32_t id) { return Holds(tails, id); });
  }

  // Where parts share base and tail, their counts are united, as far as they touch.
  void MergeCounts() {
    std::vector<Counted> counted;
    std::erase_if(parts, [&](uint32_t id) {
      const auto& part = pool.node(id);
      const bool chained = part.kind == Kind::kConcat && pool.node(part.a).kind == Kind::kRepeat;
      if (!chained && part.kind != Kind::kRepeat) return false;
      const auto& head = chained ? pool.node(part.a) : part;
      counted.push_back({head.a, chained ? part.b : Pool::kEpsilon, head.least, head.most});
      return true;
    });
    if (counted.empty()) return;
    std::sort(counted.begin(), counted.end());
    SortUnique(parts);
    std::vector<uint32_t> merged;
    for (size_t i = 0; i < counted.size();) {
      Counted one = counted[i++];
      while (i < counted.size() && counted[i].base == one.base && counted[i].tail == one.tail &&
             (one.most == Pool::kEndless || counted[i].least <= one.most + 1)) {
        one.most = std::max(one.most, counted[i++].most);
      }
      if (one.least == 2) {
        const uint32_t once = pool.Concat(one.base, one.tail);
        if (Holds(parts, once)) one.least = 1;
      }
      if (one.least == 1 && (one.tail == Pool::kEpsilon ? epsilon : Holds(parts, one.tail))) one.least = 0;
      if (one.least == 0 && one.tail != Pool::kEpsilon) std::erase(parts, one.tail);
      const uint32_t repeat = pool.Repeat(one.base, one.least, one.most);
      merged.push_back(one.tail == Pool::kEpsilon ? repeat : pool.Concat(repeat, one.tail));
    }
    parts.insert(parts.end(), merged.begin(), merged.end());
  }

  // Parts that lie within a repetition of characters: .* takes all in that has no line break.
  void Absorb() {
    std::vector<uint32_t> wide;
    for (const uint32_t id : parts) {
      const auto& part = pool.node(id);
      if (part.kind == Kind::kRepeat && pool.node(part.a).kind == Kind::kChars) wide.push_back(id);
    }
    constexpr size_t kMostTried = 8;
    if (wide.size() > kMostTried) wide.resize(kMostTried);
    for (const uint32_t id : wide) {
      const auto& repeat = pool.node(id);
      const uint32_t set = pool.node(repeat.a).a;
      std::erase_if(parts, [&](uint32_t other) {
        const auto& part = pool.node(other);
        return other != id && part.shortest >= repeat.least && part.longest <= repeat.most &&
               pool.IsSubset(part.alphabet, set);
      });
    }
  }
};

RegexPool::Body::Id RegexPool::Body::Union(std::vector<Id> given) {
  if (given.size() == 1) return given[0];
  RegexSets all = {*this, {}, {}, false};
  uint32_t chars = kEmptySet;
  const auto add = [&](Id id) {
    const Node& part = node(id);
    if (id == kEpsilon) {
      all.epsilon = true;
    } else if (part.kind == Kind::kChars) {
      chars = UnionOfSets(chars, part.a);
    } else if (part.kind == Kind::kComplement) {
      all.negated.push_back(part.a);
    } else if (id != kNone) {
      all.parts.push_back(id);
    }
  };
  for (const Id id : given) {
    Spend(node(id).parts.size() + 1);
    if (id == kAny) return kAny;
    if (node(id).kind != Kind::kUnion) {
      add(id);
    } else {
      for (const Id part : node(id).parts) add(part);
    }
  }
  if (chars != kEmptySet) all.parts.push_back(Chars(chars));
  SortUnique(all.parts);
  for (const Id id : all.negated) {
    if (Holds(all.parts, id)) return kAny;
  }
  if (!all.negated.empty()) {
    const Id outside = Complement(all.negated.size() == 1 ? all.negated[0] : Intersection(all.negated));
    if (outside == kAny) return kAny;
    all.parts.push_back(outside);
  }
  SortUnique(all.parts);
  all.DropTails();
  all.MergeCounts();
  all.Absorb();
  SortUnique(all.parts);
  if (Holds(all.parts, kAny)) return kAny;
  if (all.epsilon && std::none_of(all.parts.begin(), all.parts.end(), [&](Id id) { return node(id).nullable; })) {
    all.parts.insert(all.parts.begin(), kEpsilon);
    SortUnique(all.parts);
  }
  if (all.parts.empty()) return kNone;
  if (all.parts.size() == 1) return all.parts[0];
  Node joined = {.kind = Kind::kUnion, .life = Life::kDead, .parts = all.parts, .shortest = kEndless};
  for (const Id id : all.parts) {
    const Node& part = node(id);
    joined.nullable |= part.nullable;
    if (part.life == Life::kAlive) joined.life = Life::kAlive;
    if (part.life == Life::kUnknown && joined.life == Life::kDead) joined.life = Life::kUnknown;
    joined.shortest = std::min(joined.shortest, part.shortest);
    joined.longest = std::max(joined.longest, part.longest);
    joined.alphabet = AlphabetOfBoth(joined.alphabet, part.alphabet);
  }
  return Make(joined);
}

RegexPool::Body::Id RegexPool::Body::Intersection(std::vector<Id> given) {
  if (given.size() == 1) return given[0];
  RegexSets all = {*this, {}, {}, false};
  bool counted = false;  // whether there were repetitions of characters, which are one: set{least,most}
  uint32_t set = kFullSet;
  uint64_t least = 0;
  uint64_t most = kEndless;
  const auto add = [&](Id id) {
    const Node& part = node(id);
    const bool repeat = part.kind == Kind::kRepeat && node(part.a).kind == Kind::kChars;
    if (id == kEpsilon) {
      all.epsilon = true;
    } else if (repeat || part.kind == Kind::kChars) {
      counted = true;
      const uint32_t chars = repeat ? node(part.a).a : part.a;
      if (!IsSubset(set, chars)) set = IsSubset(chars, set) ? chars : InternSet(sets[set].Intersection(sets[chars]));
      least = std::max(least, repeat ? part.least : 1);
      most = std::min(most, repeat ? part.most : 1);
    } else if (part.kind == Kind::kComplement) {
      all.negated.push_back(part.a);
    } else {
      all.parts.push_back(id);
    }
  };
  for (const Id id : given) {
    Spend(node(id).parts.size() + 1);
    if (id == kNone) return kNone;
    if (id == kAny) continue;
    if (node(id).kind != Kind::kIntersection) {
      add(id);
    } else {
      for (const Id part : node(id).parts) add(part);
    }
  }
  if (all.epsilon || set == kEmptySet || least > most || most == 0) {
    const auto nullable = [&](Id id) { return node(id).nullable; };
    return least == 0 && std::all_of(all.parts.begin(), all.parts.end(), nullable) &&
                   std::none_of(all.negated.begin(), all.negated.end(), nullable)
               ? kEpsilon
               : kNone;
  }
  SortUnique(all.parts);
  uint64_t shortest = least;
  uint64_t longest = most;
  CharSet alphabet = sets[set];
  for (const Id id : all.parts) {
    const Node& part = node(id);
    shortest = std::max(shortest, part.shortest);
    longest = std::min(longest, part.longest);
    if (part.alphabet != kFullSet && !IsSubset(set, part.alphabet))
      alphabet = alphabet.Intersection(sets[part.alphabet]);
  }
  if (shortest > longest || (alphabet.empty() && shortest > 0)) return kNone;
  if (counted) {
    const bool implied = std::any_of(all.parts.begin(), all.parts.end(), [&](Id id) {
      const Node& part = node(id);
      return part.shortest >= least && part.longest <= most && IsSubset(part.alphabet, set);
    });
    if (!implied) all.parts.push_back(Repeat(Chars(set), least, most));
  }
  SortUnique(all.parts);
  if (!all.negated.empty()) {
    const Id inside = Union(all.negated);
    if (inside == kAny) return kNone;
    const bool many = node(inside).kind == Kind::kUnion;
    std::vector<Id> kept;
    for (const Id id : many ? node(inside).parts : std::span<const Id>(&inside, 1)) {
      if (Holds(all.parts, id)) return kNone;
      if (node(id).shortest <= longest && node(id).longest >= shortest) kept.push_back(id);
    }
    const Id outside = Complement(Union(std::move(kept)));
    if (outside != kAny) all.parts.push_back(outside);
  }
  SortUnique(all.parts);
  if (all.parts.empty()) return kAny;
  if (all.parts.size() == 1) return all.parts[0];
  Node joined = {.kind = Kind::kIntersection, .nullable = true, .parts = all.parts};
  for (const Id id : all.parts) joined.nullable &= node(id).nullable;
  joined.life = joined.nullable ? Life::kAlive : Life::kUnknown;
  joined.shortest = joined.nullable ? 0 : std::max<uint64_t>(shortest, 1);
  joined.longest = longest;
  if (joined.shortest > joined.longest) return kNone;
  joined.alphabet = alphabet.ranges().size() <= 64 ? InternSet(std::move(alphabet)) : kFullSet;
  return Make(joined);
}

}  // namespace sheepop::grammar
