// Lines that poppler takes apart or together against what the page shows.
#pragma once

#include "ingest/readers/layout.h"

namespace sheepop {

// The marks of footnotes (raised, or in small type at the page's foot) and the signs of lists, which poppler finds as lines of
// their own, become the first words of their lines; each such note is a block. The page is upright.
void JoinMarks(LayoutPage& page);

// Where a larger heading of one column stands beside the text of the next, poppler makes one line of both: they are parted,
// and so are the lines around them that it put into the same block. The page is upright.
void PartColumns(LayoutPage& page);

}  // namespace sheepop
