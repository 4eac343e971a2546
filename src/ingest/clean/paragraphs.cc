#include <utf8proc.h>

#include "base/utf8.h"
#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

bool IsLower(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_LL; }

// Chinese and Japanese are written without spaces, so their lines join without one.
bool IsWide(char32_t c) {
  return (c >= 0x3000 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFFEF);
}

char32_t Last(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0 && text.size() - begin < 4) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xC0) != 0x80) break;
  }
  return begin < text.size() ? DecodeUtf8(text.substr(begin)).code_point : 0;
}

bool EndsSentence(char32_t c) {
  return c == '.' || c == '!' || c == '?' || c == ':' || c == ';' || c == '"' || c == 0x201D || c == 0x2019 ||
         c == 0xBB || c == 0x3002;
}

bool IsBreak(char c) { return c == kSoftBreak || c == kHardBreak || c == kColumnBreak || c == kPageBreak; }

// What a run of marks between two pieces of text becomes.
std::string_view Joint(std::string_view marks, char32_t before, char32_t after) {
  if (marks == std::string_view(&kSoftBreak, 1)) return IsWide(before) && IsWide(after) ? "" : " ";
  if (marks == std::string_view(&kHardBreak, 1)) return "\n";
  const bool other_place =
      marks.find(kPageBreak) != std::string_view::npos || marks.find(kColumnBreak) != std::string_view::npos;
  if (other_place && IsLower(after) && !EndsSentence(before)) return " ";
  return "\n\n";
}

class Paragraphs : public CleanStep {
 public:
  std::string_view name() const override { return "paragraphs"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (!document.laid_out) return result;
    std::string out;
    const std::string_view text = document.text;
    for (size_t at = 0; at < text.size();) {
      size_t end = at;
      while (end < text.size() && !IsBreak(text[end])) ++end;
      out.append(text.substr(at, end - at));
      size_t next = end;
      while (next < text.size() && IsBreak(text[next])) ++next;
      if (next < text.size() && !out.empty()) {
        const std::string_view joint =
            Joint(text.substr(end, next - end), Last(out), DecodeUtf8(text.substr(next)).code_point);
        result.changes += joint.size() < 2 && joint != "\n";
        out += joint;
      }
      at = next;
    }
    if (!out.empty()) out.push_back('\n');
    document.text = std::move(out);
    document.laid_out = false;
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeParagraphs() { return std::make_unique<Paragraphs>(); }

}  // namespace sheepop
