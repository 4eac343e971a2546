#include "ingest/encoding.h"

#include <iconv.h>
#include <uchardet/uchardet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <memory>

#include "base/utf8.h"

namespace sheepop {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kGuessBytes = 1 << 20;

struct Utf8Census {
  uint64_t good = 0, bad = 0;  // characters beyond ASCII; broken sequences
};

Utf8Census Count(std::string_view text) {
  Utf8Census census;
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const Utf8Step step = DecodeUtf8(text);
    ++(step.valid ? census.good : census.bad);
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

std::string FromZeros(std::string_view bytes) {
  std::array<size_t, 2> zeros{};
  for (size_t i = 0; i < bytes.size(); ++i) zeros[i % 2] += bytes[i] == '\0';
  if (zeros[0] + zeros[1] < bytes.size() / 4) return "";
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

// The bytes beyond ASCII decide, so a long English beginning must not use up the guesser's window.
std::string AroundHighBytes(std::string_view bytes) {
  std::string dense;
  size_t at = 0;
  while (at < bytes.size() && dense.size() < kGuessBytes) {
    const auto high = std::find_if(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(),
                                   [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (high == bytes.end()) break;
    const auto position = static_cast<size_t>(high - bytes.begin());
    const size_t begin = std::max(at, position - std::min<size_t>(position, 32));
    const size_t end = std::min(bytes.size(), position + 32);
    dense.append(bytes.substr(begin, end - begin));
    at = end;
  }
  return dense;
}

std::string Guess(std::string_view bytes) {
  const std::string dense = AroundHighBytes(bytes);
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

}  // namespace

std::string GuessEncoding(std::string_view head, std::string_view declared) {
  if (std::string marked = FromMark(head); !marked.empty()) return marked;
  const std::string_view whole = head.substr(0, head.size() - IncompleteUtf8Suffix(head));
  if (whole.find('\0') == std::string_view::npos) {
    const Utf8Census census = Count(whole);
    if (census.bad == 0 || census.good > 20 * census.bad) return "UTF-8";
  }
  if (std::string wide = FromZeros(head); !wide.empty()) return wide;
  const std::string name = Widened(std::string(declared));
  if (!name.empty() && !name.starts_with("UTF") && IconvKnows(name)) return name;
  return Guess(head);
}

DecodedText Decode(std::string_view bytes, const std::string& encoding) {
  DecodedText decoded;
  decoded.encoding = encoding;
  if (encoding == "UTF-8") {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    decoded.replaced = Count(bytes).bad;
    decoded.text = decoded.replaced ? ToValidUtf8(bytes) : std::string(bytes);
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
  return decoded;
}

DecodedText ToUtf8(std::string_view bytes, std::string_view declared) {
  return Decode(bytes, GuessEncoding(bytes, declared));
}

}  // namespace sheepop
