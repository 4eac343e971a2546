#include <algorithm>

#include "sample/grammar/regex_nodes.h"

namespace sheepop::grammar {
namespace {

constexpr uint64_t kEndlessCount = UINT64_MAX;

// kEndless where it is endless or beyond what can be counted.
uint64_t Sum(uint64_t a, uint64_t b) { return a > kEndlessCount - b ? kEndlessCount : a + b; }
uint64_t Product(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return a > kEndlessCount / b ? kEndlessCount : a * b;
}

}  // namespace

RegexPool::Body::Id RegexPool::Body::Chars(uint32_t set) {
  if (set == kEmptySet) return kNone;
  const uint32_t alphabet = AlphabetOfBoth(set, set);
  return Make(
      {.kind = Kind::kChars, .life = Life::kAlive, .a = set, .shortest = 1, .longest = 1, .alphabet = alphabet});
}

RegexPool::Body::Id RegexPool::Body::Concat(Id a, Id b) {
  std::vector<Id> heads;
  while (node(a).kind == Kind::kConcat) {
    heads.push_back(node(a).a);
    a = node(a).b;
  }
  Id result = Cons(a, b);
  for (size_t i = heads.size(); i-- > 0;) result = Cons(heads[i], result);
  return result;
}

RegexPool::Body::Id RegexPool::Body::Cons(Id head, Id tail) {
  if (head == kNone || tail == kNone) return kNone;
  if (head == kEpsilon) return tail;
  if (tail == kEpsilon) return head;
  const bool chained = node(tail).kind == Kind::kConcat;
  const Id second = chained ? node(tail).a : tail;
  const bool head_counts = node(head).kind == Kind::kRepeat;
  const bool second_counts = node(second).kind == Kind::kRepeat;
  if ((head_counts || second_counts) &&
      (head_counts ? node(head).a : head) == (second_counts ? node(second).a : second)) {
    const uint64_t least = Sum(head_counts ? node(head).least : 1, second_counts ? node(second).least : 1);
    const uint64_t most = Sum(head_counts ? node(head).most : 1, second_counts ? node(second).most : 1);
    if (least < kEndless) {
      return Cons(Repeat(head_counts ? node(head).a : head, least, most), chained ? node(tail).b : kEpsilon);
    }
  }
  const Node& first = node(head);
  const Node& rest = node(tail);
  const bool alive = first.life == Life::kAlive && rest.life == Life::kAlive;
  const bool dead = first.life == Life::kDead || rest.life == Life::kDead;
  Node joined = {.kind = Kind::kConcat,
                 .nullable = first.nullable && rest.nullable,
                 .life = alive  ? Life::kAlive
                         : dead ? Life::kDead
                                : Life::kUnknown,
                 .a = head,
                 .b = tail,
                 .shortest = Sum(first.shortest, rest.shortest),
                 .longest = Sum(first.longest, rest.longest)};
  joined.alphabet = AlphabetOfBoth(first.alphabet, rest.alphabet);
  return Make(joined);
}

RegexPool::Body::Id RegexPool::Body::Repeat(Id inner, uint64_t least, uint64_t most) {
  if (least > most) return kNone;
  if (most == 0 || inner == kEpsilon) return kEpsilon;
  if (inner == kNone) return least == 0 ? kEpsilon : kNone;
  if (node(inner).nullable) {
    least = 0;
    const std::span<const Id> parts = node(inner).parts;
    if (node(inner).kind == Kind::kUnion && std::find(parts.begin(), parts.end(), kEpsilon) != parts.end()) {
      std::vector<Id> rest(parts.begin(), parts.end());
      std::erase(rest, kEpsilon);
      inner = Union(std::move(rest));
    }
  }
  if (least == 1 && most == 1) return inner;
  if (node(inner).kind == Kind::kRepeat) {
    // Of an inner count from p to q, n repetitions have n p to n q: one interval where none leaves a gap to the next.
    const uint64_t p = node(inner).least;
    const uint64_t q = node(inner).most;
    const bool gapless =
        least == most || (least == 0 && p <= 1) || (least > 0 && Product(least + 1, p) <= Sum(Product(least, q), 1));
    const uint64_t all_least = Product(least, p);
    if (gapless && all_least < kEndless) return Repeat(node(inner).a, all_least, Product(most, q));
  }
  if (inner == kAllChars && least == 0 && most == kEndless) return kAny;
  const Node& body = node(inner);
  return Make({.kind = Kind::kRepeat,
               .nullable = least == 0,
               .life = least == 0 ? Life::kAlive : body.life,
               .a = inner,
               .least = least,
               .most = most,
               .shortest = Product(least, body.shortest),
               .longest = Product(most, body.longest),
               .alphabet = body.alphabet});
}

RegexPool::Body::Id RegexPool::Body::Complement(Id inner) {
  if (inner == kNone) return kAny;
  if (inner == kAny) return kNone;
  const Node body = node(inner);
  if (body.kind == Kind::kComplement) return body.a;
  if (inner == kEpsilon) return Repeat(kAllChars, 1, kEndless);
  const bool counted = body.kind == Kind::kRepeat && body.a == kAllChars;
  if (counted || inner == kAllChars) {
    const uint64_t least = counted ? body.least : 1;
    const uint64_t most = counted ? body.most : 1;
    std::vector<Id> rest;
    if (least > 0) rest.push_back(Repeat(kAllChars, 0, least - 1));
    if (most != kEndless) rest.push_back(Repeat(kAllChars, Sum(most, 1), kEndless));
    return Union(std::move(rest));
  }
  // What has a longest word, or lacks a character, leaves words out.
  const bool alive = !body.nullable || body.longest != kEndless || body.alphabet != kFullSet;
  return Make({.kind = Kind::kComplement,
               .nullable = !body.nullable,
               .life = alive ? Life::kAlive : Life::kUnknown,
               .a = inner,
               .shortest = body.nullable ? uint64_t{1} : uint64_t{0},
               .longest = kEndless,
               .alphabet = kFullSet});
}

// Without an intersection where that can be said, since whether that has words would have to be searched.
RegexPool::Body::Id RegexPool::Body::NonEmpty(Id id, size_t depth) {
  constexpr size_t kMostDepth = 100;
  const Node copy = node(id);
  if (!copy.nullable) return id;
  if (id == kEpsilon) return kNone;
  if (depth < kMostDepth && copy.kind == Kind::kRepeat) {
    const uint64_t most = copy.most == kEndless ? kEndless : copy.most - 1;
    return Concat(NonEmpty(copy.a, depth + 1), Repeat(copy.a, 0, most));
  }
  if (depth < kMostDepth && copy.kind == Kind::kConcat) {
    return Union({Concat(NonEmpty(copy.a, depth + 1), copy.b), NonEmpty(copy.b, depth + 1)});
  }
  if (depth < kMostDepth && copy.kind == Kind::kUnion) {
    std::vector<Id> parts;
    for (const Id part : copy.parts) parts.push_back(NonEmpty(part, depth + 1));
    return Union(std::move(parts));
  }
  return Intersection({id, Repeat(kAllChars, 1, kEndless)});
}

}  // namespace sheepop::grammar
