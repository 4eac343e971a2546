#include "ingest/readers/page_picture.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <unordered_set>

#include "base/utf8.h"
#include "ingest/readers/garbled.h"

namespace sheepop {
namespace {

constexpr size_t kCell = 8;        // pixels
constexpr int kContrast = 48;      // of 255, between the darkest and the lightest of a cell
constexpr double kConfident = 60;  // of Tesseract, 0 to 100; photographs give words of less
constexpr size_t kLetters = 12;    // fewer added ones are no text

unsigned char Shade(char pixel) { return static_cast<unsigned char>(pixel); }

bool Lighter(char a, char b) { return Shade(a) < Shade(b); }

// The letters and digits, folded, so that the same word read twice is the same.
std::string Folded(std::string_view word) {
  std::string folded;
  while (!word.empty()) {
    const Utf8Step step = DecodeUtf8(word);
    word.remove_prefix(step.length);
    const auto c = static_cast<utf8proc_int32_t>(step.code_point);
    const auto category = utf8proc_category(c);
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
    if (letter) AppendUtf8(static_cast<char32_t>(utf8proc_tolower(c)), folded);
  }
  return folded;
}

// Those of four bytes and more.
std::unordered_set<std::string> FoldedWords(std::string_view text) {
  std::unordered_set<std::string> words;
  while (!text.empty()) {
    size_t end = 0;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > 0x20) ++end;
    std::string word = Folded(text.substr(0, end));
    if (word.size() >= 4) words.insert(std::move(word));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::vector<LayoutBox> LinesOf(const LayoutPage& layer) {
  std::vector<LayoutBox> lines;
  for (const LayoutBlock& block : layer.blocks) {
    for (const LayoutLine& line : block.lines) {
      LayoutBox box = line.box;
      const float slack = 0.25f * std::min(box.height(), box.width());
      lines.push_back({box.x0 - slack, box.y0 - slack, box.x1 + slack, box.y1 + slack});
    }
  }
  return lines;
}

bool Covers(const std::vector<LayoutBox>& lines, const LayoutBox& word) {
  const float x = (word.x0 + word.x1) / 2, y = (word.y0 + word.y1) / 2;
  return std::any_of(lines.begin(), lines.end(), [&](const LayoutBox& line) {
    return x >= line.x0 && x <= line.x1 && y >= line.y0 && y <= line.y1;
  });
}

// The words of a line that the layer does not cover; none when OCR is not sure of them.
LayoutLine Uncovered(const LayoutLine& line, const std::vector<LayoutBox>& covered, float scale) {
  LayoutLine left;
  double confidence = 0;
  for (LayoutWord word : line.words) {
    word.box = {word.box.x0 * scale, word.box.y0 * scale, word.box.x1 * scale, word.box.y1 * scale};
    if (Covers(covered, word.box)) continue;
    confidence += word.confidence;
    if (left.words.empty()) left.box = word.box;
    left.box.Include(word.box);
    left.words.push_back(std::move(word));
  }
  if (confidence < kConfident * static_cast<double>(left.words.size())) left.words.clear();
  return left;
}

std::vector<LayoutBlock> UncoveredBlocks(const LayoutPage& layer, const LayoutPage& ocr, float scale) {
  const std::vector<LayoutBox> covered = LinesOf(layer);
  std::vector<LayoutBlock> blocks;
  for (const LayoutBlock& block : ocr.blocks) {
    LayoutBlock left;
    for (const LayoutLine& line : block.lines) {
      LayoutLine rest = Uncovered(line, covered, scale);
      if (rest.words.empty()) continue;
      if (left.lines.empty()) left.box = rest.box;
      left.box.Include(rest.box);
      left.lines.push_back(std::move(rest));
    }
    if (!left.lines.empty()) blocks.push_back(std::move(left));
  }
  return blocks;
}

template <typename Take>
void ForEachWord(const std::vector<LayoutBlock>& blocks, const Take& take) {
  for (const LayoutBlock& block : blocks) {
    for (const LayoutLine& line : block.lines) {
      for (const LayoutWord& word : line.words) take(word);
    }
  }
}

}  // namespace

std::vector<GrayImage> SplitPgm(std::string_view pgm) {
  std::vector<GrayImage> images;
  while (pgm.starts_with("P5")) {
    int width = 0, height = 0, depth = 0, length = 0;
    const std::string head(pgm.substr(0, 64));
    if (std::sscanf(head.c_str(), "P5 %d %d %d%n", &width, &height, &depth, &length) != 3 || width <= 0 || height <= 0)
      break;
    pgm.remove_prefix(std::min<size_t>(static_cast<size_t>(length) + 1, pgm.size()));
    const auto size = static_cast<size_t>(width) * static_cast<size_t>(height);
    if (size > pgm.size()) break;
    images.push_back({static_cast<size_t>(width), static_cast<size_t>(height), pgm.substr(0, size)});
    pgm.remove_prefix(size);
  }
  return images;
}

bool IsBlank(const GrayImage& image) {
  const auto [low, high] = std::minmax_element(image.pixels.begin(), image.pixels.end(), Lighter);
  return image.pixels.empty() || Shade(*high) - Shade(*low) < 16;
}

double UncoveredInk(const GrayImage& image, const LayoutPage& layer) {
  const float points = std::max(layer.width, layer.height);
  const float scale = points / static_cast<float>(std::max<size_t>(std::max(image.width, image.height), 1));
  const std::vector<LayoutBox> covered = LinesOf(layer);
  size_t cells = 0, inked = 0;
  for (size_t y = 0; y + kCell <= image.height; y += kCell) {
    for (size_t x = 0; x + kCell <= image.width; x += kCell) {
      ++cells;
      unsigned char low = 255, high = 0;
      for (size_t row = y; row < y + kCell; ++row) {
        const std::string_view pixels = image.pixels.substr(row * image.width + x, kCell);
        const auto [darkest, lightest] = std::minmax_element(pixels.begin(), pixels.end(), Lighter);
        low = std::min(low, Shade(*darkest));
        high = std::max(high, Shade(*lightest));
      }
      if (high - low < kContrast) continue;
      const LayoutBox cell{static_cast<float>(x) * scale, static_cast<float>(y) * scale,
                           static_cast<float>(x + kCell) * scale, static_cast<float>(y + kCell) * scale};
      inked += std::none_of(covered.begin(), covered.end(), [&](const LayoutBox& line) {
        return line.x0 < cell.x1 && line.x1 > cell.x0 && line.y0 < cell.y1 && line.y1 > cell.y0;
      });
    }
  }
  return cells == 0 ? 0 : static_cast<double>(inked) / static_cast<double>(cells);
}

bool SharesWords(std::string_view a, std::string_view b) {
  const std::unordered_set<std::string> known = FoldedWords(b), words = FoldedWords(a);
  const auto both = std::count_if(words.begin(), words.end(), [&](const std::string& w) { return known.contains(w); });
  return static_cast<size_t>(both) * 2 > words.size();
}

AddedWords AddUncovered(LayoutPage& layer, const LayoutPage& ocr, float scale) {
  std::vector<LayoutBlock> blocks = UncoveredBlocks(layer, ocr, scale);
  std::unordered_set<std::string> said;
  ForEachWord(layer.blocks, [&](const LayoutWord& word) { said.insert(Folded(word.text)); });
  AddedWords added;
  std::string text;
  size_t letters = 0, long_words = 0, repeated = 0;
  ForEachWord(blocks, [&](const LayoutWord& word) {
    ++added.words;
    added.confidence += word.confidence;
    text += word.text + " ";
    const std::string folded = Folded(word.text);
    letters += folded.size();
    if (folded.size() < 4) return;
    ++long_words;
    repeated += said.contains(folded);
  });
  if (letters < kLetters || repeated * 5 > long_words * 3 || FindGarble(text)) return {};
  added.confidence /= static_cast<double>(added.words);
  layer.blocks.insert(layer.blocks.end(), std::make_move_iterator(blocks.begin()),
                      std::make_move_iterator(blocks.end()));
  return added;
}

}  // namespace sheepop
