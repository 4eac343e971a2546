#include "ingest/readers/line_repairs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr size_t kMostLines = 2000;  // a page with more is a drawing or a map
constexpr size_t kAligned = 3;       // lines that show where a column begins
constexpr float kSamePlace = 1.5f;   // points

size_t LinesOf(const LayoutPage& page) {
  size_t lines = 0;
  for (const LayoutBlock& block : page.blocks) lines += block.lines.size();
  return lines;
}

// The signs of lists; fonts of symbols have theirs in the private use area.
bool IsBullet(std::string_view text) {
  static constexpr std::string_view kSigns[] = {"\u2022", "\u2023", "\u25E6", "\u25AA", "\u25CF",
                                                "\u25CB", "\u25A0", "\u2219", "-",      "\u2013"};
  if (std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns)) return true;
  const Utf8Step step = DecodeUtf8(text);
  return step.length == text.size() && step.code_point >= 0xE000 && step.code_point <= 0xF8FF;
}

bool IsMark(std::string_view text) {
  static constexpr std::string_view kSigns[] = {"*", "**", "\u2020", "\u2021", "\u00A7", "\u00B6"};
  if (std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns)) return true;
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsRaisedBefore(const LayoutBox& mark, const LayoutBox& line) {
  const float gap = line.x0 - mark.x1, em = line.height();
  return mark.height() < 0.8f * em && gap > -0.2f * em && gap < 0.8f * em && mark.y1 < line.y1 - 0.15f * em &&
         (mark.y0 + mark.y1) / 2 > line.y0 - 0.4f * em;
}

// On the line's own level, as far from it as the signs of lists stand.
bool IsLevelBefore(const LayoutBox& mark, const LayoutBox& line) {
  const float gap = line.x0 - mark.x1, em = line.height();
  return std::abs((mark.y0 + mark.y1) - (line.y0 + line.y1)) < 0.5f * em && gap > 0.1f * em && gap < 2.5f * em;
}

// A mark, and a line that begins with it or is to do so: of a footnote, raised or in small type at the page's foot, or of a
// list.
bool Belong(const LayoutWord& mark, const LayoutBox& line, const LayoutPage& page, float body) {
  if (IsBullet(mark.text)) return IsLevelBefore(mark.box, line);
  if (!IsMark(mark.text)) return false;
  const bool small = line.height() <= 0.95f * body && line.y0 > 0.5f * page.height;
  return IsRaisedBefore(mark.box, line) ||
         (small && IsLevelBefore(mark.box, line) && std::abs(mark.box.height() - line.height()) < 0.1f * line.height());
}

struct LineAt {
  size_t block, line;
};

// The line that the mark is to begin.
const LineAt* NoteOf(const LayoutPage& page, const LayoutWord& mark, const std::vector<LineAt>& lines, float body) {
  for (const LineAt& at : lines) {
    const LayoutLine& line = page.blocks[at.block].lines[at.line];
    if (Belong(mark, line.words.front().box, page, body)) return &at;
  }
  return nullptr;
}

bool BeginsNote(const LayoutLine& line, const LayoutPage& page, float body) {
  return line.words.size() > 1 && !IsBullet(line.words[0].text) && Belong(line.words[0], line.words[1].box, page, body);
}

void Fit(LayoutBlock& block) {
  block.box = block.lines.front().box;
  for (const LayoutLine& line : block.lines) block.box.Include(line.box);
}

// The block's lines as several blocks, each of which begins with a line that `begins` says.
template <typename Begins>
void Split(LayoutBlock block, const Begins& begins, std::vector<LayoutBlock>& out) {
  const size_t first = out.size();
  for (LayoutLine& line : block.lines) {
    if (out.size() == first || begins(line)) {
      LayoutBlock part = block;
      part.lines.clear();
      out.push_back(std::move(part));
    }
    out.back().lines.push_back(std::move(line));
  }
  for (size_t i = first; i < out.size(); ++i) Fit(out[i]);
}

// Where a line is parted: the first word of the other column; 0 for a line of one column.
size_t ColumnBorder(const LayoutLine& line, const std::vector<LayoutBox>& lines) {
  for (size_t w = 1; w < line.words.size(); ++w) {
    const LayoutBox &left = line.words[w - 1].box, &right = line.words[w].box;
    const float small = std::min(left.height(), right.height()), gap = right.x0 - left.x1;
    if (std::max(left.height(), right.height()) < 1.15f * small || gap < 0.5f * small) continue;
    size_t beside = 0, before = 0;
    for (const LayoutBox& other : lines) {
      beside += std::abs(other.x0 - right.x0) <= kSamePlace;
      before += other.x1 <= right.x0 - 0.5f * small && other.x1 > line.box.x0;
    }
    if (beside >= kAligned && before >= kAligned) return w;
  }
  return 0;
}

LayoutLine Part(const LayoutLine& line, size_t begin, size_t end) {
  LayoutLine part = line;
  part.words.assign(line.words.begin() + static_cast<ptrdiff_t>(begin),
                    line.words.begin() + static_cast<ptrdiff_t>(end));
  part.box = part.words.front().box;
  for (const LayoutWord& word : part.words) part.box.Include(word.box);
  return part;
}

// A block with a line of two columns, as one on either side of the border; what spans both stays on the left.
void PartBlock(LayoutBlock block, const std::vector<LayoutBox>& lines, std::vector<LayoutBlock>& out) {
  float border = 0;
  std::vector<LayoutLine> parted;
  for (const LayoutLine& line : block.lines) {
    const size_t at = ColumnBorder(line, lines);
    if (at == 0) {
      parted.push_back(line);
      continue;
    }
    border = line.words[at].box.x0 - kSamePlace;
    parted.push_back(Part(line, 0, at));
    parted.push_back(Part(line, at, line.words.size()));
  }
  if (parted.size() == block.lines.size()) return out.push_back(std::move(block));
  LayoutBlock left = block, right = block;
  left.lines.clear();
  right.lines.clear();
  for (LayoutLine& line : parted) (line.box.x0 >= border ? right : left).lines.push_back(std::move(line));
  for (LayoutBlock* side : {&left, &right}) {
    if (side->lines.empty()) continue;
    Fit(*side);
    out.push_back(std::move(*side));
  }
}

}  // namespace

void JoinMarks(LayoutPage& page) {
  if (LinesOf(page) > kMostLines) return;
  std::vector<LineAt> marks, lines;
  for (size_t b = 0; b < page.blocks.size(); ++b) {
    for (size_t l = 0; l < page.blocks[b].lines.size(); ++l) {
      const LayoutLine& line = page.blocks[b].lines[l];
      const bool mark =
          line.words.size() == 1 && (IsMark(line.words.front().text) || IsBullet(line.words.front().text));
      (mark ? marks : lines).push_back({b, l});
    }
  }
  const float body = MedianHeight(page);
  bool joined = false;
  for (const LineAt& at : marks) {
    LayoutLine& mark = page.blocks[at.block].lines[at.line];
    const LineAt* note = NoteOf(page, mark.words.front(), lines, body);
    if (!note) continue;
    LayoutLine& line = page.blocks[note->block].lines[note->line];
    line.box.x0 = std::min(line.box.x0, mark.box.x0);
    line.words.insert(line.words.begin(), std::move(mark.words.front()));
    mark.words.clear();
    joined = true;
  }
  if (!joined) return;
  std::vector<LayoutBlock> blocks;
  for (LayoutBlock& block : page.blocks) {
    std::erase_if(block.lines, [](const LayoutLine& line) { return line.words.empty(); });
    if (block.lines.empty()) continue;
    Split(std::move(block), [&](const LayoutLine& line) { return BeginsNote(line, page, body); }, blocks);
  }
  page.blocks = std::move(blocks);
}

void PartColumns(LayoutPage& page) {
  std::vector<LayoutBox> lines;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) lines.push_back(line.box);
  }
  if (lines.size() > kMostLines) return;
  std::vector<LayoutBlock> blocks;
  for (LayoutBlock& block : page.blocks) PartBlock(std::move(block), lines, blocks);
  page.blocks = std::move(blocks);
}

}  // namespace sheepop
