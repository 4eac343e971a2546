#include "ingest/suspicion.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
    {"garbled_text_layer", "its text layer makes no sense; set ocr, or leave it out"},
    {"low_ocr_confidence", "OCR was unsure of what it read"},
    {"mojibake", "UTF-8 that was once read as Windows-1252; the step `mojibake` repairs it"},
    {"base64", "long runs of encoded bytes"},
    {"minified_code", "code without line ends"},
    {"replacement_characters", "characters that were lost before or while it was read"},
    {"marker_strings", "holds marks such as <|endoftext|>; they stay text"},
};

// Windows-1252's characters for the bytes 80 to 9F; 0 where it has none.
constexpr std::array<char32_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// The byte that Windows-1252 has for a character, or -1.
int ByteOf(char32_t c) {
  if (c < 0x80 || (c >= 0xA0 && c <= 0xFF)) return static_cast<int>(c);
  const auto found = c == 0 ? kWindows1252.end() : std::find(kWindows1252.begin(), kWindows1252.end(), c);
  if (found != kWindows1252.end()) return 0x80 + static_cast<int>(found - kWindows1252.begin());
  return c >= 0x80 && c < 0xA0 ? static_cast<int>(c) : -1;
}

struct Misread {
  Utf8Step original{};
  size_t length = 0;  // of the misread characters in bytes of UTF-8; 0 when there is no misread character here
};

// The character beyond ASCII whose UTF-8 bytes, each taken for a character, stand at the front of `text`.
Misread ReadBack(std::string_view text) {
  std::string bytes;
  size_t length = 0;
  while (bytes.size() < 4 && length < text.size()) {
    const Utf8Step step = DecodeUtf8(text.substr(length));
    const int byte = step.valid ? ByteOf(step.code_point) : -1;
    if (byte < 0x80) break;
    bytes.push_back(static_cast<char>(byte));
    length += step.length;
    const Utf8Step whole = DecodeUtf8(bytes);
    if (whole.valid && whole.length == bytes.size() && whole.length > 1) return {whole, length};
  }
  return {};
}

bool HasBase64(std::string_view text) {
  size_t run = 0, total = 0;
  bool digit = false, upper = false, lower = false;
  const auto close = [&] {
    if (run >= 200 && digit && upper && lower) total += run;
    run = 0;
    digit = upper = lower = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (std::isalnum(c) || c == '+' || c == '/' || c == '=') {
      ++run;
      digit = digit || std::isdigit(c);
      upper = upper || std::isupper(c);
      lower = lower || std::islower(c);
    } else if (c != '\n' || run < 60) {  // encoders break their lines at 64 or 76
      close();
    }
  }
  close();
  return total >= 400;
}

bool IsMinified(const Document& document) {
  if (document.kind != DocumentKind::kCode || document.text.size() < 5000) return false;
  const auto lines = 1 + std::count(document.text.begin(), document.text.end(), '\n');
  return document.text.size() / static_cast<size_t>(lines) > 500;
}

bool HasMarkers(std::string_view text) {
  static constexpr std::string_view kMarkers[] = {
      "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",    "<start_of_turn>",
      "<end_of_turn>", "[INST]",       "<<SYS>>",    "<|user|>",          "<|assistant|>", "<|system|>"};
  return std::any_of(std::begin(kMarkers), std::end(kMarkers),
                     [&](std::string_view m) { return text.find(m) != std::string_view::npos; });
}

uint64_t CountReplacements(std::string_view text) {
  uint64_t count = 0;
  for (size_t at = 0; (at = text.find("\xEF\xBF\xBD", at)) != std::string_view::npos; at += 3) ++count;
  return count;
}

}  // namespace

void AddSuspicions(Document& document) {
  const auto add = [&](bool holds, const char* name) {
    auto& all = document.suspicions;
    if (holds && std::find(all.begin(), all.end(), name) == all.end()) all.emplace_back(name);
  };
  const bool code = IsCode(document);
  add(document.ocr_confidence && *document.ocr_confidence < 70, "low_ocr_confidence");
  add(!code && CountMojibake(document.text).likely(), "mojibake");
  add(HasBase64(document.text), "base64");
  add(IsMinified(document), "minified_code");
  add(CountReplacements(document.text) * 1000 > CountCharacters(document.text), "replacement_characters");
  add(HasMarkers(document.text), "marker_strings");
}

std::string_view SuspicionMeaning(std::string_view name) {
  for (const auto& [key, meaning] : kMeanings) {
    if (key == name) return meaning;
  }
  return "";
}

MojibakeCount CountMojibake(std::string_view text) {
  MojibakeCount count;
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    if (const Misread misread = ReadBack(text); misread.length > 0) {
      ++count.pairs;
      text.remove_prefix(misread.length);
    } else {
      ++count.others;
      text.remove_prefix(DecodeUtf8(text).length);
    }
  }
  return count;
}

uint64_t RepairMojibake(std::string& utf8) {
  if (!CountMojibake(utf8).likely()) return 0;
  std::string out;
  uint64_t repaired = 0;
  std::string_view rest = utf8;
  while (!rest.empty()) {
    if (const Misread misread = ReadBack(rest); misread.length > 0) {
      AppendUtf8(misread.original.code_point, out);
      ++repaired;
      rest.remove_prefix(misread.length);
    } else {
      const uint32_t length = DecodeUtf8(rest).length;
      out.append(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  }
  utf8 = std::move(out);
  return repaired;
}

}  // namespace sheepop
