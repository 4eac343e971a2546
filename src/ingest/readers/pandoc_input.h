// What pandoc is given of a document, so that it leaves no text out, and what the text should then say.
#pragma once

#include <string>
#include <vector>

#include "ingest/readers/reader.h"

namespace sheepop {

struct PandocInput {
  Blob blob;
  std::string words;                  // the text of the source, found without pandoc, in no form: for CompareWords
  std::vector<std::string> notes;     // what a person should know: damage, what was moved or left out
  std::vector<std::string> chapters;  // of a book, as HTML in UTF-8, in the order of reading
};

// Of kinds kDocx, kOdt, kEpub, kRtf and kLatex. Throws Error as readers do.
PandocInput PreparePandocInput(const Source& source);

}  // namespace sheepop
