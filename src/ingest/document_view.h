// A document of a corpus read again, with what each step did to its text, and pictures of its pages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ingest/document.h"
#include "ingest/options.h"

namespace sheepop {

struct ViewRequest {
  std::string source, sha256, text;  // as in the corpus
  uint32_t first_page = 1;
  uint32_t pages = 40;  // shown at most, from the first on
};

// A run of text of one page with one fate.
struct ViewPiece {
  enum class State { kKept, kRemoved, kAdded };
  State state = State::kKept;
  std::string step;       // that removed or added it
  uint32_t page = 0;      // counted from 0
  float confidence = -1;  // of the OCR that read it, 0 to 100; negative: none did
  std::string text;       // valid UTF-8; what was removed may hold the marks of document.h
};

struct PagePicture {
  std::string type, bytes;  // "image/jpeg" and the file
  std::string missing;      // why there is none
};

struct DocumentView {
  Document document;                       // without its text; notes and counts as in the report
  uint32_t first_page = 0, last_page = 0;  // [first, last) are shown, counted from 0; of a document without pages one
  std::vector<ViewPiece> pieces;           // of those pages, in the order of the corpus' text
  std::vector<PagePicture> pictures;       // of those pages; none where the document has no pages
};

// The options with which a corpus was made, as its options.json says; inputs and output are empty. Throws kNotFound where it
// is not there, as in a corpus of an older program, and kCorrupt.
IngestOptions OptionsOfCorpus(const std::filesystem::path& corpus);

// Reads the document from its source, as `options` say, and shows what becomes of its text until it is the corpus'. Throws
// kNotFound when the source is gone, kCorrupt when it has changed since, and kInvalidArgument when it lacks the first page.
DocumentView ViewDocument(const ViewRequest& request, const IngestOptions& options);

}  // namespace sheepop
