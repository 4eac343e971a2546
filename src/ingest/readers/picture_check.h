// The words of a PDF's text layer against the pictures of a few of its pages, which OCR reads.
#pragma once

#include <string_view>
#include <vector>

#include "ingest/fidelity.h"
#include "ingest/readers/ocr.h"

namespace sheepop {

// A page of every twenty begun of `pages`, at most five, out of `eligible` (ascending): spread over them, and the same for
// the same document. Counted from 0, ascending.
std::vector<size_t> PagesToCheck(const std::vector<size_t>& eligible, size_t pages, std::string_view sha256);

// `text` is the page's, with or without the marks of document.h. Words that OCR is not sure of count as seen, but not as
// missing in the text.
PageFidelity ComparePicture(uint32_t page, std::string_view text, const OcrResult& picture);

}  // namespace sheepop
