#include "ingest/readers/layout.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "ingest/document.h"

namespace sheepop {
namespace {

// Beyond this many blocks the pairwise rules take too long, and the page is a drawing or a map.
constexpr size_t kMaxSorted = 400;
constexpr size_t kMaxCompared = 5000;  // words, likewise

bool Overlap(float a0, float a1, float b0, float b1, float slack) {
  return std::min(a1, b1) - std::max(a0, b0) > slack;
}

bool SharesColumns(const LayoutBox& a, const LayoutBox& b) {
  return Overlap(a.x0, a.x1, b.x0, b.x1, 0.05f * std::min(a.width(), b.width()));
}

bool IsAbove(const LayoutBox& a, const LayoutBox& b) { return (a.y0 + a.y1) / 2 < (b.y0 + b.y1) / 2; }

bool IsLeft(const LayoutBox& a, const LayoutBox& b) {
  return a.x1 <= b.x0 + 0.05f * std::min(a.width(), b.width()) && a.x0 < b.x0;
}

bool ComesBefore(const std::vector<LayoutBlock>& blocks, size_t a, size_t b) {
  const LayoutBox &first = blocks[a].box, &second = blocks[b].box;
  if (SharesColumns(first, second)) return IsAbove(first, second);
  if (!IsLeft(first, second)) return false;
  const float top = std::min(first.y1, second.y1), bottom = std::max(first.y0, second.y0);
  for (size_t c = 0; c < blocks.size(); ++c) {
    const LayoutBox& between = blocks[c].box;
    const float middle = (between.y0 + between.y1) / 2;
    if (c != a && c != b && middle > top && middle < bottom && SharesColumns(between, first) &&
        SharesColumns(between, second)) {
      return false;
    }
  }
  return true;
}

// Blocks of one or two lines that stand above or below everything else: titles, running heads, page numbers.
std::vector<size_t> PeelEdge(const std::vector<LayoutBlock>& blocks, std::vector<size_t>& rest, bool top) {
  std::vector<size_t> peeled;
  while (rest.size() > 1) {
    const auto edge = top ? std::min_element(rest.begin(), rest.end(),
                                             [&](size_t a, size_t b) { return blocks[a].box.y0 < blocks[b].box.y0; })
                          : std::max_element(rest.begin(), rest.end(),
                                             [&](size_t a, size_t b) { return blocks[a].box.y1 < blocks[b].box.y1; });
    const LayoutBlock& block = blocks[*edge];
    const bool apart = std::all_of(rest.begin(), rest.end(), [&](size_t other) {
      if (other == *edge) return true;
      return top ? block.box.y1 <= blocks[other].box.y0 : block.box.y0 >= blocks[other].box.y1;
    });
    if (block.lines.size() > 2 || !apart) break;
    peeled.push_back(*edge);
    rest.erase(edge);
  }
  if (!top) std::reverse(peeled.begin(), peeled.end());
  return peeled;
}

std::vector<size_t> Topological(const std::vector<LayoutBlock>& blocks, const std::vector<size_t>& members) {
  const size_t n = members.size();
  std::vector<std::vector<size_t>> after(n);
  std::vector<size_t> waits(n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (i == j || !ComesBefore(blocks, members[i], members[j])) continue;
      after[i].push_back(j);
      ++waits[j];
    }
  }
  std::vector<bool> done(n, false);
  std::vector<size_t> order;
  while (order.size() < n) {
    // Of those that wait for none: the leftmost column, then from the top. A cycle is cut at the one that waits least.
    size_t best = n;
    for (size_t i = 0; i < n; ++i) {
      if (done[i]) continue;
      const auto key = [&](size_t k) {
        return std::tuple(waits[k], blocks[members[k]].box.x0, blocks[members[k]].box.y0);
      };
      if (best == n || key(i) < key(best)) best = i;
    }
    done[best] = true;
    order.push_back(members[best]);
    for (const size_t next : after[best]) waits[next] -= waits[next] > 0;
  }
  return order;
}

bool IsRightToLeft(char32_t c) {
  return (c >= 0x0590 && c <= 0x08FF) || (c >= 0xFB1D && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFE);
}

bool IsCombining(char32_t c) {
  return (c >= 0x0591 && c <= 0x05BD) || (c >= 0x064B && c <= 0x065F) || c == 0x0670 || (c >= 0x0300 && c <= 0x036F);
}

std::u32string Decoded(std::string_view text) {
  std::u32string points;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    points.push_back(step.code_point);
    text.remove_prefix(step.length);
  }
  return points;
}

std::string Encoded(const std::u32string& points) {
  std::string text;
  for (const char32_t c : points) AppendUtf8(c, text);
  return text;
}

// Poppler's words hold the glyphs from left to right. Turned back: the whole word is reversed, then its digits and Latin
// letters again; marks follow their letters.
std::string VisualToLogical(std::string_view word) {
  std::u32string points = Decoded(word);
  std::reverse(points.begin(), points.end());
  const auto forward = [](char32_t c) { return !IsRightToLeft(c) && (c > 0x7F || std::isalnum(static_cast<int>(c))); };
  for (auto at = points.begin(); at != points.end();) {
    const auto begin = std::find_if(at, points.end(), forward);
    at = std::find_if_not(begin, points.end(), forward);
    std::reverse(begin, at);
  }
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    size_t letter = i;
    while (letter < points.size() && IsCombining(points[letter])) ++letter;
    if (letter > i && letter < points.size()) {
      std::rotate(points.begin() + static_cast<ptrdiff_t>(i), points.begin() + static_cast<ptrdiff_t>(letter),
                  points.begin() + static_cast<ptrdiff_t>(letter) + 1);
    }
  }
  return Encoded(points);
}

std::string_view Attribute(std::string_view tag, std::string_view name) {
  const size_t at = tag.find(name);
  if (at == std::string_view::npos) return "";
  tag.remove_prefix(at + name.size());
  return tag.substr(0, tag.find('"'));
}

float Number(std::string_view text) {
  const float value = std::strtof(std::string(text.substr(0, 32)).c_str(), nullptr);
  return std::isfinite(value) ? std::clamp(value, -1e6f, 1e6f) : 0.0f;
}

LayoutBox BoxOf(std::string_view tag) {
  return {Number(Attribute(tag, "xMin=\"")), Number(Attribute(tag, "yMin=\"")), Number(Attribute(tag, "xMax=\"")),
          Number(Attribute(tag, "yMax=\""))};
}

std::string Unescaped(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string out;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [entity, c] : kEntities) {
      if (text.starts_with(entity)) {
        out.push_back(c);
        text.remove_prefix(entity.size());
        found = true;
        break;
      }
    }
    if (found) continue;
    // Control characters would be taken for the marks of a layout.
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte >= 0x20) out.push_back(text.front());
    text.remove_prefix(1);
  }
  return ToValidUtf8(out);
}

// A word with a space inside comes from a glyph that stands for several characters; those are in reading order already.
LayoutWord WordOf(const LayoutBox& box, std::string text) {
  const bool one_glyph = text.find(' ') != std::string::npos;
  while (text.ends_with(' ')) text.pop_back();
  while (text.starts_with(' ')) text.erase(0, 1);
  if (!one_glyph && HasRightToLeft(text)) text = VisualToLogical(text);
  return {box, std::move(text)};
}

// Some producers give a ligature's first glyph the text of its whole run, which another word of the line holds too.
void DropRepeatedRuns(LayoutPage& page) {
  std::vector<LayoutWord*> words;
  for (LayoutBlock& block : page.blocks) {
    for (LayoutLine& line : block.lines) {
      for (LayoutWord& word : line.words) words.push_back(&word);
    }
  }
  if (words.size() > kMaxCompared) return;
  for (LayoutWord* word : words) {
    const size_t space = word->text.find(' ');
    if (space == std::string::npos || !HasRightToLeft(word->text.substr(0, space))) continue;
    const std::string run = word->text.substr(0, space);
    const bool repeated = std::any_of(words.begin(), words.end(), [&](const LayoutWord* other) {
      return other != word && other->text == run &&
             Overlap(other->box.y0, other->box.y1, word->box.y0, word->box.y1, 0);
    });
    if (repeated) word->text.erase(0, space + 1);
  }
}

void OrderWords(LayoutLine& line) {
  size_t right = 0;
  for (const LayoutWord& word : line.words) right += HasRightToLeft(word.text);
  if (right == 0) return;
  std::stable_sort(line.words.begin(), line.words.end(),
                   [](const LayoutWord& a, const LayoutWord& b) { return a.box.x0 < b.box.x0; });
  if (right * 2 <= line.words.size()) return;
  std::reverse(line.words.begin(), line.words.end());
  const auto forward = [](const LayoutWord& word) { return !HasRightToLeft(word.text); };
  for (auto at = line.words.begin(); at != line.words.end();) {
    const auto begin = std::find_if(at, line.words.end(), forward);
    at = std::find_if_not(begin, line.words.end(), forward);
    std::reverse(begin, at);
  }
}

void SortBlocks(LayoutPage& page) {
  std::vector<size_t> rest(page.blocks.size());
  for (size_t i = 0; i < rest.size(); ++i) rest[i] = i;
  std::vector<size_t> order = PeelEdge(page.blocks, rest, true);
  const std::vector<size_t> bottom = PeelEdge(page.blocks, rest, false);
  const std::vector<size_t> body = Topological(page.blocks, rest);
  order.insert(order.end(), body.begin(), body.end());
  order.insert(order.end(), bottom.begin(), bottom.end());
  std::vector<LayoutBlock> sorted;
  for (const size_t i : order) sorted.push_back(std::move(page.blocks[i]));
  page.blocks = std::move(sorted);
}

void FlipBlocks(LayoutPage& page) {
  for (LayoutBlock& block : page.blocks) {
    block.box.x0 = -std::exchange(block.box.x1, -block.box.x0);
  }
}

bool MostlyRightToLeft(const LayoutPage& page) {
  size_t right_to_left = 0, words = 0;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) {
      words += line.words.size();
      for (const LayoutWord& word : line.words) right_to_left += HasRightToLeft(word.text);
    }
  }
  return right_to_left * 2 > words;
}

void JoinTouchingWords(LayoutLine& line) {
  std::vector<LayoutWord> joined;
  for (LayoutWord& word : line.words) {
    const bool letter = !joined.empty() && DecodeUtf8(word.text).length == word.text.size();
    const float em = word.box.height();
    const LayoutBox* before = joined.empty() ? nullptr : &joined.back().box;
    const bool touches = letter && std::abs(word.box.x0 - before->x1) < 0.03f * em &&
                         std::abs(word.box.y0 - before->y0) < 0.02f * em &&
                         std::abs(before->height() - em) < 0.02f * em;
    if (touches) {
      joined.back().text += word.text;
      joined.back().box.Include(word.box);
    } else {
      joined.push_back(std::move(word));
    }
  }
  line.words = std::move(joined);
}

struct PlacedLine {
  const LayoutLine* line;
  LayoutBox column;  // of the run of blocks that the line belongs to
  bool new_column;   // it begins another run
  bool new_block;
  bool row;    // of a table
  bool verse;  // of a block whose lines the author ended
  const LayoutBlock* block;
};

bool Continues(const LayoutBox& column, const LayoutBox& block, float em) {
  return block.y0 >= column.y1 - em && block.y0 - column.y1 < 3 * em && std::abs(block.x0 - column.x0) < 3 * em &&
         Overlap(column.x0, column.x1, block.x0, block.x1, 0.5f * std::min(column.width(), block.width()));
}

float MedianHeight(const LayoutPage& page) {
  std::vector<float> heights;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) heights.push_back(line.box.height());
  }
  if (heights.empty()) return 1;
  const auto middle = heights.begin() + static_cast<ptrdiff_t>(heights.size() / 2);
  std::nth_element(heights.begin(), middle, heights.end());
  return std::max(*middle, 0.1f);
}

bool EndsSentence(std::string_view text) {
  for (const std::string_view close : {"\"", "'", "\xE2\x80\x9D", "\xE2\x80\x99", ")", "\xC2\xBB"}) {
    if (text.ends_with(close)) text.remove_suffix(close.size());
  }
  return text.ends_with('.') || text.ends_with('!') || text.ends_with('?') || text.ends_with(':');
}

bool StartsLower(std::string_view text) {
  const char32_t c = DecodeUtf8(text).code_point;
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_LL;
}

bool StartsUpper(std::string_view text) {
  while (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
  for (const std::string_view open : {"\u201C", "\u2018", "\u00AB", "\u201E"}) {
    if (text.starts_with(open)) text.remove_prefix(open.size());
  }
  if (text.empty()) return false;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(DecodeUtf8(text).code_point));
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool EndsWithAnyOf(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

// A hyphen at a line's end holds the word or the number together with what follows; a longer dash, or one that stands
// alone, does where the sentence goes on in small letters or figures.
bool HoldsTogether(std::string_view text, std::string_view next) {
  const bool hyphen = EndsWithAnyOf(text, {"-", "\u2010", "\u2011", "\u00AD"});
  if (hyphen && CountCharacters(text) > 1) return true;
  return (hyphen || EndsWithAnyOf(text, {"\u2013", "\u2014"})) && !StartsUpper(next);
}

// Prose fills its lines: the next line's first word found no room. Where it nearly always did, the lines are meant.
bool IsVerse(const LayoutBlock& block, float em) {
  if (block.table || block.lines.size() < 3) return false;
  size_t roomy = 0, ended = 0, upper = StartsUpper(block.lines.front().words.front().text);
  for (size_t i = 0; i + 1 < block.lines.size(); ++i) {
    const LayoutWord& next = block.lines[i + 1].words.front();
    if (HasRightToLeft(next.text) || HoldsTogether(block.lines[i].words.back().text, next.text)) return false;
    roomy += block.box.x1 - block.lines[i].box.x1 > next.box.width() + 0.45f * em;
    ended += EndsSentence(block.lines[i].words.back().text);
    upper += StartsUpper(next.text);
  }
  const size_t breaks = block.lines.size() - 1;
  if (ended * 10 > breaks * 7) return false;  // short paragraphs, as of a conversation
  const bool capitals = upper * 10 >= block.lines.size() * 6;
  if (upper == block.lines.size() && breaks >= 3) return roomy * 3 >= breaks;
  return capitals ? roomy * 2 >= breaks : breaks >= 4 && roomy + 1 >= breaks;
}

std::vector<PlacedLine> Place(const LayoutPage& page, float em) {
  std::vector<PlacedLine> lines;
  size_t run = 0;
  LayoutBox column;
  const auto close_run = [&] {
    for (; run < lines.size(); ++run) lines[run].column = column;
  };
  for (const LayoutBlock& block : page.blocks) {
    const bool follows = !lines.empty() && !block.table && !lines.back().row && Continues(column, block.box, em);
    if (!follows) close_run();
    const bool beside = !lines.empty() && !follows && block.box.y0 < column.y1 - em;
    if (follows) {
      column.Include(block.box);
    } else {
      column = block.box;
    }
    const bool verse = IsVerse(block, em);
    for (const LayoutLine& line : block.lines) {
      const bool first = &line == &block.lines.front();
      lines.push_back({&line, {}, first && beside, first, block.table, verse, &block});
    }
  }
  close_run();
  return lines;
}

// A line of a block, which may be a cell of a table.
struct Fragment {
  size_t block, line;
  float middle;
};

struct Row {
  std::vector<Fragment> fragments;
};

std::vector<Row> RowsOf(const LayoutPage& page, float em) {
  std::vector<Fragment> fragments;
  for (size_t b = 0; b < page.blocks.size(); ++b) {
    for (size_t l = 0; l < page.blocks[b].lines.size(); ++l) {
      const LayoutBox& box = page.blocks[b].lines[l].box;
      fragments.push_back({b, l, (box.y0 + box.y1) / 2});
    }
  }
  std::stable_sort(fragments.begin(), fragments.end(),
                   [](const Fragment& a, const Fragment& b) { return a.middle < b.middle; });
  std::vector<Row> rows;
  for (const Fragment& fragment : fragments) {
    if (rows.empty() || fragment.middle - rows.back().fragments.front().middle > 0.5f * em) rows.emplace_back();
    rows.back().fragments.push_back(fragment);
  }
  return rows;
}

std::string TextOf(const LayoutLine& line) {
  std::string text;
  for (const LayoutWord& word : line.words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

// Takes the cells of rows [first, last) out of their blocks.
LayoutBlock TableOf(LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  LayoutBlock table;
  table.table = true;
  for (size_t r = first; r < last; ++r) {
    LayoutLine row;
    for (const Fragment& fragment : rows[r].fragments) {
      LayoutLine& line = page.blocks[fragment.block].lines[fragment.line];
      row.words.push_back({line.box, TextOf(line)});
      line.words.clear();
    }
    std::stable_sort(row.words.begin(), row.words.end(),
                     [](const LayoutWord& a, const LayoutWord& b) { return a.box.x0 < b.box.x0; });
    row.box = row.words.front().box;
    for (const LayoutWord& cell : row.words) row.box.Include(cell.box);
    if (table.lines.empty()) table.box = row.box;
    table.box.Include(row.box);
    table.lines.push_back(std::move(row));
  }
  return table;
}

// Columns of running text have lines of five words and more; cells are shorter.
bool AreCells(const LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  size_t words = 0, cells = 0;
  for (size_t r = first; r < last; ++r) {
    for (const Fragment& fragment : rows[r].fragments) {
      words += page.blocks[fragment.block].lines[fragment.line].words.size();
      ++cells;
    }
  }
  return words * 2 < cells * 7;
}

const LayoutLine& LineOf(const LayoutPage& page, const Fragment& fragment) {
  return page.blocks[fragment.block].lines[fragment.line];
}

bool IsFigure(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits > 0 && static_cast<size_t>(digits) * 2 >= CountCharacters(text);
}

// Left to right, the two cells of a row.
std::pair<const LayoutLine*, const LayoutLine*> PairOf(const LayoutPage& page, const Row& row) {
  const LayoutLine *a = &LineOf(page, row.fragments[0]), *b = &LineOf(page, row.fragments[1]);
  return a->box.x0 <= b->box.x0 ? std::pair(a, b) : std::pair(b, a);
}

// Two columns of short lines may be a list, an index or verse, each to be read downward. They are rows where the right
// side is figures, the left side ends with colons, or the rows stand apart as no lines do.
bool ArePairs(const LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last, float em) {
  size_t pairs = 0, figures = 0, colons = 0, apart = 0;
  float left_low = 1e6f, left_high = -1e6f, right_low = 1e6f, right_high = -1e6f, end_low = 1e6f, end_high = -1e6f;
  for (size_t r = first; r < last; ++r) {
    apart += r > first && rows[r].fragments.front().middle - rows[r - 1].fragments.front().middle > 2 * em;
    if (rows[r].fragments.size() != 2) continue;
    const auto [left, right] = PairOf(page, rows[r]);
    if (right->box.x0 < left->box.x1 + em) return false;
    ++pairs;
    figures += std::all_of(right->words.begin(), right->words.end(),
                           [](const LayoutWord& word) { return IsFigure(word.text) || word.text.size() < 4; }) &&
               IsFigure(right->words.front().text + right->words.back().text);
    colons += left->words.back().text.ends_with(':');
    left_low = std::min(left_low, left->box.x0);
    left_high = std::max(left_high, left->box.x0);
    right_low = std::min(right_low, right->box.x0);
    right_high = std::max(right_high, right->box.x0);
    end_low = std::min(end_low, right->box.x1);
    end_high = std::max(end_high, right->box.x1);
  }
  const bool lined_up = left_high - left_low < 3 * em && std::min(right_high - right_low, end_high - end_low) < em;
  const size_t most = std::max({figures, colons, apart + 1});
  return lined_up && pairs >= 3 && pairs * 3 >= (last - first) * 2 && most * 4 >= pairs * 3;
}

void DropEmpty(LayoutPage& page) {
  for (LayoutBlock& block : page.blocks) {
    std::erase_if(block.lines, [](const LayoutLine& line) { return line.words.empty(); });
    if (block.lines.empty()) continue;
    block.box = block.lines.front().box;
    for (const LayoutLine& line : block.lines) block.box.Include(line.box);
  }
  std::erase_if(page.blocks, [](const LayoutBlock& block) { return block.lines.empty(); });
}

// What stands between two lines of one column: nothing but a soft break when the next line's first word had no room.
std::string BreakBetween(const PlacedLine& line, const PlacedLine& next, float em, float pitch) {
  const LayoutBox &box = line.line->box, &under = next.line->box;
  const float size = std::max(std::min(box.height(), under.height()) / em, 1.0f);  // larger type stands wider apart
  if (under.y0 - box.y0 > 1.45f * pitch * size) return "\n\n";
  if (HoldsTogether(line.line->words.back().text, next.line->words.front().text)) return {kSoftBreak};
  if (line.verse && next.verse && !next.new_block) return {kHardBreak};
  const float indent = under.x0 - next.column.x0, indent_before = box.x0 - line.column.x0;
  if (indent > 0.8f * em && indent < 5 * em && indent_before < 0.4f * em) return "\n\n";
  if (box.x0 - under.x0 > 12 * em) return "\n\n";
  const LayoutWord& word = next.line->words.front();
  const bool right_to_left = HasRightToLeft(word.text);
  const float room = right_to_left ? box.x0 - line.column.x0 : line.column.x1 - box.x1;
  if (room <= word.box.width() + 0.45f * em) return {kSoftBreak};
  // Ragged lines end early too; a verse would begin with a capital.
  if (StartsLower(word.text) && !EndsSentence(line.line->words.back().text)) return {kSoftBreak};
  return EndsSentence(line.line->words.back().text) ? "\n\n" : std::string{kHardBreak};
}

float MedianPitch(const std::vector<PlacedLine>& lines, float em) {
  std::vector<float> pitches;
  for (size_t i = 1; i < lines.size(); ++i) {
    const float pitch = lines[i].line->box.y0 - lines[i - 1].line->box.y0;
    if (!lines[i].new_block && pitch > 0) pitches.push_back(pitch);
  }
  if (pitches.empty()) return 1.4f * em;
  const auto middle = pitches.begin() + static_cast<ptrdiff_t>(pitches.size() / 2);
  std::nth_element(pitches.begin(), middle, pitches.end());
  return *middle;
}

// Blocks of a role stand apart; lines of a heading are one, and those of code and items of lists stay lines.
std::string BreakOfRoles(const PlacedLine& line, const PlacedLine& next, std::string between) {
  const BlockRole role = next.block->role;
  if (line.block != next.block && (role != BlockRole::kText || line.block->role != BlockRole::kText)) return "\n\n";
  if (role == BlockRole::kHeading) return {kSoftBreak};
  if (role == BlockRole::kCode) return {kHardBreak};
  if (next.line->item) return line.line->item || between != "\n\n" ? std::string{kHardBreak} : between;
  return between;
}

std::string Prefix(const PlacedLine& line) {
  if (line.block->role == BlockRole::kCode) return "    ";
  if (line.block->role != BlockRole::kHeading || !line.new_block) return "";
  return std::string(static_cast<size_t>(line.block->level), '#') + " ";
}

bool IsGrid(const LayoutBlock& table) {
  const size_t cells = table.lines.front().words.size();
  return std::all_of(table.lines.begin(), table.lines.end(),
                     [&](const LayoutLine& row) { return row.words.size() == cells; });
}

std::string GridRow(const LayoutLine& row) {
  std::string text = "|";
  for (const LayoutWord& cell : row.words) {
    text += ' ';
    for (const char c : cell.text) {
      if (c == '|') text += '\\';
      text += c;
    }
    text += " |";
  }
  return text;
}

std::string Rule(size_t cells) {
  std::string text = "|";
  for (size_t i = 0; i < cells; ++i) text += " --- |";
  return text;
}

}  // namespace

bool HasRightToLeft(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xD6; })) return false;
  const std::u32string points = Decoded(text);
  return std::any_of(points.begin(), points.end(), IsRightToLeft);
}

bool IsWideScript(char32_t c) {
  return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFFEF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

void LayoutBox::Include(const LayoutBox& other) {
  x0 = std::min(x0, other.x0);
  y0 = std::min(y0, other.y0);
  x1 = std::max(x1, other.x1);
  y1 = std::max(y1, other.y1);
}

std::vector<LayoutPage> ParsePopplerLayout(std::string_view xml) {
  std::vector<LayoutPage> pages;
  while (true) {
    const size_t open = xml.find('<');
    if (open == std::string_view::npos) break;
    xml.remove_prefix(open + 1);
    const size_t close = xml.find('>');
    if (close == std::string_view::npos) break;
    const std::string_view tag = xml.substr(0, close);
    xml.remove_prefix(close + 1);
    if (tag.starts_with("page ")) {
      pages.push_back({Number(Attribute(tag, "width=\"")), Number(Attribute(tag, "height=\"")), {}});
    } else if (tag.starts_with("block ") && !pages.empty()) {
      pages.back().blocks.push_back({BoxOf(tag), {}});
    } else if (tag.starts_with("line ") && !pages.empty() && !pages.back().blocks.empty()) {
      pages.back().blocks.back().lines.push_back({BoxOf(tag), {}});
    } else if (tag.starts_with("word ") && !pages.empty() && !pages.back().blocks.empty() &&
               !pages.back().blocks.back().lines.empty()) {
      const size_t end = xml.find("</word>");
      LayoutWord word = WordOf(BoxOf(tag), Unescaped(xml.substr(0, end)));
      if (!word.text.empty()) pages.back().blocks.back().lines.back().words.push_back(std::move(word));
      xml.remove_prefix(std::min(end, xml.size()));
    }
  }
  for (LayoutPage& page : pages) {
    std::erase_if(page.blocks, [](LayoutBlock& block) {
      std::erase_if(block.lines, [](const LayoutLine& line) { return line.words.empty(); });
      return block.lines.empty();
    });
    DropRepeatedRuns(page);
    for (LayoutBlock& block : page.blocks) {
      for (LayoutLine& line : block.lines) OrderWords(line);
    }
  }
  return pages;
}

void JoinTouching(LayoutPage& page) {
  for (LayoutBlock& block : page.blocks) {
    for (LayoutLine& line : block.lines) {
      const bool right_to_left =
          std::any_of(line.words.begin(), line.words.end(), [](const LayoutWord& w) { return HasRightToLeft(w.text); });
      if (line.words.size() > 1 && !right_to_left) JoinTouchingWords(line);
    }
  }
}

void GatherTables(LayoutPage& page) {
  const float em = MedianHeight(page);
  const std::vector<Row> rows = RowsOf(page, em);
  std::vector<LayoutBlock> tables;
  std::vector<bool> taken(rows.size(), false);
  const auto gather = [&](size_t cells, const auto& is_table) {
    const auto has_cells = [&](size_t r) { return r < rows.size() && !taken[r] && rows[r].fragments.size() >= cells; };
    for (size_t first = 0; first < rows.size(); ++first) {
      if (!has_cells(first)) continue;
      size_t last = first + 1;
      // A row may lack cells, or a cell may be two lines high.
      while (has_cells(last) || (has_cells(last + 1) && !taken[last])) ++last;
      if (last - first >= 3 && is_table(first, last)) {
        tables.push_back(TableOf(page, rows, first, last));
        std::fill(taken.begin() + static_cast<ptrdiff_t>(first), taken.begin() + static_cast<ptrdiff_t>(last), true);
      }
      first = last;
    }
  };
  gather(3, [&](size_t first, size_t last) { return AreCells(page, rows, first, last); });
  gather(2, [&](size_t first, size_t last) {
    return AreCells(page, rows, first, last) && ArePairs(page, rows, first, last, em);
  });
  if (tables.empty()) return;
  DropEmpty(page);
  for (LayoutBlock& table : tables) page.blocks.push_back(std::move(table));
}

void SortForReading(LayoutPage& page) {
  if (page.blocks.size() < 2 || page.blocks.size() > kMaxSorted) return;
  if (MostlyRightToLeft(page)) {
    // Seen in a mirror, the columns stand as in other scripts.
    FlipBlocks(page);
    SortBlocks(page);
    return FlipBlocks(page);
  }
  SortBlocks(page);
}
RenderedPage RenderPage(const LayoutPage& page, bool markdown) {
  const float em = MedianHeight(page);
  const std::vector<PlacedLine> lines = Place(page, em);
  const float pitch = MedianPitch(lines, em);
  RenderedPage out;
  uint32_t marks = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string between;
    if (lines[i].new_column) {
      between = kColumnBreak;
    } else if (i > 0) {
      const bool same_run =
          lines[i].column.y1 == lines[i - 1].column.y1 && lines[i].column.x0 == lines[i - 1].column.x0;
      between = !same_run      ? "\n\n"
                : lines[i].row ? std::string{kHardBreak}
                               : BreakBetween(lines[i - 1], lines[i], em, pitch);
      if (markdown) between = BreakOfRoles(lines[i - 1], lines[i], std::move(between));
    }
    marks += static_cast<uint32_t>(between.size());
    const LayoutLine& line = *lines[i].line;
    out.places.push_back({0, marks, line.box.x0, line.box.y0, line.box.x1, line.box.y1, page.height});
    out.text += between;
    if (markdown && lines[i].row && IsGrid(*lines[i].block)) {
      out.text += GridRow(line);
      if (!lines[i].new_block) continue;
      // The rule under the head is a line of its own, at the head's place.
      out.text += kHardBreak;
      out.text += Rule(line.words.size());
      out.places.push_back(out.places.back());
      out.places.back().marks = ++marks;
      continue;
    }
    if (markdown) out.text += Prefix(lines[i]);
    for (size_t w = 0; w < line.words.size(); ++w) {
      if (w > 0) out.text.push_back(lines[i].row ? '\t' : ' ');
      out.text += line.words[w].text;
    }
  }
  return out;
}

void RenderedPage::Append(RenderedPage other, std::string_view between) {
  if (other.text.empty()) return;
  if (!text.empty()) text += between;
  const auto marks = static_cast<uint32_t>(std::count_if(text.begin(), text.end(), IsLayoutMark));
  for (LinePlace& place : other.places) place.marks += marks;
  text += other.text;
  places.insert(places.end(), other.places.begin(), other.places.end());
}

void AddPage(Document& document, const RenderedPage& page, uint32_t index) {
  if (index > 0) document.text.push_back(kPageBreak);
  document.text += page.text;
  for (LinePlace place : page.places) {
    place.page = index;
    document.places.push_back(place);
  }
}

}  // namespace sheepop
