#include "base/quoted.h"

#include <fmt/core.h>

#include "base/utf8.h"

namespace sheepop {

std::string Quoted(std::string_view text) {
  constexpr size_t kMaxBytes = 100;
  const bool cut = text.size() > kMaxBytes;
  if (cut) text = text.substr(0, kMaxBytes);
  std::string out = "\"";
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    text.remove_prefix(step.length);
    const bool control = step.code_point < 0x20 || (step.code_point >= 0x7f && step.code_point < 0xa0);
    if (control) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(step.code_point));
    } else {
      if (step.code_point == U'"' || step.code_point == U'\\') out += '\\';
      AppendUtf8(step.code_point, out);
    }
  }
  return out + (cut ? "...\"" : "\"");
}

}  // namespace sheepop
