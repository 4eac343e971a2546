#include "jinja/string.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "jinja/lexer.h"

namespace sheepop::jinja {

namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Calls visit(code point, begin, end) for each character.
template <typename Visit>
void ForEachCodePoint(std::string_view text, Visit visit) {
  for (size_t i = 0; i < text.size();) {
    Utf8Step step = DecodeUtf8(text.substr(i));
    visit(step.code_point, i, i + step.length);
    i += step.length;
  }
}

utf8proc_category_t Category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool IsLetter(char32_t c) {
  utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool IsCased(char32_t c) {
  utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT;
}
bool IsLetterOrNumber(char32_t c) {
  utf8proc_category_t category = Category(c);
  return IsLetter(c) || (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}
bool IsDecimal(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_ND; }

void AppendUpper(char32_t c, std::string& out) {
  if (c == 0xDF) {
    out += "SS";
  } else {
    AppendUtf8(static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))), out);
  }
}
void AppendLower(char32_t c, std::string& out) {
  AppendUtf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
}
void AppendTitle(char32_t c, std::string& out) {
  if (c == 0xDF) {
    out += "Ss";
  } else {
    AppendUtf8(static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))), out);
  }
}

// Each character as append(code point, out) writes it, with the mark it had.
template <typename Append>
Text MapCharacters(const Text& text, Append append) {
  Text mapped;
  std::string piece;
  ForEachCodePoint(text.bytes(), [&](char32_t c, size_t begin, size_t) {
    piece.clear();
    append(c, piece);
    mapped.Append(piece, text.OriginAt(begin));
  });
  return mapped;
}

template <typename Predicate>
bool AllOf(std::string_view text, Predicate predicate) {
  bool all = !text.empty();
  ForEachCodePoint(text, [&](char32_t c, size_t, size_t) { all = all && predicate(c); });
  return all;
}

}  // namespace

size_t CountCodePoints(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

size_t ByteOfCodePoint(std::string_view text, size_t index) {
  size_t byte = 0;
  for (; index > 0 && byte < text.size(); --index) {
    ++byte;
    while (byte < text.size() && IsContinuation(text[byte])) ++byte;
  }
  return byte;
}

Text SliceCodePoints(const Text& text, size_t begin, size_t end) {
  size_t first = ByteOfCodePoint(text.bytes(), begin);
  size_t count = end > begin ? end - begin : 0;
  return text.Slice(first, first + ByteOfCodePoint(std::string_view(text.bytes()).substr(first), count));
}

Text PickCodePoints(const Text& text, int64_t first, int64_t step, int64_t count) {
  if (count == 0) return Text();
  if (step == 1) return SliceCodePoints(text, static_cast<size_t>(first), static_cast<size_t>(first + count));
  std::vector<size_t> begins;
  ForEachCodePoint(text.bytes(), [&](char32_t, size_t begin, size_t) { begins.push_back(begin); });
  begins.push_back(text.size());
  Text picked;
  for (int64_t i = 0; i < count; ++i) {
    auto at = static_cast<size_t>(first + i * step);
    picked.Append(text, begins[at], begins[at + 1]);
  }
  return picked;
}

size_t FindText(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (wanted.empty()) return from;
  // std::string_view::find takes quadratic time on hostile texts; memmem is two-way search.
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

size_t FindLastText(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return text.size();
  std::string reversed_text(text.rbegin(), text.rend());
  std::string reversed_wanted(wanted.rbegin(), wanted.rend());
  size_t found = FindText(reversed_text, reversed_wanted);
  return found == std::string_view::npos ? found : text.size() - found - wanted.size();
}

int64_t CountText(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return static_cast<int64_t>(CountCodePoints(text)) + 1;
  int64_t count = 0;
  for (size_t at = 0; (at = FindText(text, wanted, at)) != std::string_view::npos; at += wanted.size()) ++count;
  return count;
}

Text Strip(const Text& text, const std::optional<std::string_view>& characters, Side side) {
  std::u32string stripped;
  if (characters) ForEachCodePoint(*characters, [&](char32_t c, size_t, size_t) { stripped += c; });
  std::sort(stripped.begin(), stripped.end());
  auto strips = [&](std::string_view character) {
    char32_t c = DecodeUtf8(character).code_point;
    return characters ? std::binary_search(stripped.begin(), stripped.end(), c) : IsSpace(c);
  };
  std::string_view rest = text.bytes();
  size_t begin = 0;
  if (side != Side::kEnd) {
    while (!rest.empty()) {
      size_t length = DecodeUtf8(rest).length;
      if (!strips(rest.substr(0, length))) break;
      rest.remove_prefix(length);
      begin += length;
    }
  }
  while (side != Side::kFront && !rest.empty()) {
    size_t last = rest.size() - 1;
    while (last > 0 && IsContinuation(rest[last])) --last;
    if (!strips(rest.substr(last))) break;
    rest = rest.substr(0, last);
  }
  return text.Slice(begin, begin + rest.size());
}

namespace {

struct Span {
  size_t begin;
  size_t end;
};

std::vector<Text> SliceAll(const Text& text, const std::vector<Span>& spans) {
  std::vector<Text> parts;
  parts.reserve(spans.size());
  for (Span span : spans) parts.push_back(text.Slice(span.begin, span.end));
  return parts;
}

// The words between runs of whitespace.
std::vector<Span> Words(std::string_view text) {
  std::vector<Span> words;
  bool inside = false;
  ForEachCodePoint(text, [&](char32_t c, size_t begin, size_t end) {
    bool space = IsSpace(c);
    if (!space && !inside) words.push_back({begin, end});
    if (!space) words.back().end = end;
    inside = !space;
  });
  return words;
}

std::vector<Span> Pieces(std::string_view text, std::string_view separator) {
  std::vector<Span> pieces;
  size_t begin = 0;
  for (size_t at = 0; (at = FindText(text, separator, begin)) != std::string_view::npos;
       begin = at + separator.size()) {
    pieces.push_back({begin, at});
  }
  pieces.push_back({begin, text.size()});
  return pieces;
}

}  // namespace

std::vector<Text> Split(const Text& text, const std::optional<std::string_view>& separator, int64_t limit) {
  std::vector<Span> spans = separator ? Pieces(text.bytes(), *separator) : Words(text.bytes());
  if (limit >= 0 && spans.size() > static_cast<uint64_t>(limit) + 1) {
    spans.resize(static_cast<size_t>(limit) + 1);
    spans.back().end = text.size();
  }
  return SliceAll(text, spans);
}

std::vector<Text> SplitFromEnd(const Text& text, const std::optional<std::string_view>& separator, int64_t limit) {
  std::vector<Span> spans;
  if (!separator) {
    spans = Words(text.bytes());
    if (limit >= 0 && spans.size() > static_cast<uint64_t>(limit) + 1) {
      spans.erase(spans.begin(), spans.end() - limit - 1);
      spans.front().begin = 0;
    }
    return SliceAll(text, spans);
  }
  // Where separators overlap, the last is the one that counts: search the reversed text.
  std::string reversed(text.bytes().rbegin(), text.bytes().rend());
  std::string reversed_separator(separator->rbegin(), separator->rend());
  spans = Pieces(reversed, reversed_separator);
  if (limit >= 0 && spans.size() > static_cast<uint64_t>(limit) + 1) {
    spans.resize(static_cast<size_t>(limit) + 1);
    spans.back().end = text.size();
  }
  for (Span& span : spans) span = {text.size() - span.end, text.size() - span.begin};
  std::reverse(spans.begin(), spans.end());
  return SliceAll(text, spans);
}

std::vector<Text> SplitLines(const Text& text, bool keep_ends) {
  std::vector<Span> lines;
  size_t line_begin = 0;
  bool after_return = false;
  ForEachCodePoint(text.bytes(), [&](char32_t c, size_t begin, size_t end) {
    if (c == '\n' && after_return) {
      line_begin = end;
      if (keep_ends) lines.back().end = end;
    } else if ((c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029) {
      lines.push_back({line_begin, keep_ends ? end : begin});
      line_begin = end;
    }
    after_return = c == '\r';
  });
  if (line_begin < text.size()) lines.push_back({line_begin, text.size()});
  return SliceAll(text, lines);
}

Text Replace(const Text& text, std::string_view wanted, const Text& with, int64_t limit) {
  Text replaced;
  size_t begin = 0;
  if (wanted.empty()) {
    // Before each character, and at the end.
    for (int64_t count = 0; begin <= text.size() && (limit < 0 || count < limit); ++count) {
      replaced.Append(with);
      if (begin == text.size()) return replaced;
      size_t end = begin + DecodeUtf8(std::string_view(text.bytes()).substr(begin)).length;
      replaced.Append(text, begin, end);
      begin = end;
    }
  } else {
    for (int64_t count = 0; limit < 0 || count < limit; ++count) {
      size_t at = FindText(text.bytes(), wanted, begin);
      if (at == std::string_view::npos) break;
      replaced.Append(text, begin, at);
      replaced.Append(with);
      begin = at + wanted.size();
    }
  }
  replaced.Append(text, begin, text.size());
  return replaced;
}

Text Upper(const Text& text) { return MapCharacters(text, AppendUpper); }
Text Lower(const Text& text) { return MapCharacters(text, AppendLower); }

Text Capitalize(const Text& text) {
  bool first = true;
  return MapCharacters(text, [&](char32_t c, std::string& out) {
    first ? AppendTitle(c, out) : AppendLower(c, out);
    first = false;
  });
}

Text SwapCase(const Text& text) {
  return MapCharacters(text, [](char32_t c, std::string& out) {
    Category(c) == UTF8PROC_CATEGORY_LU ? AppendLower(c, out) : AppendUpper(c, out);
  });
}

Text Title(const Text& text) {
  bool inside = false;
  return MapCharacters(text, [&](char32_t c, std::string& out) {
    inside ? AppendLower(c, out) : AppendTitle(c, out);
    inside = IsCased(c);
  });
}

Text FilterTitle(const Text& text) {
  bool inside = false;
  return MapCharacters(text, [&](char32_t c, std::string& out) {
    bool separator = IsSpace(c) || (c < 0x80 && std::strchr("-({[<", static_cast<int>(c)) != nullptr && c != 0);
    inside ? AppendLower(c, out) : AppendUpper(c, out);
    inside = !separator;
  });
}

namespace {

bool HasOnlyCase(std::string_view text, utf8proc_category_t wanted) {
  bool any = false;
  bool other = false;
  ForEachCodePoint(text, [&](char32_t c, size_t, size_t) {
    if (!IsCased(c)) return;
    (Category(c) == wanted ? any : other) = true;
  });
  return any && !other;
}

}  // namespace

bool IsUpper(std::string_view text) { return HasOnlyCase(text, UTF8PROC_CATEGORY_LU); }
bool IsLower(std::string_view text) { return HasOnlyCase(text, UTF8PROC_CATEGORY_LL); }
bool IsSpaceText(std::string_view text) { return AllOf(text, IsSpace); }
bool IsAlpha(std::string_view text) { return AllOf(text, IsLetter); }
bool IsAlnum(std::string_view text) { return AllOf(text, IsLetterOrNumber); }
bool IsDigitText(std::string_view text) { return AllOf(text, IsDecimal); }

int64_t CountWords(std::string_view text) {
  int64_t words = 0;
  bool inside = false;
  ForEachCodePoint(text, [&](char32_t c, size_t, size_t) {
    bool in_word = IsLetterOrNumber(c) || c == '_';
    words += in_word && !inside ? 1 : 0;
    inside = in_word;
  });
  return words;
}

Text EscapeHtml(const Text& text) {
  return MapCharacters(text, [](char32_t c, std::string& out) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: AppendUtf8(c, out);
    }
  });
}

}  // namespace sheepop::jinja
