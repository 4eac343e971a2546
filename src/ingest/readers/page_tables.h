// Tables of a page, told from rows of short cells.
#pragma once

#include "ingest/readers/layout.h"

namespace sheepop {

// Gathers what stands in rows of three short cells and more, three rows and more, into blocks of their own: column after
// column, a table is lost. Rows of two cells too where they are labels and figures, or stand apart as rows of a form do.
void GatherTables(LayoutPage& page);

}  // namespace sheepop
