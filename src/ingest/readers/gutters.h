// The white strips between columns of running text, told from all lines of a page rather than from the gaps of one:
// justified lines have gaps as wide as a narrow gutter, and poppler joins what stands on one level across it.
#pragma once

#include <cstddef>
#include <vector>

#include "ingest/readers/layout.h"

namespace sheepop {

struct Gutter {
  float left = 0, right = 0;  // of the strip that hardly any word reaches into
  float top = 0, bottom = 0;  // of the lines beside it
};

using Gutters = std::vector<Gutter>;  // from left to right

// Those of an upright page: at least five lines of three words and more on either side, most of which reach the strip, and
// few lines that run across. Where it has none, those of `near`, its neighbours', that few of its lines run across.
Gutters FindGutters(const LayoutPage& page, const Gutters& near = {});

// Parts the lines that poppler joined across a gutter, and the blocks that hold lines of both sides; a line that runs across
// ends the blocks above it.
void PartAtGutters(LayoutPage& page, const Gutters& gutters);

// Which column the box lies in, counted from 1; 0 where it is beside no gutter, or across one.
size_t ColumnOf(const LayoutBox& box, const Gutters& gutters);

}  // namespace sheepop
