#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/readers/direction.h"
#include "ingest/readers/gutters.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/ocr.h"
#include "ingest/readers/page_roles.h"
#include "ingest/readers/page_tables.h"
#include "ingest/readers/page_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (sheepop::LayoutPage& page : sheepop::ParsePopplerLayout(bytes)) {
    if (!sheepop::IsValidUtf8(sheepop::RenderPage(sheepop::Unmirrored(page)).text)) std::abort();
    for (sheepop::LayoutPage& upright : sheepop::UprightPages(std::move(page))) {
      const sheepop::Gutters gutters = sheepop::FindGutters(upright);
      sheepop::PartAtGutters(upright, gutters);
      sheepop::GatherTables(upright, gutters);
      sheepop::SortForReading(upright);
      if (!sheepop::IsValidUtf8(sheepop::RenderPage(upright).text)) std::abort();
      sheepop::MarkRoles(upright, sheepop::StyleOf({upright}));
      if (!sheepop::IsValidUtf8(sheepop::RenderPage(upright, true).text)) std::abort();
    }
  }
  for (const sheepop::RenderedPage& page : sheepop::ParseTesseractTsv(bytes).pages) {
    if (!sheepop::IsValidUtf8(page.text)) std::abort();
  }
  return 0;
}
