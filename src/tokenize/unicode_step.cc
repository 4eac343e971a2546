#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/utf8.h"
#include "tokenize/normalizer.h"

namespace sheepop {
namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

// Runs of marks are put into the order of their combining classes. utf8proc does this by exchanging neighbours, which is
// quadratic in the length of a run.
void SortMarks(CodePoints& points) {
  const auto combining = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (size_t i = 0; i < points.size();) {
    if (combining(points[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < points.size() && combining(points[end]) != 0) ++end;
    std::stable_sort(points.begin() + static_cast<ptrdiff_t>(i), points.begin() + static_cast<ptrdiff_t>(end),
                     [&](auto a, auto b) { return combining(a) < combining(b); });
    i = end;
  }
}

class UnicodeStep final : public NormalizerStep {
 public:
  explicit UnicodeStep(UnicodeForm form)
      : compose_(form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc),
        compatible_(form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd) {}

  bool Apply(std::string_view text, std::string& out) const override {
    // Below U+0300 every character is its own composed form, below U+0080 its own in all forms.
    const uint8_t first_that_may_change = compose_ && !compatible_ ? 0xCC : 0x80;
    const auto may_change = [&](char c) { return static_cast<uint8_t>(c) >= first_that_may_change; };
    if (std::none_of(text.begin(), text.end(), may_change)) return false;
    CodePoints points;
    while (!text.empty()) {
      const Utf8Step step = DecodeUtf8(text);
      if (step.valid) {
        Decompose(static_cast<utf8proc_int32_t>(step.code_point), points);
      } else {
        Flush(points, out);
        out.append(text.substr(0, step.length));
      }
      text.remove_prefix(step.length);
    }
    Flush(points, out);
    return true;
  }

 private:
  void Decompose(utf8proc_int32_t c, CodePoints& points) const {
    utf8proc_int32_t parts[32];  // no character has more than 18
    int boundary = 0;
    int options = UTF8PROC_DECOMPOSE;
    if (compatible_) options |= UTF8PROC_COMPAT;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(c, parts, 32, static_cast<utf8proc_option_t>(options), &boundary);
    if (count < 1 || count > 32) {
      points.push_back(c);
    } else {
      points.insert(points.end(), parts, parts + count);
    }
  }

  void Flush(CodePoints& points, std::string& out) const {
    SortMarks(points);
    auto count = static_cast<utf8proc_ssize_t>(points.size());
    if (compose_ && count > 0) {
      count = utf8proc_normalize_utf32(points.data(), count,
                                       static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) AppendUtf8(static_cast<char32_t>(points[static_cast<size_t>(i)]), out);
    points.clear();
  }

  bool compose_, compatible_;
};

}  // namespace

std::unique_ptr<const NormalizerStep> MakeUnicodeStep(UnicodeForm form) { return std::make_unique<UnicodeStep>(form); }

}  // namespace sheepop
