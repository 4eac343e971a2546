// Tokens to text that is safe to show, as it comes: always valid UTF-8, never half a character, never the beginning of a
// stop string that may yet be completed. One stream a sequence; not shared between threads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct TextStreamOptions {
  std::vector<std::string> stops;         // bytes; empty ones are refused (kInvalidArgument)
  bool show_control = false;              // the names of control tokens are text; otherwise they show as nothing
  std::function<bool(Token)> shows = {};  // of these control tokens the names are text in any case
  bool show_stop = false;                 // the stop string that ends the text is its last part
};

class TextStream {
 public:
  // `tokenizer` must outlive the stream.
  explicit TextStream(const Tokenizer& tokenizer, TextStreamOptions options = {});
  TextStream(const Tokenizer& tokenizer, std::vector<std::string> stops)
      : TextStream(tokenizer, TextStreamOptions{.stops = std::move(stops)}) {}

  // Text that became certain with this token, valid until the next call. Invalid bytes are U+FFFD. Of stop strings the one
  // that is complete first counts, of those complete at the same byte the longest; it and all behind it are never shown.
  // After that, and after Finish, tokens change nothing and give "". With may_stop false a stop string that this token
  // completes is text like any other.
  std::string_view Push(Token token, bool may_stop = true);
  // What was held back; a character that never became whole is U+FFFD.
  std::string_view Finish();

  bool stopped() const { return stopped_by_ >= 0; }
  // Index into the stops of the one found, -1 when none was.
  int stopped_by() const { return stopped_by_; }
  bool Shows(Token token) const;  // whether its piece is text
  // Bytes of the tokens' pieces, control tokens that show as nothing aside, that calls have returned as text so far.
  size_t shown_bytes() const { return shown_bytes_; }

 private:
  struct Stop {
    std::string text;
    std::vector<size_t> border;  // Knuth-Morris-Pratt: [i] the longest proper border of the first i + 1 bytes
    size_t matched = 0;          // bytes of it that the text so far ends with
  };

  bool Advance(char byte, bool may_stop);  // true when a stop string is complete that counts
  void Release(size_t count);

  const Tokenizer& tokenizer_;
  bool show_control_, show_stop_;
  std::function<bool(Token)> shows_;
  std::vector<Stop> stops_;
  int stopped_by_ = -1;
  bool finished_ = false;
  size_t shown_bytes_ = 0;
  std::string held_;   // bytes not yet shown
  std::string shown_;  // what the last call returned
};

}  // namespace sheepop
