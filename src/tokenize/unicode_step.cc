#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenize/normalizer.h"

namespace sheepop {
namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

// The characters after Unicode 9 that have a combining class or a decomposition. The tokenizers that models were trained
// with know Unicode 9, so to them these are like letters.
constexpr std::array<std::pair<char32_t, char32_t>, 39> kLaterThanUnicode9 = {{
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0xECE, 0xECE},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},
    {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},   {0xA82C, 0xA82C},   {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC},
    {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B},
    {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F},
    {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
}};

bool IsLaterThanUnicode9(char32_t c) {
  const auto range = std::upper_bound(kLaterThanUnicode9.begin(), kLaterThanUnicode9.end(), c,
                                      [](char32_t point, const auto& r) { return point < r.first; });
  return range != kLaterThanUnicode9.begin() && c <= std::prev(range)->second;
}

// utf8proc 2.8 composes a syllable and this letter, which is not a final, to the syllable alone.
constexpr char32_t kHangulBeforeFirstFinal = 0x11A7;

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
    const auto changes = [&](char c) { return static_cast<uint8_t>(c) >= first_that_may_change; };
    const auto stays = [&](char c) { return static_cast<uint8_t>(c) < first_that_may_change && (c & 0xC0) != 0x80; };
    const char *at = text.data(), *const end = at + text.size();
    CodePoints points;
    while (true) {
      const char* begin = std::find_if(at, end, changes);
      if (begin == end) break;
      // What may change may also join the one character before it.
      if (begin != at) --begin;
      while (begin != at && (*begin & 0xC0) == 0x80) --begin;
      out.append(at, begin);
      const char* behind = std::find_if(std::find_if(begin, end, changes), end, stays);
      Normalize({begin, behind}, points, out);
      at = behind;
    }
    if (at == text.data()) return false;
    out.append(at, end);
    return true;
  }

 private:
  void Normalize(std::string_view text, CodePoints& points, std::string& out) const {
    while (!text.empty()) {
      const Utf8Step step = DecodeUtf8(text);
      const bool known = step.code_point != kHangulBeforeFirstFinal && !IsLaterThanUnicode9(step.code_point);
      if (step.valid && known) {
        Decompose(static_cast<utf8proc_int32_t>(step.code_point), points);
      } else {
        Flush(points, out);
        out.append(text.substr(0, step.length));
      }
      text.remove_prefix(step.length);
    }
    Flush(points, out);
  }

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
