#include "ingest/readers/page_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

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
         std::min(column.x1, block.x1) - std::max(column.x0, block.x0) > 0.5f * std::min(column.width(), block.width());
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
  std::string marks(static_cast<size_t>(line.block->level), '#');
  marks.push_back(' ');
  return marks;
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

// Of the OCR that read the line, the mean over its words; negative when none did.
float Confidence(const LayoutLine& line) {
  double sum = 0, read = 0;
  for (const LayoutWord& word : line.words) {
    if (word.confidence < 0) continue;
    sum += word.confidence;
    ++read;
  }
  return read > 0 ? static_cast<float>(sum / read) : -1;
}

std::string Rule(size_t cells) {
  std::string text = "|";
  for (size_t i = 0; i < cells; ++i) text += " --- |";
  return text;
}

}  // namespace

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
    out.places.push_back({0, marks, line.box.x0, line.box.y0, line.box.x1, line.box.y1, page.height, Confidence(line)});
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
