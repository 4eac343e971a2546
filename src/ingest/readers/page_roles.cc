#include "ingest/readers/page_roles.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "ingest/document.h"

namespace sheepop {
namespace {

constexpr float kHeading = 1.12f;
constexpr size_t kHeadingLines = 3;
constexpr uint64_t kHeadingCharacters = 200;
constexpr std::string_view kBullets[] = {"\u2022", "\u2023", "\u25E6", "\u25AA", "\u2219",
                                         "\u00B7", "\u25CF", "\u2013", "*"};

uint64_t Characters(const LayoutBlock& block) {
  uint64_t count = 0;
  for (const LayoutLine& line : block.lines) {
    for (const LayoutWord& word : line.words) count += CountCharacters(word.text);
  }
  return count;
}

bool HasLetter(const LayoutBlock& block) {
  return std::any_of(block.lines.begin(), block.lines.end(), [](const LayoutLine& line) {
    return std::any_of(line.words.begin(), line.words.end(), [](const LayoutWord& word) {
      return std::any_of(word.text.begin(), word.text.end(), [](char c) {
        return std::isalpha(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
      });
    });
  });
}

// The width of every letter of the block, or 0 when they differ.
float LetterWidth(const LayoutBlock& block) {
  float low = 1e6f, high = 0;
  size_t words = 0;
  for (const LayoutLine& line : block.lines) {
    for (const LayoutWord& word : line.words) {
      const auto letters = static_cast<float>(CountCharacters(word.text));
      if (letters < 2) continue;
      low = std::min(low, word.box.width() / letters);
      high = std::max(high, word.box.width() / letters);
      ++words;
    }
  }
  return words >= 3 && low > 0 && high < 1.03f * low ? high : 0;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool EndsSentence(std::string_view text) { return text.ends_with('.') || text.ends_with(',') || text.ends_with(';'); }

bool IsHeading(const LayoutBlock& block, float body) {
  return block.lines.front().box.height() >= kHeading * body && block.lines.size() <= kHeadingLines &&
         Characters(block) <= kHeadingCharacters && Characters(block) >= 3 && HasLetter(block) &&
         !EndsSentence(block.lines.back().words.back().text);
}

int LevelOf(float size) { return size >= 1.8f ? 1 : size >= 1.35f ? 2 : 3; }

// Blocks that hold lines of two sizes become several.
void SplitBySize(LayoutPage& page, float body) {
  std::vector<LayoutBlock> blocks;
  for (LayoutBlock& block : page.blocks) {
    if (block.table) {
      blocks.push_back(std::move(block));
      continue;
    }
    const auto large = [&](const LayoutLine& line) { return line.box.height() >= kHeading * body; };
    for (size_t i = 0; i < block.lines.size(); ++i) {
      LayoutLine& line = block.lines[i];
      const bool follows = i > 0 && large(blocks.back().lines.back()) == large(line);
      if (!follows) blocks.push_back({line.box, {}});
      blocks.back().box.Include(line.box);
      blocks.back().lines.push_back(std::move(line));
    }
  }
  page.blocks = std::move(blocks);
}

// The lines of code with the spaces that stand between and before their words.
void SetCode(LayoutBlock& block, float letter) {
  block.role = BlockRole::kCode;
  for (LayoutLine& line : block.lines) {
    std::string text;
    float end = block.box.x0;
    for (const LayoutWord& word : line.words) {
      const float spaces = std::round((word.box.x0 - end) / letter);
      text.append(static_cast<size_t>(std::clamp(spaces, text.empty() ? 0.0f : 1.0f, 200.0f)), ' ');
      text += word.text;
      end = word.box.x1;
    }
    LayoutWord whole{line.box, std::move(text)};
    line.words.clear();
    line.words.push_back(std::move(whole));
  }
}

bool IsNote(const LayoutPage& page, const LayoutBlock& block, float body) {
  const std::string& first = block.lines.front().words.front().text;
  return !block.table && block.box.y0 > 0.5f * page.height && block.lines.back().box.height() < 0.93f * body &&
         IsNumber(first) && block.lines.front().words.size() > 1;
}

void MarkNotes(LayoutPage& page, float body) {
  std::set<std::string> notes;
  for (LayoutBlock& block : page.blocks) {
    if (block.role != BlockRole::kText || !IsNote(page, block, body)) continue;
    std::string& number = block.lines.front().words.front().text;
    notes.insert(number);
    number = fmt::format("[^{}]:", number);
    block.role = BlockRole::kNote;
  }
  if (notes.empty()) return;
  for (LayoutBlock& block : page.blocks) {
    if (block.role != BlockRole::kText || block.table) continue;
    for (LayoutLine& line : block.lines) {
      for (size_t w = 1; w < line.words.size(); ++w) {
        const LayoutWord& word = line.words[w];
        const LayoutBox& before = line.words[w - 1].box;
        if (!notes.contains(word.text) || word.box.height() > 0.85f * before.height() || word.box.y1 >= before.y1)
          continue;
        line.words[w - 1].text += fmt::format("[^{}]", word.text);
        line.words.erase(line.words.begin() + static_cast<ptrdiff_t>(w));
      }
    }
  }
}

void MarkItems(LayoutBlock& block) {
  for (LayoutLine& line : block.lines) {
    std::string& first = line.words.front().text;
    if (line.words.size() < 2) continue;
    if (std::find(std::begin(kBullets), std::end(kBullets), first) != std::end(kBullets)) first.assign(1, '-');
    const bool numbered = first.size() > 1 && (first.ends_with('.') || first.ends_with(')')) &&
                          IsNumber(std::string_view(first).substr(0, first.size() - 1));
    line.item = first == "-" || numbered;
  }
}

}  // namespace

PageStyle StyleOf(const std::vector<LayoutPage>& pages) {
  std::map<int, uint64_t> heights;  // tenths of a point -> characters
  uint64_t typewritten = 0, all = 0;
  for (const LayoutPage& page : pages) {
    for (const LayoutBlock& block : page.blocks) {
      const uint64_t characters = Characters(block);
      all += characters;
      if (LetterWidth(block) > 0) typewritten += characters;
      for (const LayoutLine& line : block.lines) {
        const float height = std::min(line.box.height(), line.box.width());  // of lines that run upward, too
        heights[static_cast<int>(std::lround(height * 10))] += characters / block.lines.size();
      }
    }
  }
  if (heights.empty()) return {};
  const auto most = std::max_element(heights.begin(), heights.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return {static_cast<float>(most->first) / 10, typewritten * 2 > all};
}

void MarkRoles(LayoutPage& page, const PageStyle& style) {
  if (style.body <= 0) return;
  SplitBySize(page, style.body);
  for (LayoutBlock& block : page.blocks) {
    if (block.table) continue;
    const float letter = style.typewriter ? 0 : LetterWidth(block);
    if (letter > 0) {
      SetCode(block, letter);
    } else if (IsHeading(block, style.body)) {
      block.role = BlockRole::kHeading;
      block.level = LevelOf(block.lines.front().box.height() / style.body);
    } else {
      MarkItems(block);
    }
  }
  MarkNotes(page, style.body);
}

}  // namespace sheepop
