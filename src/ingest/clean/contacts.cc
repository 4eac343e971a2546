#include "ingest/clean/contacts.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr std::string_view kWideAt = "\xEF\xBC\xA0";
constexpr size_t kLongestLocal = 64, kLongestDomain = 254;  // characters (RFC 5321, 4.5.3.1)

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Whose words follow each other without a space, or take endings that are no part of a name in Latin letters.
bool IsUnspacedScript(char32_t c) {
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
         (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF66 && c <= 0xFFDC) || (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x1100 && c <= 0x11FF);
}

bool IsWordCharacter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME) || category == UTF8PROC_CATEGORY_ND;
}

// Grows a part of an address by characters that may stand in it, all of one kind of script.
class AddressPart {
 public:
  explicit AddressPart(std::string_view signs) : signs_(signs) {}

  bool Takes(char32_t c) {
    if (c < 0x80 && signs_.find(static_cast<char>(c)) != std::string_view::npos) return true;
    if (!IsWordCharacter(c)) return false;
    const int kind = IsUnspacedScript(c) ? 2 : 1;
    if (kind_ == 0) kind_ = kind;
    return kind_ == kind;
  }

 private:
  std::string_view signs_;
  int kind_ = 0;
};

size_t CharacterBefore(std::string_view text, size_t at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

size_t LocalBegin(std::string_view text, size_t from, size_t at) {
  AddressPart part("._%+-");
  size_t begin = at;
  for (size_t taken = 0; begin > from && taken < kLongestLocal; ++taken) {
    const size_t before = CharacterBefore(text, begin);
    if (before < from) break;
    const char32_t c = DecodeUtf8(text.substr(before)).code_point;
    // An apostrophe between letters belongs to a name, one before them to the sentence.
    const bool apostrophe = c == '\'' && begin < at && before > from && IsAlnum(text[before - 1]);
    if (!apostrophe && !part.Takes(c)) break;
    begin = before;
  }
  while (begin < at && (text[begin] == '.' || text[begin] == '-' || text[begin] == '%')) ++begin;
  return begin;
}

// The end of the domain that begins at `begin`, or `begin` when there is none.
size_t DomainEnd(std::string_view text, size_t begin) {
  size_t end = begin, good = begin, dots = 0, label = 0;
  bool digits = true;
  AddressPart part("-");
  for (size_t taken = 0; end < text.size() && taken < kLongestDomain; ++taken) {
    const Utf8Step step = DecodeUtf8(text.substr(end));
    if (step.code_point == '.') {
      if (label == 0) break;
      ++dots;
      label = 0;
      digits = true;
      part = AddressPart("-");
    } else if (step.valid && part.Takes(step.code_point)) {
      ++label;
      digits = digits && step.code_point < 0x80 && IsDigit(static_cast<char>(step.code_point));
    } else {
      break;
    }
    end += step.length;
    if (dots > 0 && label >= 2 && !digits && text[end - 1] != '-') good = end;
  }
  return good;
}

// Digits, their groups and what stands between them, from `at`.
struct NumberShape {
  std::string digits;
  std::vector<size_t> groups;
  bool spaces_alone = true;  // nothing but spaces between the groups
  size_t end = 0;
};

NumberShape ShapeAt(std::string_view text, size_t at) {
  const auto between = [](char c) { return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'; };
  NumberShape shape;
  shape.end = at;
  size_t gap = 0;
  bool marks = text[at] == '(';
  for (size_t i = at + (text[at] == '+'); i < text.size() && shape.digits.size() < 17; ++i) {
    if (IsDigit(text[i])) {
      if (shape.groups.empty() || gap > 0) shape.groups.push_back(0);
      if (marks) shape.spaces_alone = false;
      ++shape.groups.back();
      shape.digits.push_back(text[i]);
      shape.end = i + 1;
      gap = 0;
    } else if (between(text[i]) && gap < 2) {
      ++gap;
      marks = marks || text[i] != ' ';
    } else {
      break;
    }
  }
  return shape;
}

// "+12 345 678" is a sum: digits by thousands, fewer than a country's numbers have.
bool IsInternational(const NumberShape& shape) {
  const size_t count = shape.digits.size();
  if (count < 8 || count > 15 || shape.digits.front() == '0') return false;
  const bool thousands = shape.groups.size() > 2 && std::all_of(shape.groups.begin() + 1, shape.groups.end(),
                                                                [](size_t group) { return group == 3; });
  return !(thousands && shape.spaces_alone && count <= 9);
}

bool IsAmerican(const NumberShape& shape) {
  const bool country = shape.groups == std::vector<size_t>{1, 3, 3, 4} && shape.digits[0] == '1';
  if (!country && shape.groups != std::vector<size_t>{3, 3, 4}) return false;
  return shape.digits[country ? 1 : 0] >= '2';  // no area begins with 0 or 1
}

// Words that stand before a number to be called, or no words at all: the beginning of a line, a colon, a bracket.
bool SaysTelephone(std::string_view text, size_t at) {
  constexpr size_t kNear = 40;
  std::vector<std::string> words(1);
  for (size_t i = at - std::min<size_t>(at, kNear); i < at; ++i) {
    if (text[i] == '\n') words.assign(1, "");
    if (IsAlnum(text[i])) words.back().push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i]))));
    if (!IsAlnum(text[i]) && !words.back().empty()) words.emplace_back();
  }
  const std::string_view before = text.substr(0, at);
  const size_t last = before.find_last_not_of(' ');
  if (last == std::string_view::npos || std::string_view("\n:(|\t").find(before[last]) != std::string_view::npos)
    return true;
  static constexpr std::string_view kWords[] = {"tel",  "telephone", "phone",  "call", "dial", "ring",    "fax",
                                                "cell", "telefon",   "mobile", "sms",  "text", "contact", "reach"};
  return std::ranges::any_of(
      words, [&](const std::string& word) { return std::ranges::find(kWords, word) != std::end(kWords); });
}

bool IsCounted(std::string_view text, size_t at, const NumberShape& shape) {
  if (at > 0 && (text[at - 1] == '$' || text[at - 1] == '#' || text.substr(0, at).ends_with("\u20AC") ||
                 text.substr(0, at).ends_with("\u00A3"))) {
    return true;
  }
  return text.substr(shape.end).starts_with('%');
}

}  // namespace

std::optional<TextSpan> FindEmail(std::string_view text, size_t from) {
  for (size_t at = from; (at = text.find_first_of("@\xEF", at)) != std::string_view::npos; ++at) {
    const size_t sign = text[at] == '@' ? 1 : text.substr(at).starts_with(kWideAt) ? kWideAt.size() : 0;
    if (sign == 0) continue;
    const size_t begin = LocalBegin(text, from, at), end = DomainEnd(text, at + sign);
    if (begin < at && end > at + sign) return TextSpan{begin, end};
  }
  return std::nullopt;
}

std::optional<TextSpan> FindPhone(std::string_view text, size_t from) {
  for (size_t at = from; at < text.size(); ++at) {
    const bool starts = text[at] == '+' || text[at] == '(' || IsDigit(text[at]);
    if (!starts || (at > 0 && (IsAlnum(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '-'))) continue;
    const NumberShape shape = ShapeAt(text, at);
    const bool word_goes_on = shape.end < text.size() && IsAlnum(text[shape.end]);
    const bool number = !shape.digits.empty() && !word_goes_on && !IsCounted(text, at, shape);
    const bool american = number && IsAmerican(shape) && (!shape.spaces_alone || SaysTelephone(text, at));
    if (american || (number && text[at] == '+' && IsInternational(shape))) return TextSpan{at, shape.end};
    if (shape.end > at) at = shape.end - 1;
  }
  return std::nullopt;
}

}  // namespace sheepop
