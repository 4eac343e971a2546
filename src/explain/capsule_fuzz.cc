// Any bytes: an error or a capsule, and a capsule is written and read again without a change.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "explain/capsule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sheepop;
  try {
    const std::string text = CapsuleText(ParseCapsule({reinterpret_cast<const char*>(data), size}));
    if (CapsuleText(ParseCapsule(text)) != text) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
