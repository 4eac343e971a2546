// A PDF while it is read, page by page, and the document that it becomes.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ingest/document.h"
#include "ingest/fidelity.h"
#include "ingest/readers/garbled.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/ocr.h"
#include "ingest/readers/page_picture.h"
#include "ingest/readers/page_roles.h"
#include "ingest/readers/page_text.h"
#include "ingest/readers/reader.h"

namespace sheepop {

struct PdfPage {
  RenderedPage content;
  std::optional<LayoutPage> layer;   // as pdftotext places it, of pages with little text
  double width = 612, height = 792;  // points, as the page is shown
  double image_share = 0;            // of the page that images cover
  PageStyle style;                   // of the pages around it, for Markdown
  bool failed = false, blank = false, mirrored = false;
  bool pictured = false;  // it shows something that its short text layer does not hold
  bool unread = false;    // no OCR, though the page needs it
  Garble garble;
  std::optional<OcrResult> ocr;  // in place of the layer
  AddedWords added;              // by OCR, to the layer
};

// Several threads read its pages: each writes those that are its own, `failed_pages`, and `missing` under its lock.
struct Pdf {
  std::string path;
  std::atomic<size_t> failed_pages{0};
  std::mutex missing_lock;
  std::string missing;  // what OCR lacks, as a person is told it
  std::vector<PdfPage> pages;
  std::vector<std::string> attachments;  // their names
  bool xfa = false;                      // a form whose pages only some viewers can make
  bool damaged = false;
  std::vector<PageFidelity> checked;
  std::vector<size_t> unchecked;  // pages, for want of OCR
};

// Pages, counted from 0 and ascending, by what became of them; one may stand in `mirrored` and in one other group.
struct PageGroups {
  std::vector<size_t> ocr, added, blank, failed, unread, pictures, garbled, left_out, mirrored;
};

// Its text, and notes on what became of its pages and on what was not read. `groups` are filled in.
Document AssemblePdf(const Source& source, const Pdf& pdf, PageGroups& groups);

// Why a PDF without any text has none, as a person is told it.
std::string WhyPdfIsEmpty(const Pdf& pdf, const PageGroups& groups, bool ocr);

}  // namespace sheepop
