// Regular expressions over Unicode characters with intersection and complement, by derivatives: Brzozowski, "Derivatives
// of regular expressions", J. ACM 11 (1964); Owens, Reppy, Turon, "Regular-expression derivatives re-examined", JFP 19
// (2009). Expressions are hash-consed in a normal form (unions and intersections are sets, repetitions are counted, never
// unrolled), so that equal ids mean equal expressions, and an automaton has few states.
//
// One thread at a time. Ids are valid as long as the pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/grammar/char_set.h"

namespace sheepop::grammar {

enum class RegexId : uint32_t {};

class RegexPool {
 public:
  RegexPool();
  ~RegexPool();

  RegexId None();     // no word
  RegexId Epsilon();  // the empty word
  RegexId Any();      // every word
  RegexId Chars(const CharSet& set);
  RegexId Text(std::string_view utf8);  // one word; throws kInvalidArgument for bytes that are not UTF-8
  RegexId Concat(std::span<const RegexId> parts);
  RegexId Concat(RegexId a, RegexId b) { return Concat(std::vector{a, b}); }
  RegexId Union(std::span<const RegexId> parts);
  RegexId Union(RegexId a, RegexId b) { return Union(std::vector{a, b}); }
  RegexId Intersection(std::span<const RegexId> parts);
  RegexId Intersection(RegexId a, RegexId b) { return Intersection(std::vector{a, b}); }
  RegexId Complement(RegexId r);
  RegexId Repeat(RegexId r, uint64_t least, std::optional<uint64_t> most);  // nothing: without end

  uint64_t Longest(RegexId r) const;  // characters: no word has more; UINT64_MAX where there is no bound
  bool Nullable(RegexId r) const;     // whether the empty word is in it

  // Where each next character leads: classes that are disjoint and leave out those that lead to None. Valid until the
  // next call of the pool.
  struct Class {
    CharSet chars;
    RegexId next;
  };
  std::span<const Class> Derivatives(RegexId r);
  // The same as ranges in ascending order, which neither overlap nor, where they lead to the same, touch. Valid as long as
  // the pool.
  struct Segment {
    char32_t first, last;  // both within
    RegexId next;
  };
  std::span<const Segment> Segments(RegexId r);

  // Whether the language is empty or is the whole, by search of the automaton. Throws kLimit, naming the bound, beyond
  // kMostStates states of one search.
  bool IsNone(RegexId r);
  bool IsAny(RegexId r) { return IsNone(Complement(r)); }
  // Its words where there are at most `most`, in ascending order of their UTF-8 bytes.
  std::optional<std::vector<std::string>> Words(RegexId r, size_t most);
  bool Matches(RegexId r, std::string_view utf8);  // false for bytes that are not UTF-8

  // How many plain characters (byte_language.h) may follow, whichever they are, so that what is left has a word. At most
  // `most`; where that is costly to find out, fewer.
  size_t PlainRun(RegexId r, size_t most);

  RegexId NonEmpty(RegexId r);  // its words but the empty one
  // Its words read from their end.
  RegexId Reverse(RegexId r);

  size_t bytes() const;

  static constexpr size_t kMostStates = 20000;
  static constexpr size_t kMostBytes = size_t{256} << 20;  // of a pool; kLimit beyond

  struct Body;  // regex_nodes.h

 private:
  std::unique_ptr<Body> body_;
};

}  // namespace sheepop::grammar
