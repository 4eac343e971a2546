// A document's view as one HTML page that needs no network and no script: each page's picture beside its text, with what
// was removed, joined, added or read by OCR marked.
#pragma once

#include <string>

#include "ingest/document_view.h"

namespace sheepop {

std::string ViewPage(const DocumentView& view, const std::string& source);

}  // namespace sheepop
