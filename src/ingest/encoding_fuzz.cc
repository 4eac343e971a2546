#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/part_store.h"
#include "ingest/sniff.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sheepop::SniffBytes(bytes, bytes, bytes);
  const sheepop::DecodedText decoded = sheepop::ToUtf8(bytes);
  if (!sheepop::IsValidUtf8(decoded.text) || decoded.text.find('\0') != std::string::npos) std::abort();
  if (!sheepop::IsValidUtf8(sheepop::DisplayName(bytes))) std::abort();
  return 0;
}
