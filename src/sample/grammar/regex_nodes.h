// The inside of a RegexPool: its expressions as nodes, each stored once. Built by rules that keep one form for what is
// known to be equal; all are facts about languages, so that a rule more or less changes the size of automata alone.
#pragma once

#include <memory_resource>
#include <unordered_map>

#include "sample/grammar/regex.h"

namespace sheepop::grammar {

struct RegexPool::Body {
  using Id = uint32_t;

  static constexpr uint64_t kEndless = UINT64_MAX;
  // Made by the constructor, in this order.
  static constexpr Id kNone = 0;
  static constexpr Id kEpsilon = 1;
  static constexpr Id kAllChars = 2;
  static constexpr Id kAny = 3;
  // Of sets.
  static constexpr uint32_t kEmptySet = 0;
  static constexpr uint32_t kFullSet = 1;

  enum class Kind : uint8_t { kNone, kEpsilon, kChars, kConcat, kUnion, kIntersection, kComplement, kRepeat };
  enum class Life : uint8_t { kUnknown, kAlive, kDead };

  struct Node {
    Kind kind = Kind::kNone;
    bool nullable = false;
    Life life = Life::kUnknown;          // whether it has a word
    uint32_t a = 0, b = 0;               // kChars: the set. kConcat: head (never a kConcat), tail. Else: the inner one
    uint64_t least = 0, most = 0;        // kRepeat
    std::span<const Id> parts = {};      // kUnion, kIntersection: ascending
    uint64_t shortest = 0, longest = 0;  // no word is shorter or longer; kEndless
    uint32_t alphabet = kEmptySet;       // a set that holds every character of every word
    std::span<const Segment> derivatives = {};  // once derived; kNone is left out, what is empty otherwise is not
    std::span<const Segment> alive = {};        // once asked for; of the derivatives those that have a word
    bool derived = false, sifted = false;
  };

  Body();

  const Node& node(Id id) const { return nodes[id]; }

  // regex_nodes.cc
  Id Make(Node node);  // the one that is equal, or a new one
  uint32_t InternSet(CharSet set);
  uint32_t UnionOfSets(uint32_t a, uint32_t b);
  uint32_t AlphabetOfBoth(uint32_t a, uint32_t b);  // as UnionOfSets, but what is costly to store becomes the full set
  bool IsSubset(uint32_t a, uint32_t b);
  template <typename T>
  std::span<const T> Keep(std::span<const T> items);
  void CheckBytes() const;
  void Spend(size_t steps);  // parts of unions and intersections that are looked at; bounds the time
  size_t bytes() const;

  // regex_build.cc
  Id Chars(uint32_t set);
  Id Concat(Id a, Id b);
  Id Cons(Id head, Id tail);  // head is not a kConcat
  Id Repeat(Id inner, uint64_t least, uint64_t most);
  Id Complement(Id inner);
  Id NonEmpty(Id id, size_t depth = 0);
  // regex_sets.cc
  Id Union(std::vector<Id> parts);
  Id Intersection(std::vector<Id> parts);

  // regex_reverse.cc
  Id Reverse(Id id);

  // regex_derive.cc
  std::span<const Segment> Derive(Id id);
  std::span<const Segment> Alive(Id id);
  bool IsNone(Id id);
  size_t PlainRun(Id id, size_t most);

  std::vector<Node> nodes;
  std::vector<CharSet> sets;
  std::pmr::monotonic_buffer_resource arena;
  size_t arena_bytes = 0;
  size_t set_bytes = 0;
  size_t spent = 0;
  std::unordered_multimap<size_t, Id> known_nodes;
  std::unordered_multimap<size_t, uint32_t> known_sets;
  std::unordered_map<uint64_t, uint32_t> known_unions;
  std::unordered_map<uint64_t, bool> known_subsets;
  struct Run {
    size_t length;  // at least
    bool exact;     // and no more
  };
  std::unordered_map<Id, Run> known_runs;
  std::vector<Class> classes;  // of the last call of Derivatives
};

}  // namespace sheepop::grammar
