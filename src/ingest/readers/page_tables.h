// Tables of a page, told from rows of short cells.
#pragma once

#include "ingest/readers/gutters.h"
#include "ingest/readers/layout.h"

namespace sheepop {

// Gathers what stands in rows of three short cells and more, three rows and more, into blocks of their own: column after
// column, a table is lost. Rows of two cells too where they are labels and figures, or stand apart as rows of a form do.
// A table lies in one column of `gutters`.
void GatherTables(LayoutPage& page, const Gutters& gutters = {});

}  // namespace sheepop
