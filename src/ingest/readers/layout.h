// A page as words with places, from pdftotext or Tesseract, its blocks put in reading order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// Points of a page or pixels of an image; y grows downward.
struct LayoutBox {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  void Include(const LayoutBox& other);
};

struct LayoutWord {
  LayoutBox box;
  std::string text;        // valid UTF-8, no white space at the ends
  double confidence = -1;  // of OCR, 0 to 100; negative of a text layer's
};

struct LayoutLine {
  LayoutBox box;
  std::vector<LayoutWord> words;
  bool item = false;  // of a list, in Markdown
};

// What RenderPage writes as Markdown; all but kText are found by MarkRoles.
enum class BlockRole { kText, kHeading, kCode, kNote };

struct LayoutBlock {
  LayoutBox box;
  std::vector<LayoutLine> lines;
  bool table = false;  // lines are rows, words are cells
  BlockRole role = BlockRole::kText;
  int level = 0;  // of a heading, 1 to 3
};

struct LayoutPage {
  float width = 0, height = 0;
  std::vector<LayoutBlock> blocks;
};

bool HasRightToLeft(std::string_view text);

// Chinese, Japanese: written without spaces, and downward too.
bool IsWideScript(char32_t c);

// Letters of one size that touch become words again: titles are drawn letter by letter, often twice for a bolder look.
void JoinTouching(LayoutPage& page);

// The pages of what `pdftotext -bbox-layout` writes. Any bytes; what is not understood is left out. Right-to-left words
// come out in reading order.
std::vector<LayoutPage> ParsePopplerLayout(std::string_view xml);

// Puts the blocks of a page in reading order: columns one after the other, headings that span them first; from the right
// where most words are right-to-left. The rules are
// those of T. M. Breuel, "High performance document layout analysis" (SDIUT 2003): a block comes before one under it
// that shares columns with it, and before one to the right of it unless a third between their heights spans both.
void SortForReading(LayoutPage& page);

// The middle one of the heights of its lines, at least 0.1; 1 without lines.
float MedianHeight(const LayoutPage& page);

}  // namespace sheepop
