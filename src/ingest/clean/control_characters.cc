#include "base/utf8.h"
#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

bool IsMark(char32_t c) { return c == kHardBreak || c == kColumnBreak || c == kPageBreak; }

// The length of a terminal's escape sequence (ECMA-48) at the front of `text`, which begins with ESC.
size_t EscapeLength(std::string_view text) {
  if (text.size() < 2 || text[1] != '[') return 1;
  size_t at = 2;
  while (at < text.size() && text[at] >= 0x20 && text[at] <= 0x3F) ++at;
  return at < text.size() && text[at] >= 0x40 && text[at] <= 0x7E ? at + 1 : 1;
}

// Embeddings, overrides and isolates steer a display; left in, they tell a model nothing and hide text from people.
bool IsDirectionControl(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

bool IsRemoved(char32_t c, bool code) {
  if (c < 0x20) return c != '\t' && c != '\n';
  if (c >= 0x7F && c <= 0x9F) return true;
  if (c == 0xFEFF || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF)) return true;
  return !code && IsDirectionControl(c);
}

bool IsPlain(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) || c == '\n' || c == '\t';
}

class ControlCharacters : public CleanStep {
 public:
  std::string_view name() const override { return "control_characters"; }

  CleanResult Apply(Document& document) const override {
    const bool code = IsCode(document);
    CleanResult result;
    std::string out;
    out.reserve(document.text.size());
    std::string_view rest = document.text;
    while (!rest.empty()) {
      if (IsPlain(rest.front())) {
        size_t run = 1;
        while (run < rest.size() && IsPlain(rest[run])) ++run;
        out.append(rest.substr(0, run));
        rest.remove_prefix(run);
        continue;
      }
      const Utf8Step step = DecodeUtf8(rest);
      size_t length = step.length;
      const char32_t c = step.code_point;
      if ((document.laid_out && IsMark(c)) || (code && c == '\f')) {
        out.push_back(static_cast<char>(c));
      } else if (c == '\r') {
        length += rest.substr(1).starts_with('\n');
        out.push_back('\n');
      } else if (c == '\f' || c == '\v' || c == 0x85 || (!code && (c == 0x2028 || c == 0x2029))) {
        out.push_back('\n');
        ++result.changes;
      } else if (c == 0x1B) {
        length = EscapeLength(rest);
        ++result.changes;
      } else if (IsRemoved(c, code)) {
        ++result.changes;
      } else {
        out.append(rest.substr(0, length));
      }
      rest.remove_prefix(length);
    }
    document.text = std::move(out);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeControlCharacters() { return std::make_unique<ControlCharacters>(); }

}  // namespace sheepop
