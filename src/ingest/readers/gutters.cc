#include "ingest/readers/gutters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace sheepop {
namespace {

constexpr size_t kBins = 1024;          // of the page's width
constexpr size_t kMostLines = 5000;     // a drawing or a map has more
constexpr size_t kFewestLines = 5;      // on a side
constexpr size_t kFewestWords = 3;      // of a line of running text; cells are shorter
constexpr float kNarrowest = 0.5f;      // of a line's height
constexpr float kWiderThanGaps = 1.5f;  // between words
constexpr float kReach = 4;             // heights of a line between its end and the strip
constexpr float kOwnGap = 0.8f;         // of the strip, of a gap that is the gutter and no space between words
constexpr size_t kMostAcross = 4;       // one line of so many may run across
constexpr size_t kSpread = 50;          // the emptiest part of a strip, in shares of the most crowded one

float Middle(const LayoutBox& box) { return (box.y0 + box.y1) / 2; }

template <typename Take>
void ForEachLine(const LayoutPage& page, const Take& take) {
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) take(line);
  }
}

// A line as a strip cuts it.
struct Cut {
  size_t left = 0, right = 0;  // words
  float left_end = -1e6f, right_begin = 1e6f;
  bool across = false;
};

Cut CutOf(const LayoutLine& line, const Gutter& gutter) {
  const float middle = (gutter.left + gutter.right) / 2;
  Cut cut;
  for (const LayoutWord& word : line.words) {
    if (word.box.x1 <= middle) {
      ++cut.left;
      cut.left_end = std::max(cut.left_end, word.box.x1);
    } else if (word.box.x0 >= middle) {
      ++cut.right;
      cut.right_begin = std::min(cut.right_begin, word.box.x0);
    } else {
      cut.across = true;
    }
  }
  const float own = kOwnGap * (gutter.right - gutter.left);
  cut.across |= cut.left > 0 && cut.right > 0 && cut.right_begin - cut.left_end < own;
  return cut;
}

struct Side {
  size_t lines = 0, words = 0;
  size_t reaching = 0;  // lines of running text that begin or end near the strip
  float top = 1e6f, bottom = -1e6f;

  void Add(const LayoutBox& box, size_t count, float distance, float em) {
    if (count == 0) return;
    ++lines;
    words += count;
    if (count < kFewestWords || distance > kReach * em) return;
    ++reaching;
    top = std::min(top, box.y0);
    bottom = std::max(bottom, box.y1);
  }
};

struct Sides {
  Side left, right;
  size_t across = 0;
};

Sides SidesOf(const LayoutPage& page, const Gutter& gutter, float em) {
  Sides sides;
  ForEachLine(page, [&](const LayoutLine& line) {
    const Cut cut = CutOf(line, gutter);
    sides.across += cut.across;
    if (cut.across) return;
    sides.left.Add(line.box, cut.left, gutter.left - cut.left_end, em);
    sides.right.Add(line.box, cut.right, cut.right_begin - gutter.right, em);
  });
  return sides;
}

// With the lines beside it, or nothing where the strip parts no columns. `share` of the lines must reach it.
bool Confirm(const LayoutPage& page, float em, size_t fewest, float share, Gutter& gutter) {
  const Sides sides = SidesOf(page, gutter, em);
  for (const Side* side : {&sides.left, &sides.right}) {
    if (side->reaching < fewest || side->words < kFewestWords * side->lines) return false;
    if (static_cast<float>(side->reaching) < share * static_cast<float>(side->lines)) return false;
  }
  if (sides.across * kMostAcross > sides.left.lines + sides.right.lines) return false;
  if (std::min(sides.left.bottom, sides.right.bottom) <= std::max(sides.left.top, sides.right.top)) return false;
  gutter.top = std::min(sides.left.top, sides.right.top);
  gutter.bottom = std::max(sides.left.bottom, sides.right.bottom);
  return true;
}

// How many words stand at each of kBins places between the page's first and last.
struct Coverage {
  std::array<size_t, kBins> words{};
  float begin = 1e6f, end = -1e6f;

  float Place(size_t bin) const { return begin + (end - begin) * static_cast<float>(bin) / static_cast<float>(kBins); }
};

Coverage CoverageOf(const LayoutPage& page) {
  Coverage coverage;
  ForEachLine(page, [&](const LayoutLine& line) {
    for (const LayoutWord& word : line.words) {
      coverage.begin = std::min(coverage.begin, word.box.x0);
      coverage.end = std::max(coverage.end, word.box.x1);
    }
  });
  const float width = coverage.end - coverage.begin;
  if (!(width > 0)) return coverage;
  const auto bin = [&](float x) {
    return static_cast<size_t>(std::clamp((x - coverage.begin) / width, 0.0f, 1.0f) * static_cast<float>(kBins - 1));
  };
  std::array<ptrdiff_t, kBins + 1> change{};  // from one bin to the next
  ForEachLine(page, [&](const LayoutLine& line) {
    for (const LayoutWord& word : line.words) {
      ++change[bin(word.box.x0)];
      --change[bin(word.box.x1) + 1];
    }
  });
  ptrdiff_t words = 0;
  for (size_t i = 0; i < kBins; ++i) {
    words += change[i];
    coverage.words[i] = static_cast<size_t>(std::max<ptrdiff_t>(words, 0));
  }
  return coverage;
}

// The longest run of bins of [first, last) with at most so many words.
std::pair<size_t, size_t> LongestRun(const Coverage& coverage, size_t first, size_t last, size_t most) {
  std::pair<size_t, size_t> longest{first, first};
  for (size_t i = first; i < last; ++i) {
    const size_t begin = i;
    while (i < last && coverage.words[i] <= most) ++i;
    if (i - begin > longest.second - longest.first) longest = {begin, i};
  }
  return longest;
}

// The middle one of the gaps between words: a strip no wider is where the spaces of lines that resemble each other meet.
float MedianGap(const LayoutPage& page) {
  std::vector<float> gaps;
  ForEachLine(page, [&](const LayoutLine& line) {
    for (size_t i = 1; i < line.words.size(); ++i) {
      const LayoutBox &a = line.words[i - 1].box, &b = line.words[i].box;
      gaps.push_back(std::max(a.x0, b.x0) - std::min(a.x1, b.x1));
    }
  });
  if (gaps.empty()) return 0;
  const auto middle = gaps.begin() + static_cast<ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle;
}

Gutters Candidates(const Coverage& coverage, float narrowest) {
  Gutters found;
  const size_t peak = *std::max_element(coverage.words.begin(), coverage.words.end());
  for (size_t i = 1; i < kBins; ++i) {
    const size_t begin = i;
    while (i < kBins && coverage.words[i] <= peak / kMostAcross) ++i;
    if (i == begin || i == kBins) continue;
    const auto from = coverage.words.begin() + static_cast<ptrdiff_t>(begin);
    const size_t least = *std::min_element(from, coverage.words.begin() + static_cast<ptrdiff_t>(i));
    const auto [first, last] = LongestRun(coverage, begin, i, least + peak / kSpread);
    const Gutter strip{coverage.Place(first), coverage.Place(last)};
    if (strip.right - strip.left >= narrowest) found.push_back(strip);
  }
  return found;
}

void Fit(LayoutBlock& block) {
  block.box = block.lines.front().box;
  for (const LayoutLine& line : block.lines) block.box.Include(line.box);
}

bool Beside(const LayoutBox& box, const Gutter& gutter) {
  return Middle(box) >= gutter.top && Middle(box) <= gutter.bottom;
}

// The words of one side of the strip.
LayoutLine SideOf(const LayoutLine& line, const Gutter& gutter, bool right) {
  const float middle = (gutter.left + gutter.right) / 2;
  LayoutLine side = line;
  std::erase_if(side.words, [&](const LayoutWord& word) { return (word.box.x0 >= middle) != right; });
  side.box = side.words.front().box;
  for (const LayoutWord& word : side.words) side.box.Include(word.box);
  return side;
}

bool OnOneLevel(const LayoutBox& a, const LayoutBox& b) {
  return std::abs(Middle(a) - Middle(b)) < 0.3f * std::min(a.height(), b.height());
}

// Poppler takes a loose line apart where the other column's stands a little higher: what fills the column from edge to edge
// together is one line. Rows of a table stand within.
void JoinPieces(LayoutBlock& side) {
  constexpr float kSamePlace = 1.5f;  // points
  std::stable_sort(side.lines.begin(), side.lines.end(),
                   [](const LayoutLine& a, const LayoutLine& b) { return Middle(a.box) < Middle(b.box); });
  std::vector<LayoutLine> joined;
  for (size_t i = 0, next = 0; i < side.lines.size(); i = next) {
    LayoutLine line = side.lines[i];
    for (next = i + 1; next < side.lines.size() && OnOneLevel(side.lines[i].box, side.lines[next].box); ++next) {
      line.words.insert(line.words.end(), side.lines[next].words.begin(), side.lines[next].words.end());
      line.box.Include(side.lines[next].box);
    }
    const bool fills = line.box.x0 - side.box.x0 < kSamePlace && side.box.x1 - line.box.x1 < kSamePlace;
    if (next == i + 2 && fills && !HasRightToLeft(line.words.front().text)) {
      const bool turned = side.lines[i + 1].box.x0 < side.lines[i].box.x0;
      if (turned)
        std::rotate(line.words.begin(), line.words.begin() + static_cast<ptrdiff_t>(side.lines[i].words.size()),
                    line.words.end());
      joined.push_back(std::move(line));
    } else {
      joined.insert(joined.end(), side.lines.begin() + static_cast<ptrdiff_t>(i),
                    side.lines.begin() + static_cast<ptrdiff_t>(next));
    }
  }
  side.lines = std::move(joined);
}

void PartBlockAt(LayoutBlock block, const Gutter& gutter, std::vector<LayoutBlock>& out) {
  enum Place { kLeft, kRight, kAcross };
  std::array<bool, 2> sides{};
  for (const LayoutLine& line : block.lines) {
    const Cut cut = CutOf(line, gutter);
    if (cut.across || !Beside(line.box, gutter)) continue;
    sides[kLeft] |= cut.left > 0;
    sides[kRight] |= cut.right > 0;
  }
  if (!sides[kLeft] || !sides[kRight]) return out.push_back(std::move(block));
  std::stable_sort(block.lines.begin(), block.lines.end(),
                   [](const LayoutLine& a, const LayoutLine& b) { return Middle(a.box) < Middle(b.box); });
  LayoutBlock empty = block;
  empty.lines.clear();
  std::array<LayoutBlock, 3> parts{empty, empty, empty};
  const auto flush = [&](Place place) {
    if (parts[place].lines.empty()) return;
    Fit(parts[place]);
    if (place != kAcross) JoinPieces(parts[place]);
    out.push_back(std::exchange(parts[place], empty));
  };
  for (LayoutLine& line : block.lines) {
    const Cut cut = CutOf(line, gutter);
    if (cut.across || !Beside(line.box, gutter)) {
      flush(kLeft);
      flush(kRight);
      parts[kAcross].lines.push_back(std::move(line));
      continue;
    }
    flush(kAcross);
    if (cut.left > 0) parts[kLeft].lines.push_back(SideOf(line, gutter, false));
    if (cut.right > 0) parts[kRight].lines.push_back(SideOf(line, gutter, true));
  }
  for (const Place place : {kAcross, kLeft, kRight}) flush(place);
}

}  // namespace

Gutters FindGutters(const LayoutPage& page, const Gutters& near) {
  size_t lines = 0;
  for (const LayoutBlock& block : page.blocks) lines += block.lines.size();
  if (lines == 0 || lines > kMostLines) return {};
  const float em = MedianHeight(page);
  const float narrowest = std::max(kNarrowest * em, kWiderThanGaps * MedianGap(page));
  Gutters found = Candidates(CoverageOf(page), narrowest);
  // Of three columns, the lines of the first reach the first gutter alone.
  const float share = found.size() > 1 ? 0.3f : 0.5f;
  std::erase_if(found, [&](Gutter& gutter) { return !Confirm(page, em, kFewestLines, share, gutter); });
  if (!found.empty()) return found;
  for (Gutter gutter : near) {
    if (gutter.right - gutter.left < narrowest) continue;
    const bool known = std::any_of(found.begin(), found.end(), [&](const Gutter& other) {
      return gutter.left < other.right && other.left < gutter.right;
    });
    if (!known && Confirm(page, em, 1, 0.3f, gutter)) found.push_back(gutter);
  }
  std::sort(found.begin(), found.end(), [](const Gutter& a, const Gutter& b) { return a.left < b.left; });
  return found;
}

void PartAtGutters(LayoutPage& page, const Gutters& gutters) {
  for (const Gutter& gutter : gutters) {
    std::vector<LayoutBlock> blocks;
    for (LayoutBlock& block : page.blocks) PartBlockAt(std::move(block), gutter, blocks);
    page.blocks = std::move(blocks);
  }
}

size_t ColumnOf(const LayoutBox& box, const Gutters& gutters) {
  size_t column = 0;
  for (const Gutter& gutter : gutters) {
    if (!Beside(box, gutter)) continue;
    const float middle = (gutter.left + gutter.right) / 2;
    if (box.x0 < middle && box.x1 > middle) return 0;
    column = std::max<size_t>(column, 1) + (box.x0 >= middle);
  }
  return column;
}

}  // namespace sheepop
