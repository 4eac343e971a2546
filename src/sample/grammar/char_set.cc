#include "sample/grammar/char_set.h"

#include <algorithm>

namespace sheepop::grammar {
namespace {

constexpr char32_t kLastScalar = 0x10FFFF;
constexpr CharSet::Range kSurrogates = {0xD800, 0xDFFF};

}  // namespace

CharSet::CharSet(std::vector<Range> ranges) {
  std::vector<Range> scalars;
  scalars.reserve(ranges.size() + 1);
  for (Range range : ranges) {
    range.last = std::min(range.last, kLastScalar);
    if (range.first > range.last) continue;
    if (range.last < kSurrogates.first || range.first > kSurrogates.last) {
      scalars.push_back(range);
      continue;
    }
    if (range.first < kSurrogates.first) scalars.push_back({range.first, kSurrogates.first - 1});
    if (range.last > kSurrogates.last) scalars.push_back({kSurrogates.last + 1, range.last});
  }
  std::sort(scalars.begin(), scalars.end());
  for (const Range& range : scalars) {
    if (!ranges_.empty() && range.first <= ranges_.back().last + 1) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
}

CharSet CharSet::All() { return CharSet({{0, kLastScalar}}); }

CharSet CharSet::Of(char32_t c) { return CharSet({{c, c}}); }

bool CharSet::Has(char32_t c) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), c,
                                      [](char32_t x, const Range& range) { return x < range.first; });
  return after != ranges_.begin() && c <= std::prev(after)->last;
}

size_t CharSet::size() const {
  size_t count = 0;
  for (const Range& range : ranges_) count += range.last - range.first + 1;
  return count;
}

CharSet CharSet::Union(const CharSet& other) const {
  std::vector<Range> both = ranges_;
  both.insert(both.end(), other.ranges_.begin(), other.ranges_.end());
  return CharSet(std::move(both));
}

CharSet CharSet::Intersection(const CharSet& other) const {
  CharSet common;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const Range range = {std::max(a->first, b->first), std::min(a->last, b->last)};
    if (range.first <= range.last) common.ranges_.push_back(range);
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return common;
}

CharSet CharSet::Complement() const {
  std::vector<Range> rest;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) rest.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastScalar) rest.push_back({next, kLastScalar});
  return CharSet(std::move(rest));
}

}  // namespace sheepop::grammar
