// Which way the lines of a page run, told from the boxes of their words: poppler gives the words of a line in the order in
// which they are read, wherever the line leads.
#pragma once

#include <vector>

#include "ingest/readers/layout.h"

namespace sheepop {

// The same words as pages that are read from left to right (right-to-left scripts from right to left) and downward: one page
// for each direction that lines run in, the one with most characters first. Lines of vertical writing (Japanese, Chinese)
// become lines that lie. `page` needs its width and height.
std::vector<LayoutPage> UprightPages(LayoutPage page);

// True for a page that seems to show its text from behind, as films and transfers do: poppler finds one letter a word there.
// Letters that stand wide apart look the same.
bool RunsBackwards(const LayoutPage& page);

// Such a page turned around, its letters grouped anew into lines and words.
LayoutPage Unmirrored(const LayoutPage& page);

}  // namespace sheepop
