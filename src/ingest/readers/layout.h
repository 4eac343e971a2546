// A page as words with places, from pdftotext or Tesseract, to text in reading order with the marks of document.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/document.h"

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
  std::string text;       // valid UTF-8, no white space at the ends
  double confidence = 0;  // of OCR, 0 to 100
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

// Gathers what stands in rows of three short cells and more, three rows and more, into blocks of their own: column after
// column, a table is lost. Rows of two cells too where they are labels and figures, or stand apart as rows of a form do.
void GatherTables(LayoutPage& page);

// The pages of what `pdftotext -bbox-layout` writes. Any bytes; what is not understood is left out. Right-to-left words
// come out in reading order.
std::vector<LayoutPage> ParsePopplerLayout(std::string_view xml);

// Puts the blocks of a page in reading order: columns one after the other, headings that span them first; from the right
// where most words are right-to-left. The rules are
// those of T. M. Breuel, "High performance document layout analysis" (SDIUT 2003): a block comes before one under it
// that shares columns with it, and before one to the right of it unless a third between their heights spans both.
void SortForReading(LayoutPage& page);

struct RenderedPage {
  std::string text;
  std::vector<LinePlace> places;  // of page 0
  void Append(RenderedPage other, std::string_view between);
};

// The text of a page in the order of its blocks; with `markdown` headings, list items, code and footnotes as their roles say,
// and tables whose rows have equally many cells as tables.
RenderedPage RenderPage(const LayoutPage& page, bool markdown = false);

// Adds the page of that number, counted from 0; earlier ones are there, empty ones too.
void AddPage(Document& document, const RenderedPage& page, uint32_t index);

}  // namespace sheepop
