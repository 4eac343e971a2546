// What the blocks of a page are: headings, code, footnotes, told from the size of the type, its widths and its place.
#pragma once

#include <vector>

#include "ingest/readers/layout.h"

namespace sheepop {

struct PageStyle {
  float body = 0;           // the height of most lines, points; 0 when there are none
  bool typewriter = false;  // most of the text has letters of one width: that makes no code
};

PageStyle StyleOf(const std::vector<LayoutPage>& pages);

// Sets the roles of the blocks, for RenderPage to write them as Markdown; `page` is upright and its tables are gathered.
// Headings are up to three lines of larger type that end no sentence: from 1.8 times the body's size on of the first level,
// from 1.35 on of the second, from 1.12 on of the third. Code has letters of one width. A raised number becomes the mark of a
// footnote when smaller type at the page's foot begins with it.
void MarkRoles(LayoutPage& page, const PageStyle& style);

}  // namespace sheepop
