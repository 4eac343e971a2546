// A page's blocks, in reading order, to text with the marks of document.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/document.h"
#include "ingest/readers/layout.h"

namespace sheepop {

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
