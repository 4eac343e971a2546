#include "ingest/readers/layout.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

// Blocks of one or two lines that stand above or below everything else: titles, running heads, page numbers. Where several
// stand side by side, as the ends of a running head do, what follows stands well apart: they head no columns.
std::vector<size_t> PeelEdge(const std::vector<LayoutBlock>& blocks, std::vector<size_t>& rest, bool top) {
  constexpr float kApart = 1.5f;  // heights of the line
  std::vector<size_t> peeled;
  while (rest.size() > 1) {
    const auto nearer = [&](size_t a, size_t b) {
      return top ? blocks[a].box.y0 < blocks[b].box.y0 : blocks[a].box.y1 > blocks[b].box.y1;
    };
    const LayoutBox edge = blocks[*std::min_element(rest.begin(), rest.end(), nearer)].box;
    std::vector<size_t> level, others;
    for (const size_t i : rest) {
      (Overlap(blocks[i].box.y0, blocks[i].box.y1, edge.y0, edge.y1, 0) ? level : others).push_back(i);
    }
    // A last line below the others is a column's, unless it stands apart.
    const float room = level.size() > 1 || !top ? kApart * edge.height() : 0;
    const bool short_ones =
        std::all_of(level.begin(), level.end(), [&](size_t i) { return blocks[i].lines.size() <= 2; });
    const bool apart = std::all_of(others.begin(), others.end(), [&](size_t other) {
      return std::all_of(level.begin(), level.end(), [&](size_t i) {
        return top ? blocks[i].box.y1 + room <= blocks[other].box.y0 : blocks[i].box.y0 - room >= blocks[other].box.y1;
      });
    });
    if (level.empty() || others.empty() || !short_ones || !apart) break;
    // The bottom's are turned around at the end.
    std::sort(level.begin(), level.end(), [&](size_t a, size_t b) {
      return top ? blocks[a].box.x0 < blocks[b].box.x0 : blocks[a].box.x0 > blocks[b].box.x0;
    });
    peeled.insert(peeled.end(), level.begin(), level.end());
    rest = std::move(others);
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

std::string Encoded(const std::u32string& points) {
  std::string text;
  for (const char32_t c : points) AppendUtf8(c, text);
  return text;
}

// Poppler's words hold the glyphs from left to right. Turned back: the whole word is reversed, then its digits and Latin
// letters again; marks follow their letters.
std::string VisualToLogical(std::string_view word) {
  std::u32string points = CodePointsOf(word);
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

}  // namespace

bool HasRightToLeft(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xD6; })) return false;
  const std::u32string points = CodePointsOf(text);
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

}  // namespace sheepop
