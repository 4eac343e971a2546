#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/readers/soft_hyphens.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sheepop::HasWinAnsiFonts(bytes);
  sheepop::MayHoldSoftHyphens(bytes);
  const sheepop::SoftHyphens found = sheepop::FindSoftHyphens(bytes);
  std::string text = sheepop::ToValidUtf8(bytes);
  for (const std::string& word : found) text += " " + word.substr(0, word.find("\u00AD")) + "-";
  sheepop::SoftenHyphens(text, found);
  if (!sheepop::IsValidUtf8(text)) std::abort();
  return 0;
}
