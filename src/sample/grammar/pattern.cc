#include "sample/grammar/pattern.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/quoted.h"
#include "sample/grammar/pattern_tree.h"

namespace sheepop::grammar {
namespace {

constexpr uint64_t kEndless = UINT64_MAX;

// What is before a place in the text, as far as ^ and \b ask.
enum Before : uint8_t { kBegin, kOther, kWord };

// The rests of the text that may follow a place, by what is before it. An assertion about what follows takes from the rests,
// so that patterns are read from their end.
using Rests = std::array<RegexId, 3>;

bool HasAssertion(const PatternTree& tree, PatternTree::Kind kind) {
  if (tree.kind == kind) return true;
  return std::any_of(tree.inner.begin(), tree.inner.end(),
                     [&](const PatternTree& one) { return HasAssertion(one, kind); });
}

class PatternReader {
 public:
  PatternReader(std::string_view pattern, RegexPool& pool) : pattern_(pattern), pool_(pool) {}

  RegexId Whole(PatternTree tree, PatternMeaning meaning) {
    // What is looked for at the begin of the text is asked of all of it, whichever way the rest is read; likewise at its end.
    std::vector<RegexId> conditions;
    TakeLooks(tree, meaning, conditions);
    if (HasAssertion(tree, PatternTree::kBehind)) {
      const size_t first_of_end = conditions.size();
      tree = Reversed(std::move(tree));
      TakeLooks(tree, meaning, conditions);
      if (const PatternTree* look = Find(tree, PatternTree::kBehind)) {
        Refuse(*look, "look-ahead beside look-behind", "write ^ before the look-ahead, or $ behind the look-behind");
      }
      for (size_t i = first_of_end; i < conditions.size(); ++i) conditions[i] = pool_.Reverse(conditions[i]);
      conditions.push_back(pool_.Reverse(Words(tree, meaning)));
    } else {
      conditions.push_back(Words(tree, meaning));
    }
    return pool_.Intersection(conditions);
  }

 private:
  [[noreturn]] void Refuse(const PatternTree& tree, std::string_view what, std::string_view instead) const {
    throw Error(ErrorCategory::kUnsupported, "pattern {} has {} at offset {}: {}", Quoted(pattern_), what, tree.offset,
                instead);
  }

  static const PatternTree* Find(const PatternTree& tree, PatternTree::Kind kind) {
    if (tree.kind == kind) return &tree;
    for (const PatternTree& one : tree.inner) {
      if (const PatternTree* found = Find(one, kind)) return found;
    }
    return nullptr;
  }

  RegexId Words(const PatternTree& tree, PatternMeaning meaning) {
    const RegexId end = meaning == PatternMeaning::kFound ? pool_.Any() : pool_.Epsilon();
    const Rests rests = Preceded(tree, {end, end, end});
    return (meaning == PatternMeaning::kFound ? Follow(pool_.Any(), rests) : rests)[kBegin];
  }

  // Takes the look-aheads off that stand at the begin of the text.
  void TakeLooks(PatternTree& tree, PatternMeaning meaning, std::vector<RegexId>& conditions) {
    if (tree.kind != PatternTree::kSequence || !HasAssertion(tree, PatternTree::kBehind)) return;
    size_t at = 0;
    bool at_begin = meaning == PatternMeaning::kWhole;
    while (at < tree.inner.size() && tree.inner[at].kind == PatternTree::kBegin) {
      at_begin = true;
      ++at;
    }
    const size_t first = at;
    while (at_begin && at < tree.inner.size() && tree.inner[at].kind == PatternTree::kAhead &&
           !HasAssertion(tree.inner[at], PatternTree::kBehind)) {
      conditions.push_back(Preceded(tree.inner[at++], {pool_.Any(), pool_.Any(), pool_.Any()})[kBegin]);
    }
    tree.inner.erase(tree.inner.begin() + static_cast<ptrdiff_t>(first),
                     tree.inner.begin() + static_cast<ptrdiff_t>(at));
  }

  PatternTree Reversed(PatternTree tree) const {
    for (PatternTree& one : tree.inner) one = Reversed(std::move(one));
    switch (tree.kind) {
      case PatternTree::kRegex: tree.regex = pool_.Reverse(tree.regex); break;
      case PatternTree::kSequence: std::reverse(tree.inner.begin(), tree.inner.end()); break;
      case PatternTree::kBegin: tree.kind = PatternTree::kEnd; break;
      case PatternTree::kEnd: tree.kind = PatternTree::kBegin; break;
      case PatternTree::kAhead: tree.kind = PatternTree::kBehind; break;
      case PatternTree::kBehind: tree.kind = PatternTree::kAhead; break;
      case PatternTree::kAlternatives:
      case PatternTree::kRepeat:
      case PatternTree::kBoundary: break;
    }
    return tree;
  }

  static bool AllAre(const Rests& rests, RegexId r) {
    return std::all_of(rests.begin(), rests.end(), [&](RegexId one) { return one == r; });
  }

  Rests United(const Rests& a, const Rests& b) {
    return {pool_.Union(a[0], b[0]), pool_.Union(a[1], b[1]), pool_.Union(a[2], b[2])};
  }

  // The words of `r` that end in a character of \w, or in another one.
  RegexId Ending(RegexId r, bool word) {
    const RegexId last = pool_.Chars(word ? WordCharacters() : WordCharacters().Complement());
    return pool_.Intersection(r, pool_.Concat(pool_.Any(), last));
  }

  RegexId StartingWord() { return pool_.Concat(pool_.Chars(WordCharacters()), pool_.Any()); }

  // A word of `r`, then the rest.
  Rests Follow(RegexId r, const Rests& rests) {
    if (AllAre(rests, rests[kBegin])) {
      const RegexId all = pool_.Concat(r, rests[kBegin]);
      return {all, all, all};
    }
    const bool nullable = pool_.Nullable(r);
    const RegexId moved = rests[kOther] == rests[kWord] ? pool_.Concat(nullable ? pool_.NonEmpty(r) : r, rests[kOther])
                                                        : pool_.Union(pool_.Concat(Ending(r, false), rests[kOther]),
                                                                      pool_.Concat(Ending(r, true), rests[kWord]));
    if (!nullable) return {moved, moved, moved};
    return United({moved, moved, moved}, rests);
  }

  Rests OnlyAtEnd(const Rests& rests) {
    Rests ended{};
    for (size_t i = 0; i < rests.size(); ++i) {
      ended[i] = pool_.Nullable(rests[i]) ? pool_.Epsilon() : pool_.None();
    }
    return ended;
  }

  // The rests before `tree`, given those behind it.
  Rests Preceded(const PatternTree& tree, Rests rests) {
    switch (tree.kind) {
      case PatternTree::kRegex: return Follow(tree.regex, rests);
      case PatternTree::kSequence:
        for (size_t i = tree.inner.size(); i-- > 0;) rests = Preceded(tree.inner[i], rests);
        return rests;
      case PatternTree::kAlternatives: {
        Rests all = {pool_.None(), pool_.None(), pool_.None()};
        for (const PatternTree& one : tree.inner) all = United(all, Preceded(one, rests));
        return all;
      }
      case PatternTree::kRepeat: return Repeated(tree, rests);
      case PatternTree::kBegin: return {rests[kBegin], pool_.None(), pool_.None()};
      case PatternTree::kEnd: return OnlyAtEnd(rests);
      case PatternTree::kBoundary: {
        const RegexId word = StartingWord();
        const RegexId other = pool_.Complement(word);
        for (size_t i = 0; i < rests.size(); ++i) {
          rests[i] = pool_.Intersection(rests[i], (i == kWord) == tree.negated ? word : other);
        }
        return rests;
      }
      case PatternTree::kAhead: {
        const Rests found = Preceded(tree.inner[0], {pool_.Any(), pool_.Any(), pool_.Any()});
        for (size_t i = 0; i < rests.size(); ++i) {
          rests[i] = pool_.Intersection(rests[i], tree.negated ? pool_.Complement(found[i]) : found[i]);
        }
        return rests;
      }
      case PatternTree::kBehind: break;
    }
    Refuse(tree, "look-behind within look-ahead", "write them side by side");
  }

  Rests Repeated(const PatternTree& tree, const Rests& rests) {
    const PatternTree& inner = tree.inner[0];
    // One look at a place sees what all see.
    if (inner.kind == PatternTree::kAhead || inner.kind == PatternTree::kBoundary) {
      return tree.least == 0 ? rests : Preceded(inner, rests);
    }
    if (tree.least == 0 && AllAre(rests, pool_.Any())) return rests;
    if (!HasAssertion(inner, PatternTree::kAhead) && !HasAssertion(inner, PatternTree::kBehind) &&
        !HasAssertion(inner, PatternTree::kBoundary)) {
      const Ends ends = RepeatedEnds(EndsOf(inner), tree.least, tree.most);
      Rests all{};
      for (const uint8_t before : {kBegin, kOther, kWord}) {
        const auto& from = ends.words[before == kBegin];
        all[before] = pool_.Union(Follow(from[false], rests)[before], Follow(from[true], OnlyAtEnd(rests))[before]);
      }
      return all;
    }
    constexpr uint64_t kMostWrittenOut = 16;
    if (tree.most <= kMostWrittenOut) {
      Rests all = rests;
      for (uint64_t i = tree.least; i < tree.most; ++i) all = United(rests, Preceded(inner, all));
      for (uint64_t i = 0; i < tree.least; ++i) all = Preceded(inner, all);
      return all;
    }
    if (AllAre(rests, pool_.Epsilon())) {
      if (const std::optional<RegexId> watched = Watched(inner, tree.least, tree.most)) {
        return {*watched, *watched, *watched};
      }
    }
    Refuse(tree, "an assertion in a repetition",
           "only ^ and $ can stand there, and look-aheads before each character of what goes on to the end, as in "
           "^(?:(?!no).)*$");
  }

  // Characters to the end of the text, before each of which look-aheads are asked: no rest that one forbids begins anywhere.
  std::optional<RegexId> Watched(const PatternTree& inner, uint64_t least, uint64_t most) {
    if (inner.kind != PatternTree::kSequence) return std::nullopt;
    const PatternTree& last = inner.inner.back();
    if (!last.one_character) return std::nullopt;
    std::vector<RegexId> forbidden;
    for (size_t i = 0; i + 1 < inner.inner.size(); ++i) {
      const PatternTree& look = inner.inner[i];
      if (look.kind != PatternTree::kAhead) return std::nullopt;
      const Rests found = Preceded(look.inner[0], {pool_.Any(), pool_.Any(), pool_.Any()});
      if (!AllAre(found, found[kBegin])) return std::nullopt;
      forbidden.push_back(look.negated ? found[kBegin] : pool_.Complement(found[kBegin]));
    }
    const RegexId anywhere = pool_.Concat(pool_.Any(), pool_.NonEmpty(pool_.Union(forbidden)));
    const RegexId characters = pool_.Repeat(last.regex, least, most == kEndless ? std::nullopt : std::optional(most));
    return pool_.Intersection(characters, pool_.Complement(anywhere));
  }

  // Of a part with ^ and $ alone: its words by whether the begin of the text is before it and the end behind it. More are
  // words where it is.
  struct Ends {
    std::array<std::array<RegexId, 2>, 2> words;  // [begin][end]
  };

  template <typename Make>
  static Ends EachEnd(const Make& make) {
    return {{{{make(false, false), make(false, true)}, {make(true, false), make(true, true)}}}};
  }

  Ends EndsOf(const PatternTree& tree) {
    switch (tree.kind) {
      case PatternTree::kBegin:
        return EachEnd([&](bool begin, bool) { return begin ? pool_.Epsilon() : pool_.None(); });
      case PatternTree::kEnd: return EachEnd([&](bool, bool end) { return end ? pool_.Epsilon() : pool_.None(); });
      case PatternTree::kSequence: {
        Ends all = EndsOf(tree.inner[0]);
        for (size_t i = 1; i < tree.inner.size(); ++i) all = Joined(all, EndsOf(tree.inner[i]));
        return all;
      }
      case PatternTree::kAlternatives: {
        Ends all = EndsOf(tree.inner[0]);
        for (size_t i = 1; i < tree.inner.size(); ++i) {
          const Ends one = EndsOf(tree.inner[i]);
          all =
              EachEnd([&](bool begin, bool end) { return pool_.Union(all.words[begin][end], one.words[begin][end]); });
        }
        return all;
      }
      case PatternTree::kRepeat: return RepeatedEnds(EndsOf(tree.inner[0]), tree.least, tree.most);
      default: return EachEnd([&](bool, bool) { return tree.regex; });
    }
  }

  Ends Joined(const Ends& a, const Ends& b) {
    return EachEnd([&](bool begin, bool end) {
      std::vector<RegexId> ways = {pool_.Concat(a.words[begin][false], b.words[false][end])};
      if (pool_.Nullable(a.words[begin][false])) ways.push_back(b.words[begin][end]);
      if (pool_.Nullable(b.words[false][end])) ways.push_back(a.words[begin][end]);
      if (pool_.Nullable(a.words[begin][end]) && pool_.Nullable(b.words[begin][end])) ways.push_back(pool_.Epsilon());
      return pool_.Union(ways);
    });
  }

  Ends RepeatedEnds(const Ends& one, uint64_t least, uint64_t most) {
    return EachEnd([&](bool begin, bool end) {
      if (most == 0) return pool_.Epsilon();
      const RegexId first = one.words[begin][false];
      const RegexId middle = one.words[false][false];
      const RegexId last = one.words[false][end];
      // Where one of them may be empty, those that are missing are.
      const bool fills = pool_.Nullable(first) || pool_.Nullable(middle) || pool_.Nullable(last);
      const uint64_t from = fills ? 0 : least;
      std::vector<RegexId> ways;
      if (least == 0) ways.push_back(pool_.Epsilon());
      if (from <= 1) ways.push_back(one.words[begin][end]);
      if (most >= 2) {
        const std::optional<uint64_t> more = most == kEndless ? std::nullopt : std::optional(most - 2);
        ways.push_back(pool_.Concat(std::vector{first, pool_.Repeat(middle, from <= 2 ? 0 : from - 2, more), last}));
      }
      return pool_.Union(ways);
    });
  }

  std::string_view pattern_;
  RegexPool& pool_;
};

}  // namespace

RegexId ParsePattern(std::string_view pattern, PatternMeaning meaning, RegexPool& pool) {
  return PatternReader(pattern, pool).Whole(ParsePatternTree(pattern, pool), meaning);
}

}  // namespace sheepop::grammar
