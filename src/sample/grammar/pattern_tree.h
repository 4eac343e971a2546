// A pattern as it is written, before its assertions are resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sample/grammar/regex.h"

namespace sheepop::grammar {

struct PatternTree {
  enum Kind : uint8_t {
    kRegex,  // without assertions
    kSequence,
    kAlternatives,
    kRepeat,
    kBegin,
    kEnd,
    kBoundary,  // \b, or \B where negated
    kAhead,
    kBehind,
  };
  Kind kind = kRegex;
  bool negated = false;
  bool one_character = false;  // of a kRegex: it is a class
  bool grouped = false;        // stands in a group, which may be repeated whatever it is
  size_t offset = 0;           // in the pattern, bytes
  RegexId regex{};
  uint64_t least = 0, most = 0;  // kRepeat; UINT64_MAX: endless
  std::vector<PatternTree> inner = {};
};

// As ParsePattern, which says what it throws.
PatternTree ParsePatternTree(std::string_view pattern, RegexPool& pool);

// Words as ECMA-262 has them for \w: of ASCII.
CharSet WordCharacters();

}  // namespace sheepop::grammar
