#include "ingest/readers/direction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/utf8.h"
#include "ingest/document.h"

namespace sheepop {
namespace {

enum class Direction { kRight, kDown, kLeft, kUp, kUnknown, kUnknownLying, kUnknownStanding };
constexpr size_t kDirections = 4;

bool HasWide(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    if (IsWideScript(step.code_point)) return true;
    text.remove_prefix(step.length);
  }
  return false;
}

size_t Characters(const LayoutLine& line) {
  size_t count = 0;
  for (const LayoutWord& word : line.words) count += CountCharacters(word.text);
  return count;
}

// Two letters, or a digit, are as wide as high.
Direction OfOneWord(const LayoutWord& word) {
  const size_t characters = CountCharacters(word.text);
  const bool stands = word.box.height() > 1.2f * word.box.width();
  if (stands && characters > 1 && HasWide(word.text)) return Direction::kDown;
  if (characters < 4) return Direction::kUnknown;
  return stands ? Direction::kUnknownStanding : Direction::kUnknownLying;
}

Direction OfLine(const LayoutLine& line) {
  if (line.words.size() < 2) return OfOneWord(line.words.front());
  const LayoutBox &first = line.words.front().box, &last = line.words.back().box;
  const float across = (last.x0 + last.x1 - first.x0 - first.x1) / 2;
  const float down = (last.y0 + last.y1 - first.y0 - first.y1) / 2;
  if (std::abs(across) >= std::abs(down)) {
    const bool right_to_left =
        std::any_of(line.words.begin(), line.words.end(), [](const LayoutWord& w) { return HasRightToLeft(w.text); });
    return across >= 0 || right_to_left ? Direction::kRight : Direction::kLeft;
  }
  return down > 0 ? Direction::kDown : Direction::kUp;
}

// A box as seen by who reads in `direction` on a page of that width and height.
LayoutBox Turned(const LayoutBox& box, Direction direction, float width, float height) {
  switch (direction) {
    case Direction::kDown: return {box.y0, width - box.x1, box.y1, width - box.x0};
    case Direction::kLeft: return {width - box.x1, height - box.y1, width - box.x0, height - box.y0};
    case Direction::kUp: return {height - box.y1, box.x0, height - box.y0, box.x1};
    default: return box;
  }
}

struct DirectedLine {
  size_t block;
  Direction direction;
  size_t characters;
};

using Counts = std::array<size_t, kDirections>;  // characters

Direction Larger(const Counts& counts, Direction a, Direction b) {
  return counts[static_cast<size_t>(b)] > counts[static_cast<size_t>(a)] ? b : a;
}

// A line of one word goes with those around it: page numbers, Latin letters inside vertical writing.
void Decide(std::vector<DirectedLine>& lines, Counts& counts) {
  for (DirectedLine& line : lines) {
    if (line.direction < Direction::kUnknown) counts[static_cast<size_t>(line.direction)] += line.characters;
  }
  const Direction lying = Larger(counts, Direction::kRight, Direction::kLeft);
  const Direction standing = Larger(counts, Direction::kUp, Direction::kDown);
  const Direction most = Larger(counts, lying, standing);
  for (DirectedLine& line : lines) {
    if (line.direction < Direction::kUnknown) continue;
    line.direction = line.direction == Direction::kUnknown        ? most
                     : line.direction == Direction::kUnknownLying ? lying
                                                                  : standing;
    counts[static_cast<size_t>(line.direction)] += line.characters;
  }
}

// To the block that it stands close under, or as one of its own.
void AddLine(LayoutPage& page, LayoutLine line) {
  line.box = line.words.front().box;
  for (const LayoutWord& word : line.words) line.box.Include(word.box);
  const float em = line.box.height();
  const size_t looked_at = std::min<size_t>(page.blocks.size(), 8);  // of the blocks last begun
  for (size_t i = page.blocks.size(); i-- > page.blocks.size() - looked_at;) {
    LayoutBlock& block = page.blocks[i];
    const LayoutBox& above = block.lines.back().box;
    if (line.box.y0 - above.y1 > 0.8f * em || std::abs(line.box.x0 - above.x0) > 2 * em) continue;
    block.box.Include(line.box);
    block.lines.push_back(std::move(line));
    return;
  }
  page.blocks.push_back({line.box, {}});
  page.blocks.back().lines.push_back(std::move(line));
}

}  // namespace

std::vector<LayoutPage> UprightPages(LayoutPage page) {
  std::vector<DirectedLine> lines;
  for (size_t b = 0; b < page.blocks.size(); ++b) {
    for (const LayoutLine& line : page.blocks[b].lines) lines.push_back({b, OfLine(line), Characters(line)});
  }
  Counts counts{};
  Decide(lines, counts);
  if (counts[0] > 0 && counts[1] + counts[2] + counts[3] == 0) return {std::move(page)};

  std::array<LayoutPage, kDirections> pages;
  for (size_t d = 0; d < kDirections; ++d) {
    const bool swapped = d % 2 == 1;
    pages[d].width = swapped ? page.height : page.width;
    pages[d].height = swapped ? page.width : page.height;
  }
  std::array<size_t, kDirections> open;  // the block of the page that the last line came from
  open.fill(page.blocks.size());
  size_t at = 0;
  for (LayoutBlock& block : page.blocks) {
    for (LayoutLine& line : block.lines) {
      const DirectedLine& directed = lines[at++];
      const auto d = static_cast<size_t>(directed.direction);
      line.box = Turned(line.box, directed.direction, page.width, page.height);
      for (LayoutWord& word : line.words) word.box = Turned(word.box, directed.direction, page.width, page.height);
      if (open[d] != directed.block) pages[d].blocks.push_back({line.box, {}});
      open[d] = directed.block;
      pages[d].blocks.back().box.Include(line.box);
      pages[d].blocks.back().lines.push_back(std::move(line));
    }
  }
  std::array<size_t, kDirections> order = {0, 1, 2, 3};
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return counts[a] > counts[b]; });
  std::vector<LayoutPage> upright;
  for (const size_t d : order) {
    if (counts[d] == 0) continue;
    for (LayoutBlock& block : pages[d].blocks) {
      std::stable_sort(block.lines.begin(), block.lines.end(),
                       [](const LayoutLine& a, const LayoutLine& b) { return a.box.y0 < b.box.y0; });
    }
    upright.push_back(std::move(pages[d]));
  }
  return upright;
}

bool RunsBackwards(const LayoutPage& page) {
  size_t words = 0, letters = 0;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) {
      words += line.words.size();
      for (const LayoutWord& word : line.words) {
        letters += word.text.size() == 1 && std::isalpha(static_cast<unsigned char>(word.text.front()));
      }
    }
  }
  return words >= 30 && letters * 10 > words * 6;
}

LayoutPage Unmirrored(const LayoutPage& page) {
  std::vector<LayoutWord> letters;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) {
      for (LayoutWord word : line.words) {
        word.box = {page.width - word.box.x1, word.box.y0, page.width - word.box.x0, word.box.y1};
        letters.push_back(std::move(word));
      }
    }
  }
  std::stable_sort(letters.begin(), letters.end(),
                   [](const LayoutWord& a, const LayoutWord& b) { return a.box.y0 + a.box.y1 < b.box.y0 + b.box.y1; });
  LayoutPage turned{page.width, page.height, {}};
  for (size_t first = 0; first < letters.size();) {
    size_t last = first + 1;
    const LayoutBox& top = letters[first].box;
    while (last < letters.size() && letters[last].box.y0 + letters[last].box.y1 < top.y0 + top.y1 + top.height())
      ++last;
    std::stable_sort(letters.begin() + static_cast<ptrdiff_t>(first), letters.begin() + static_cast<ptrdiff_t>(last),
                     [](const LayoutWord& a, const LayoutWord& b) { return a.box.x0 < b.box.x0; });
    LayoutLine line;
    for (; first < last; ++first) {
      LayoutWord& letter = letters[first];
      const float gap = line.words.empty() ? 0 : letter.box.x0 - line.words.back().box.x1;
      if (gap > 1.5f * letter.box.height()) AddLine(turned, std::exchange(line, {}));
      if (line.words.empty() || gap > 0.12f * letter.box.height()) {
        line.words.push_back(std::move(letter));
      } else {
        line.words.back().text += letter.text;
        line.words.back().box.Include(letter.box);
      }
    }
    AddLine(turned, std::move(line));
  }
  return turned;
}

}  // namespace sheepop
