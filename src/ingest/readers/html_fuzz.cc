#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/readers/html.h"
#include "ingest/readers/markup_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = sheepop::ToValidUtf8({reinterpret_cast<const char*>(data), size});
  sheepop::DeclaredHtmlEncoding(text);
  if (!sheepop::IsValidUtf8(sheepop::MarkupText(text, sheepop::kHtmlRules))) std::abort();
  for (const auto part : {sheepop::HtmlPart::kMain, sheepop::HtmlPart::kWhole}) {
    for (const auto style : {sheepop::HtmlStyle::kPlain, sheepop::HtmlStyle::kMarkdown}) {
      try {
        if (!sheepop::IsValidUtf8(sheepop::HtmlToText(text, part, style).text)) std::abort();
      } catch (const sheepop::Error&) {
      }
    }
  }
  return 0;
}
