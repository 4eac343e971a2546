// A page as words with places, from pdftotext or Tesseract, to text in reading order with the marks of document.h.
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
  std::string text;  // valid UTF-8, no white space at the ends
};

struct LayoutLine {
  LayoutBox box;
  std::vector<LayoutWord> words;
};

struct LayoutBlock {
  LayoutBox box;
  std::vector<LayoutLine> lines;
  bool table = false;  // lines are rows, words are cells
};

struct LayoutPage {
  std::vector<LayoutBlock> blocks;
};

// Gathers what stands in rows of three short cells and more, three rows and more, into blocks of their own: column after
// column, a table is lost.
void GatherTables(LayoutPage& page);

// The pages of what `pdftotext -bbox-layout` writes. Any bytes; what is not understood is left out. Right-to-left words
// come out in reading order.
std::vector<LayoutPage> ParsePopplerLayout(std::string_view xml);

// Puts the blocks of a page in reading order: columns one after the other, headings that span them first. The rules are
// those of T. M. Breuel, "High performance document layout analysis" (SDIUT 2003): a block comes before one under it
// that shares columns with it, and before one to the right of it unless a third between their heights spans both.
void SortForReading(LayoutPage& page);

// The text of a page in the order of its blocks.
std::string RenderPage(const LayoutPage& page);

}  // namespace sheepop
