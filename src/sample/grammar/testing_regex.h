// Random regular expressions, and another way to say which words they match.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sample/grammar/regex.h"

namespace sheepop::grammar {

// An expression over the letters a, b, c as it was asked for. Matches by the definition, on every substring.
struct PlainRegex {
  enum Kind : uint8_t { kChars, kEpsilon, kNone, kConcat, kUnion, kIntersection, kComplement, kRepeat };
  Kind kind = kEpsilon;
  std::string chars;
  uint64_t least = 0, most = 0;  // most 9: endless
  std::vector<PlainRegex> inner;

  bool Matches(const std::string& word, size_t begin, size_t end) const {
    switch (kind) {
      case kChars: return end == begin + 1 && chars.find(word[begin]) != std::string::npos;
      case kEpsilon: return begin == end;
      case kNone: return false;
      case kConcat:
        for (size_t cut = begin; cut <= end; ++cut) {
          if (inner[0].Matches(word, begin, cut) && inner[1].Matches(word, cut, end)) return true;
        }
        return false;
      case kUnion: return inner[0].Matches(word, begin, end) || inner[1].Matches(word, begin, end);
      case kIntersection: return inner[0].Matches(word, begin, end) && inner[1].Matches(word, begin, end);
      case kComplement: return !inner[0].Matches(word, begin, end);
      case kRepeat: break;
    }
    // The places that so many repetitions can lead to.
    std::set<size_t> places = {begin};
    bool matched = least == 0 && begin == end;
    const uint64_t rounds = most == kEndlessCount ? least + end - begin + 1 : most;
    for (uint64_t count = 1; count <= rounds; ++count) {
      std::set<size_t> next;
      for (const size_t from : places) {
        for (size_t to = from; to <= end; ++to) {
          if (inner[0].Matches(word, from, to)) next.insert(to);
        }
      }
      places = std::move(next);
      matched |= count >= least && places.contains(end);
    }
    return matched;
  }
  bool Matches(const std::string& word) const { return Matches(word, 0, word.size()); }

  static constexpr uint64_t kEndlessCount = 9;

  // `letters`: what a, b, c stand for.
  RegexId In(RegexPool& pool, const std::u32string& letters = U"abc") const {
    switch (kind) {
      case kChars: {
        std::vector<CharSet::Range> ranges;
        for (const char c : chars)
          ranges.push_back({letters[static_cast<size_t>(c - 'a')], letters[static_cast<size_t>(c - 'a')]});
        return pool.Chars(CharSet(ranges));
      }
      case kEpsilon: return pool.Epsilon();
      case kNone: return pool.None();
      case kConcat: return pool.Concat(inner[0].In(pool, letters), inner[1].In(pool, letters));
      case kUnion: return pool.Union(inner[0].In(pool, letters), inner[1].In(pool, letters));
      case kIntersection: return pool.Intersection(inner[0].In(pool, letters), inner[1].In(pool, letters));
      case kComplement: return pool.Complement(inner[0].In(pool, letters));
      case kRepeat: break;
    }
    return pool.Repeat(inner[0].In(pool, letters), least, most == kEndlessCount ? std::nullopt : std::optional(most));
  }

  static PlainRegex Random(std::mt19937& random, int depth) {
    PlainRegex r;
    const uint32_t roll = static_cast<uint32_t>(random() % 20);
    if (depth == 0 || roll < 4) {
      if (roll == 0 && depth == 0) return r;
      r.kind = kChars;
      for (const char c : {'a', 'b', 'c'}) {
        if (random() % 2 == 0) r.chars.push_back(c);
      }
      return r;
    }
    r.kind = roll < 9 ? kConcat : roll < 12 ? kUnion : roll < 14 ? kIntersection : roll < 16 ? kComplement : kRepeat;
    r.inner.push_back(Random(random, depth - 1));
    if (r.kind == kRepeat) {
      r.least = random() % 3;
      r.most = random() % 3 == 0 ? kEndlessCount : r.least + random() % 3;
    } else if (r.kind != kComplement) {
      r.inner.push_back(Random(random, depth - 1));
    }
    return r;
  }
};

// Every word of at most so many letters.
inline std::vector<std::string> WordsUpTo(size_t length, const std::string& letters = "abc") {
  std::vector<std::string> words = {""};
  for (size_t begin = 0; length > 0; --length) {
    const size_t end = words.size();
    for (size_t i = begin; i < end; ++i) {
      for (const char c : letters) words.push_back(words[i] + c);
    }
    begin = end;
  }
  return words;
}

}  // namespace sheepop::grammar
