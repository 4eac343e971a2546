#include "ingest/readers/soft_hyphens.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr unsigned char kDrawn = 0xAD;
constexpr size_t kLongestPart = 60;  // letters

bool IsLetter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

// The letters of Windows-1252 stand where Latin-1 has them, but for seven.
char32_t Letter(unsigned char byte) {
  switch (byte) {
    case 0x83: return 0x0192;
    case 0x8A: return 0x0160;
    case 0x8C: return 0x0152;
    case 0x8E: return 0x017D;
    case 0x9A: return 0x0161;
    case 0x9C: return 0x0153;
    case 0x9E: return 0x017E;
    case 0x9F: return 0x0178;
    default: return byte >= 0x80 && byte < 0xA0 ? 0 : byte;
  }
}

bool IsLetterByte(char c) {
  const char32_t letter = Letter(static_cast<unsigned char>(c));
  return letter != 0 && IsLetter(letter);
}

std::string Utf8(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) AppendUtf8(Letter(static_cast<unsigned char>(c)), text);
  return text;
}

// A string's bytes, from behind its "(" (PostScript Language Reference, 3.2.2); `at` ends behind its ")".
std::string StringAt(std::string_view postscript, size_t& at) {
  std::string bytes;
  for (int depth = 1; at < postscript.size(); ++at) {
    char c = postscript[at];
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) {
      ++at;
      break;
    }
    if (c == '\\' && at + 1 < postscript.size()) {
      c = postscript[++at];
      if (c == '\n') continue;
      if (c >= '0' && c <= '7') {
        unsigned value = 0;
        size_t digits = 0;
        for (; digits < 3 && at < postscript.size() && postscript[at] >= '0' && postscript[at] <= '7'; ++digits) {
          value = value * 8 + static_cast<unsigned>(postscript[at++] - '0');
        }
        --at;
        c = static_cast<char>(value);
      }
    }
    bytes.push_back(c);
  }
  return bytes;
}

void Collect(std::string_view bytes, SoftHyphens& found) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (static_cast<unsigned char>(bytes[at]) != kDrawn) continue;
    size_t begin = at, end = at + 1;
    while (begin > 0 && at - begin < kLongestPart && IsLetterByte(bytes[begin - 1])) --begin;
    while (end < bytes.size() && end - at <= kLongestPart && IsLetterByte(bytes[end])) ++end;
    if (begin < at)
      found.insert(Utf8(bytes.substr(begin, at - begin)) + "\u00AD" + Utf8(bytes.substr(at + 1, end - at - 1)));
  }
}

}  // namespace

bool MayHoldSoftHyphens(std::string_view page_text) {
  for (size_t at = 0; (at = page_text.find('-', at)) != std::string_view::npos; ++at) {
    const auto lower = [&](size_t i) {
      return i < page_text.size() && std::islower(static_cast<unsigned char>(page_text[i]));
    };
    if (!lower(at + 1) || !lower(at + 2) || !lower(at + 3)) continue;
    size_t begin = at;
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(page_text[i]); };
    while (begin > 0 && at - begin < kLongestPart && (std::isalpha(byte(begin - 1)) || byte(begin - 1) >= 0x80))
      --begin;
    if (at - begin > 2 && (std::isupper(byte(begin)) || byte(begin) >= 0x80) && !std::isupper(byte(at - 1)))
      return true;
  }
  return false;
}

bool HasWinAnsiFonts(std::string_view pdffonts) {
  while (!pdffonts.empty()) {
    const size_t end = std::min(pdffonts.find('\n'), pdffonts.size());
    const std::string_view line = pdffonts.substr(0, end);
    pdffonts.remove_prefix(std::min(end + 1, pdffonts.size()));
    // Columns: name, type, encoding, emb, sub, uni, object.
    const size_t encoding = line.rfind(" WinAnsi ");
    if (encoding == std::string_view::npos) continue;
    std::vector<std::string_view> columns;
    std::string_view rest = line.substr(encoding + 9);
    while (columns.size() < 3 && !rest.empty()) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      const size_t word = std::min(rest.find(' '), rest.size());
      columns.push_back(rest.substr(0, word));
      rest.remove_prefix(word);
    }
    if (columns.size() == 3 && columns[2] == "no") return true;
  }
  return false;
}

SoftHyphens FindSoftHyphens(std::string_view postscript) {
  SoftHyphens found;
  std::string run;  // strings with nothing but widths and kerning between them
  for (size_t at = 0; at < postscript.size();) {
    const size_t open = std::min(postscript.find('(', at), postscript.size());
    const std::string_view between = postscript.substr(at, open - at);
    if (between.find("Tm") != std::string_view::npos || between.find("Td") != std::string_view::npos) {
      Collect(run, found);
      run.clear();
    }
    if (open == postscript.size()) break;
    at = open + 1;
    run += StringAt(postscript, at);
  }
  Collect(run, found);
  return found;
}

void SoftenHyphens(std::string& text, const SoftHyphens& found) {
  if (found.empty()) return;
  std::string out;
  size_t done = 0;
  for (size_t at = 0; (at = text.find('-', at)) != std::string::npos; ++at) {
    size_t begin = at, end = at + 1, letters = 0;
    while (begin > 0 && letters++ < kLongestPart) {
      size_t last = begin - 1;
      while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
      if (!IsLetter(DecodeUtf8(std::string_view(text).substr(last)).code_point)) break;
      begin = last;
    }
    for (letters = 0; end < text.size() && letters < kLongestPart; ++letters) {
      const Utf8Step step = DecodeUtf8(std::string_view(text).substr(end));
      if (!IsLetter(step.code_point)) break;
      end += step.length;
    }
    if (!found.contains(text.substr(begin, at - begin) + "\u00AD" + text.substr(at + 1, end - at - 1))) continue;
    out.append(text, done, at - done);
    out += "\u00AD";
    done = at + 1;
  }
  text = out + text.substr(done);
}

}  // namespace sheepop
