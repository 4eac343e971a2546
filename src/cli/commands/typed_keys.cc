#include "cli/commands/typed_keys.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop::cli {
namespace {

constexpr size_t kMostPasted = size_t{16} << 20;
constexpr size_t kLongestEscape = 32;
constexpr char kEscape = 0x1b;
constexpr std::string_view kPasteBegins = "\x1b[200~", kPasteEnds = "\x1b[201~";

constexpr std::wstring_view kDelete(&kDeleteKey, 1);
constexpr std::wstring_view kUp = L"\x10", kDown = L"\x0e", kRight = L"\x06", kLeft = L"\x02";
constexpr std::wstring_view kHome = L"\x01", kEnd = L"\x05";
constexpr std::wstring_view kWordLeft = L"\x1b\x62", kWordRight = L"\x1b\x66";

// As xterm, the Linux console and those like them send them.
constexpr std::pair<std::string_view, std::wstring_view> kKeys[] = {
    {"[A", kUp},          {"[B", kDown},    {"[C", kRight},        {"[D", kLeft},        {"[H", kHome},
    {"[F", kEnd},         {"OA", kUp},      {"OB", kDown},         {"OC", kRight},       {"OD", kLeft},
    {"OH", kHome},        {"OF", kEnd},     {"[1~", kHome},        {"[7~", kHome},       {"[4~", kEnd},
    {"[8~", kEnd},        {"[3~", kDelete}, {"[1;5C", kWordRight}, {"[1;5D", kWordLeft}, {"[1;3C", kWordRight},
    {"[1;3D", kWordLeft},
};

}  // namespace

std::wstring Wide(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    wide += static_cast<wchar_t>(step.code_point == 0 ? U'\uFFFD' : step.code_point);  // which would end it
    text.remove_prefix(step.length);
  }
  return wide;
}

std::string Narrow(std::wstring_view text) {
  std::string narrow;
  for (const wchar_t character : text) AppendUtf8(static_cast<char32_t>(character), narrow);
  return narrow;
}

void TypedKeys::Take(char byte) {
  if (pasting_) return TakePasted(byte);
  if (!escape_.empty() || byte == kEscape) {
    Decode(true);
    return TakeEscape(byte);
  }
  text_ += byte;
  Decode(false);
}

// Whole characters, and what can become none; `all`: also one that was cut off.
void TypedKeys::Decode(bool all) {
  const size_t whole = text_.size() - (all ? 0 : IncompleteUtf8Suffix(text_));
  std::string_view rest = std::string_view(text_).substr(0, whole);
  while (!rest.empty()) {
    const Utf8Step step = DecodeUtf8(rest);
    ready_.push_back(static_cast<wchar_t>(step.code_point));
    rest.remove_prefix(step.length);
  }
  text_.erase(0, whole);
}

void TypedKeys::TakePasted(char byte) {
  if (paste_.size() > kMostPasted) {
    throw Error(ErrorCategory::kLimit, "what was pasted is over {} bytes; send it in parts, or with -p", kMostPasted);
  }
  paste_ += byte;
  if (!paste_.ends_with(kPasteEnds)) return;
  pasting_ = false;
  paste_.resize(paste_.size() - kPasteEnds.size());
  std::string lines;
  for (size_t i = 0; i < paste_.size(); ++i) {
    if (paste_[i] != '\r') {
      lines += paste_[i];
    } else if (i + 1 == paste_.size() || paste_[i + 1] != '\n') {
      lines += '\n';
    }
  }
  paste_.clear();
  while (lines.ends_with('\n')) lines.pop_back();
  pasted_ += Wide(lines);
  ready_.push_back(kPasteKey);
}

void TypedKeys::TakeEscape(char byte) {
  if (byte == kEscape) escape_.clear();  // what was begun ends in nothing
  escape_ += byte;
  if (escape_.size() < 2) return;
  const bool sequence = escape_[1] == '[' || escape_[1] == 'O';
  if (!sequence) {  // a key with Alt
    ready_.push_back(kEscape);
    text_ = escape_.substr(1);
    escape_.clear();
    return Decode(false);
  }
  const bool last = escape_.size() > 2 && byte >= 0x40 && byte <= 0x7e;
  if (!last && escape_.size() < kLongestEscape) return;
  pasting_ = escape_ == kPasteBegins;
  const auto key = std::ranges::find(kKeys, std::string_view(escape_).substr(1),
                                     &std::pair<std::string_view, std::wstring_view>::first);
  if (key != std::end(kKeys)) ready_.insert(ready_.end(), key->second.begin(), key->second.end());
  escape_.clear();
}

std::optional<wchar_t> TypedKeys::Next() {
  if (ready_.empty()) return std::nullopt;
  const wchar_t next = ready_.front();
  ready_.pop_front();
  return next;
}

std::wstring TypedKeys::TakePaste() { return std::exchange(pasted_, {}); }

}  // namespace sheepop::cli
