// What a terminal sends for the keys that somebody presses, as characters for a line editor.
#pragma once

#include <deque>
#include <optional>
#include <string>

namespace sheepop::cli {

// The control characters that stand for what no character is; they reach nobody otherwise.
inline constexpr wchar_t kPasteKey = 0x1d;   // a paste has come, which TakePaste hands over
inline constexpr wchar_t kDeleteKey = 0x1c;  // the key Delete

// Bytes in, characters out. UTF-8 is decoded, U+FFFD for what is none. Arrow keys and the like (ESC [ ... or ESC O ...)
// become the control characters of Emacs, and such keys that nothing is known of nothing. A paste, as terminals mark it
// (ESC [200~ ... ESC [201~), is one key, however many lines it has.
class TypedKeys {
 public:
  // Throws kLimit for a paste beyond 16 MiB.
  void Take(char byte);
  // The next character; none: more bytes are needed.
  std::optional<wchar_t> Next();
  // What has been pasted since the last call: line ends are \n, those at its end are left out.
  std::wstring TakePaste();
  // Forgets what has come and was not asked for.
  void Clear() { *this = {}; }

 private:
  void TakePasted(char byte);
  void TakeEscape(char byte);
  void Decode(bool all);

  std::string text_;    // of a character that is not complete
  std::string escape_;  // begun and not complete
  std::string paste_;
  bool pasting_ = false;
  std::deque<wchar_t> ready_;
  std::wstring pasted_;
};

// UTF-8 as the wide characters of libedit and back.
std::wstring Wide(std::string_view text);
std::string Narrow(std::wstring_view text);

}  // namespace sheepop::cli
