// A set of Unicode scalar values (code points but the surrogates), as ranges.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace sheepop::grammar {

class CharSet {
 public:
  struct Range {
    char32_t first, last;  // both within
    bool operator==(const Range&) const = default;
    auto operator<=>(const Range&) const = default;
  };

  CharSet() = default;
  // In any order, may overlap; surrogates and what lies above U+10FFFF are left out.
  explicit CharSet(std::vector<Range> ranges);
  static CharSet All();
  static CharSet Of(char32_t c);

  std::span<const Range> ranges() const { return ranges_; }  // ascending, neither overlapping nor touching
  bool empty() const { return ranges_.empty(); }
  bool Has(char32_t c) const;
  size_t size() const;  // characters

  CharSet Union(const CharSet& other) const;
  CharSet Intersection(const CharSet& other) const;
  CharSet Complement() const;
  bool operator==(const CharSet&) const = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace sheepop::grammar
