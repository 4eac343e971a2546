#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/fidelity.h"
#include "ingest/readers/epub_spine.h"
#include "ingest/readers/latex_source.h"
#include "ingest/readers/markup_text.h"
#include "ingest/readers/office_parts.h"
#include "ingest/readers/rtf_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sheepop;
  const std::string bytes(reinterpret_cast<const char*>(data), size), text = ToValidUtf8(bytes);
  const std::string word = MarkupText(text, kWordRules), open = MarkupText(text, kOpenDocumentRules);
  if (!IsValidUtf8(word) || !IsValidUtf8(open) || !IsValidUtf8(RtfText(bytes)) || !IsValidUtf8(LatexText(text)))
    std::abort();
  WordPart(bytes, "word/document.xml");
  WithEscapedFallbacks(bytes);
  OpenDocumentContent(bytes);
  EpubSpine([&](const std::string&) { return bytes; });
  DefineSkipped(text, {});
  if (CompareWords(text, text).missing + CompareWords(text, text).added != 0) std::abort();
  return 0;
}
