#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/readers/html.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = sheepop::ToValidUtf8({reinterpret_cast<const char*>(data), size});
  sheepop::DeclaredHtmlEncoding(text);
  for (const auto part : {sheepop::HtmlPart::kMain, sheepop::HtmlPart::kWhole}) {
    try {
      if (!sheepop::IsValidUtf8(sheepop::HtmlToText(text, part).text)) std::abort();
    } catch (const sheepop::Error&) {
    }
  }
  return 0;
}
