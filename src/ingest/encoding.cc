#include "ingest/encoding.h"

#include <fmt/core.h>
#include <iconv.h>
#include <uchardet/uchardet.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/utf8.h"

namespace sheepop {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kGuessBytes = 1 << 20;

struct Utf8Census {
  uint64_t two = 0, more = 0, bad = 0;  // characters of two bytes, of three and four; broken sequences
};

Utf8Census Count(std::string_view text) {
  Utf8Census census;
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const Utf8Step step = DecodeUtf8(text);
    ++(!step.valid ? census.bad : step.length == 2 ? census.two : census.more);
    text.remove_prefix(step.length);
  }
  return census;
}

std::string FromMark(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return "UTF-8";
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32LE";
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32BE";
  if (bytes.starts_with("\xFF\xFE")) return "UTF-16LE";
  if (bytes.starts_with("\xFE\xFF")) return "UTF-16BE";
  return "";
}

// Text in UTF-16 has its zeros on one side of each pair only.
std::string FromZeros(std::string_view bytes) {
  std::array<size_t, 2> zeros{};
  for (size_t i = 0; i < bytes.size(); ++i) zeros[i % 2] += bytes[i] == '\0';
  const size_t pairs = bytes.size() / 2;
  const auto [few, many] = std::minmax(zeros[0], zeros[1]);
  if (pairs < 4 || many * 10 <= pairs * 6 || few * 50 >= pairs) return "";
  return zeros[0] > zeros[1] ? "UTF-16BE" : "UTF-16LE";
}

bool IconvKnows(const std::string& encoding) {
  const iconv_t converter = ::iconv_open("UTF-8", encoding.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  ::iconv_close(converter);
  return true;
}

// What people write as ISO-8859-1 has had Windows' quotation marks in it for thirty years (the WHATWG rule).
std::string Widened(std::string encoding) {
  for (char& c : encoding) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (encoding == "ISO-8859-1" || encoding == "LATIN1" || encoding == "ASCII" || encoding == "US-ASCII")
    return "WINDOWS-1252";
  if (encoding == "ISO-8859-9") return "WINDOWS-1254";
  if (encoding == "GB2312" || encoding == "GBK") return "GB18030";
  if (encoding == "SHIFT_JIS") return "CP932";
  if (encoding == "EUC-KR") return "CP949";
  return encoding;
}

bool IsHigh(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// The bytes beyond ASCII decide, so a long English beginning must not use up the guesser's window. Cut between characters
// of ASCII.
std::string AroundHighBytes(std::string_view bytes) {
  std::string dense;
  size_t at = 0;
  while (at < bytes.size() && dense.size() < kGuessBytes) {
    const auto high = std::find_if(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), IsHigh);
    if (high == bytes.end()) break;
    const auto position = static_cast<size_t>(high - bytes.begin());
    size_t begin = std::max(at, position - std::min<size_t>(position, 32));
    size_t end = std::min(bytes.size(), position + 32);
    while (end < bytes.size() && end < position + 4096 && IsHigh(bytes[end])) ++end;
    dense.append(bytes.substr(begin, end - begin));
    at = end;
  }
  return dense;
}

std::string Uchardet(std::string_view dense) {
  const std::unique_ptr<std::remove_pointer_t<uchardet_t>, decltype(&uchardet_delete)> guesser(uchardet_new(),
                                                                                               uchardet_delete);
  uchardet_handle_data(guesser.get(), dense.data(), dense.size());
  uchardet_data_end(guesser.get());
  const std::string guess = Widened(uchardet_get_charset(guesser.get()));
  // Mac encodings and UTF-16 without zeros are guesses it makes from too few bytes.
  if (guess.empty() || guess.starts_with("MAC-") || guess.starts_with("UTF-") || !IconvKnows(guess))
    return "WINDOWS-1252";
  return guess;
}

bool IsMultiByte(const std::string& encoding) {
  static constexpr std::string_view kNames[] = {"GB18030", "CP932",    "CP949", "BIG5",
                                                "EUC-",    "ISO-2022", "JOHAB", "UHC"};
  return std::ranges::any_of(kNames, [&](std::string_view name) { return encoding.starts_with(name); });
}

// What a text in another encoding would have to hold by chance to be this much UTF-8, against what UTF-8 loses. Letters of
// one byte seldom follow each other so; bytes of Chinese and its like do, but not three in a row.
bool DamagedUtf8(const Utf8Census& census, bool multi_byte) {
  return 3 * census.bad <= (multi_byte ? 1 : 3) * census.two + 4 * census.more;
}

void RemoveNuls(DecodedText& decoded) { decoded.nuls = std::erase(decoded.text, '\0'); }

bool IsControl(char32_t c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7F; }

// How much of a reading cannot be meant: bytes that stand for nothing, control characters, signs inside words.
uint64_t Implausible(const DecodedText& reading) {
  uint64_t count = 2 * reading.replaced;
  bool letter = false;
  char32_t sign = 0;  // stands behind a letter
  std::string_view rest = reading.text;
  while (!rest.empty()) {
    const Utf8Step step = DecodeUtf8(rest);
    rest.remove_prefix(step.length);
    const auto c = static_cast<utf8proc_int32_t>(step.code_point);
    const auto category = utf8proc_category(c);
    const bool is_letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME;
    const bool is_sign = c >= 0x80 && (category == UTF8PROC_CATEGORY_SC || category == UTF8PROC_CATEGORY_SO ||
                                       category == UTF8PROC_CATEGORY_SM || category == UTF8PROC_CATEGORY_NO);
    count += 2 * ((c >= 0x7F && c < 0xA0) || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN);
    count += sign != 0 && is_letter;
    sign = is_sign && letter ? static_cast<char32_t>(c) : 0;
    letter = is_letter;
  }
  return count;
}

}  // namespace

std::vector<std::string> DecodedText::Notes() const {
  std::vector<std::string> notes;
  if (encoding != "UTF-8") notes.push_back("read as " + encoding);
  if (replaced > 0) notes.push_back(fmt::format("{} broken characters replaced by U+FFFD", replaced));
  if (nuls > 0) notes.push_back(fmt::format("{} NUL bytes left out", nuls));
  return notes;
}

bool IsWide(std::string_view encoding) { return encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32"); }

bool IsWideText(std::string_view head) {
  const std::string marked = FromMark(head), encoding = marked.empty() ? FromZeros(head) : marked;
  if (!IsWide(encoding)) return false;
  const DecodedText decoded = Decode(head.substr(0, head.size() / 4 * 4), encoding);
  uint64_t characters = 0, odd = decoded.nuls;
  std::string_view rest = decoded.text;
  while (!rest.empty()) {
    const Utf8Step step = DecodeUtf8(rest);
    rest.remove_prefix(step.length);
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(step.code_point));
    ++characters;
    odd += IsControl(step.code_point) || step.code_point == 0xFFFD || category == UTF8PROC_CATEGORY_CN ||
           category == UTF8PROC_CATEGORY_CO;
  }
  // A character cut off at the end of what was read.
  return characters > 0 && odd * 20 <= characters + 20;
}

uint64_t CountNuls(std::string_view bytes) {
  uint64_t count = 0;
  for (size_t i = 0; i < bytes.size(); ++i) count += bytes[i] == '\0' && (i == 0 || bytes[i - 1] != '\0');
  return count;
}

uint64_t ReplaceLoneSurrogates(std::string& json) {
  // The unit that is escaped at `at`, or 0.
  const auto unit = [&](size_t at) {
    uint32_t value = 0;
    if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return 0u;
    const auto [end, error] = std::from_chars(json.data() + at + 2, json.data() + at + 6, value, 16);
    return error == std::errc() && end == json.data() + at + 6 ? value : 0u;
  };
  uint64_t replaced = 0;
  for (size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
    const uint32_t first = unit(at);
    const bool high = first >= 0xD800 && first < 0xDC00, low = first >= 0xDC00 && first < 0xE000;
    const uint32_t second = high ? unit(at + 6) : 0;
    if (high && second >= 0xDC00 && second < 0xE000) {
      at += 12;
      continue;
    }
    if (high || low) {
      json.replace(at + 2, 4, "FFFD");
      ++replaced;
    }
    at += 2;  // of "\\\\" both
  }
  return replaced;
}

std::string LoneSurrogatesNote(uint64_t replaced) {
  return fmt::format("{} lone halves of surrogate pairs replaced by U+FFFD", replaced);
}

std::string GuessEncoding(std::string_view head, std::string_view declared) {
  if (std::string marked = FromMark(head); !marked.empty()) return marked;
  if (std::string wide = FromZeros(head); !wide.empty()) return wide;
  const std::string_view whole = head.substr(0, head.size() - IncompleteUtf8Suffix(head));
  const Utf8Census census = Count(whole);
  if (census.bad == 0) return "UTF-8";
  const std::string dense = AroundHighBytes(head);
  std::string best = Uchardet(dense);
  if (DamagedUtf8(census, IsMultiByte(best))) return "UTF-8";
  const std::string name = Widened(std::string(declared));
  if (!name.empty() && !name.starts_with("UTF") && IconvKnows(name)) return name;
  const uint64_t least = Implausible(Decode(dense, best));
  if (least > 0 && Implausible(Decode(dense, "WINDOWS-1252")) < least) best = "WINDOWS-1252";
  return best;
}

DecodedText Decode(std::string_view bytes, const std::string& encoding) {
  DecodedText decoded;
  decoded.encoding = encoding;
  if (encoding == "UTF-8") {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    decoded.replaced = Count(bytes).bad;
    decoded.text = decoded.replaced ? ToValidUtf8(bytes) : std::string(bytes);
    RemoveNuls(decoded);
    return decoded;
  }
  if (FromMark(bytes) == encoding) bytes.remove_prefix(encoding.starts_with("UTF-32") ? 4 : 2);
  const iconv_t converter = ::iconv_open("UTF-8", encoding.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return Decode(bytes, "UTF-8");
  char* in = const_cast<char*>(bytes.data());
  size_t left = bytes.size();
  std::array<char, 16 << 10> buffer;
  while (true) {
    char* out = buffer.data();
    size_t room = buffer.size();
    const size_t result =
        left > 0 ? ::iconv(converter, &in, &left, &out, &room) : ::iconv(converter, nullptr, nullptr, &out, &room);
    const int error = errno;
    const bool flushed = left == 0 && result != static_cast<size_t>(-1);
    decoded.text.append(buffer.data(), static_cast<size_t>(out - buffer.data()));
    if (result == static_cast<size_t>(-1) && error != E2BIG) {
      decoded.text += "\xEF\xBF\xBD";
      ++decoded.replaced;
      if (left > 0) ++in, --left;
      ::iconv(converter, nullptr, nullptr, nullptr, nullptr);
    }
    if (flushed || left == 0) break;
  }
  ::iconv_close(converter);
  // glibc's tables for some encodings give surrogates; the promise is valid UTF-8.
  if (!IsValidUtf8(decoded.text)) decoded.text = ToValidUtf8(decoded.text);
  RemoveNuls(decoded);
  return decoded;
}

DecodedText ToUtf8(std::string_view bytes, std::string_view declared) {
  return Decode(bytes, GuessEncoding(bytes, declared));
}

}  // namespace sheepop
