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

// Break opportunities, and marks that forbid or allow a break; without width, they only tear words apart for a model.
bool IsBreakControl(char32_t c) { return c == 0x00AD || c == 0x200B || c == 0x2060; }

bool IsJoiner(char32_t c) { return c == 0x200C || c == 0x200D; }

// The scripts in which a joiner chooses between forms of letters: Arabic and its relatives, Mongolian, those of India and
// around it.
bool TakesJoiners(char32_t c) {
  return (c >= 0x0600 && c <= 0x08FF) || (c >= 0x0900 && c <= 0x0DFF) || (c >= 0x1000 && c <= 0x109F) ||
         (c >= 0x1780 && c <= 0x18AF) || (c >= 0xA840 && c <= 0xA8FF) || (c >= 0xFB50 && c <= 0xFDFF) ||
         (c >= 0xFE70 && c <= 0xFEFC) || (c >= 0x11000 && c <= 0x11FFF) || (c >= 0x1E900 && c <= 0x1E95F);
}

// Emoji, and what may stand in them: skin tones, the variation selector, tags of flags.
bool IsEmoji(char32_t c) {
  return c == 0xFE0F || c == 0x00A9 || c == 0x00AE || (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x1F000 && c <= 0x1FAFF) ||
         (c >= 0xE0020 && c <= 0xE007F);
}

// Whether a joiner behind `before` and in front of `rest` has work to do.
bool Joins(char32_t joiner, char32_t before, std::string_view rest) {
  if (TakesJoiners(before)) return true;
  return joiner == 0x200D && IsEmoji(before) && !rest.empty() && IsEmoji(DecodeUtf8(rest).code_point);
}

bool IsPlain(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) || c == '\n' || c == '\t';
}

// A soft hyphen at the end of a line of plain text: the line end goes with it, and the word is whole again.
size_t LineEndAfter(const Document& document, char32_t c, std::string_view rest) {
  if (c != 0x00AD || document.laid_out) return 0;
  const size_t end = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
  return end < rest.size() && end > 0 && static_cast<unsigned char>(rest[end]) > 0x20 ? end : 0;
}

// The step `hyphenation` has to see it.
bool KeptForLayout(const Document& document, char32_t c, std::string_view rest) {
  return c == 0x00AD && document.laid_out && !rest.empty() && IsLayoutMark(rest.front());
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
    char32_t before = 0;  // the last character beyond ASCII that stayed, while nothing plain followed
    while (!rest.empty()) {
      if (IsPlain(rest.front())) {
        before = 0;
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
      } else if (!code && (IsBreakControl(c) || (IsJoiner(c) && !Joins(c, before, rest.substr(length))))) {
        if (KeptForLayout(document, c, rest.substr(length))) {
          out.append(rest.substr(0, length));
        } else {
          length += LineEndAfter(document, c, rest.substr(length));
          ++result.changes;
        }
      } else {
        out.append(rest.substr(0, length));
        before = c;
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
