#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/ocr.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (sheepop::LayoutPage& page : sheepop::ParsePopplerLayout(bytes)) {
    sheepop::GatherTables(page);
    sheepop::SortForReading(page);
    if (!sheepop::IsValidUtf8(sheepop::RenderPage(page))) std::abort();
  }
  for (const std::string& page : sheepop::ParseTesseractTsv(bytes).pages) {
    if (!sheepop::IsValidUtf8(page)) std::abort();
  }
  return 0;
}
