#include <cstddef>
#include <cstdint>

#include "ingest/readers/jpeg_page.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto info = sheepop::ReadJpegInfo(bytes)) sheepop::JpegAsPdf(bytes, *info);
  return 0;
}
