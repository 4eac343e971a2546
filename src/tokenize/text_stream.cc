#include "tokenize/text_stream.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop {

TextStream::TextStream(const Tokenizer& tokenizer, TextStreamOptions options)
    : tokenizer_(tokenizer),
      show_control_(options.show_control),
      show_stop_(options.show_stop),
      shows_(std::move(options.shows)) {
  for (std::string& text : options.stops) {
    if (text.empty()) throw Error(ErrorCategory::kInvalidArgument, "a stop string is empty; leave it out");
    Stop stop{std::move(text), {}, 0};
    stop.border.assign(stop.text.size(), 0);
    for (size_t i = 1, k = 0; i < stop.text.size(); ++i) {
      while (k > 0 && stop.text[i] != stop.text[k]) k = stop.border[k - 1];
      if (stop.text[i] == stop.text[k]) ++k;
      stop.border[i] = k;
    }
    stops_.push_back(std::move(stop));
  }
}

std::string_view TextStream::Push(Token token, bool may_stop) {
  shown_.clear();
  if (finished_) return shown_;
  if (!Shows(token)) return shown_;
  for (const char byte : tokenizer_.Piece(token)) {
    held_.push_back(byte);
    if (!Advance(byte, may_stop)) continue;
    finished_ = true;
    if (!show_stop_) held_.resize(held_.size() - stops_[static_cast<size_t>(stopped_by_)].text.size());
    Release(held_.size());
    return shown_;
  }
  size_t hold = 0;
  for (const Stop& stop : stops_) hold = std::max(hold, stop.matched);
  const size_t certain = held_.size() - hold;
  // A character may be cut by the beginning of a stop string, or by the end of the piece.
  Release(certain - IncompleteUtf8Suffix(std::string_view(held_).substr(0, certain)));
  return shown_;
}

bool TextStream::Shows(Token token) const {
  return tokenizer_.Kind(token) != TokenKind::kControl || show_control_ || (shows_ && shows_(token));
}

std::string_view TextStream::Finish() {
  shown_.clear();
  finished_ = true;
  Release(held_.size());
  return shown_;
}

bool TextStream::Advance(char byte, bool may_stop) {
  for (size_t i = 0; i < stops_.size(); ++i) {
    Stop& stop = stops_[i];
    while (stop.matched > 0 && stop.text[stop.matched] != byte) stop.matched = stop.border[stop.matched - 1];
    if (stop.text[stop.matched] == byte) ++stop.matched;
    if (stop.matched < stop.text.size()) continue;
    if (!may_stop) {
      stop.matched = stop.border.back();
      continue;
    }
    const bool longer = stopped_by_ < 0 || stop.text.size() > stops_[static_cast<size_t>(stopped_by_)].text.size();
    if (longer) stopped_by_ = static_cast<int>(i);
  }
  return stopped_by_ >= 0;
}

void TextStream::Release(size_t count) {
  shown_ = ToValidUtf8(std::string_view(held_).substr(0, count));
  held_.erase(0, count);
  shown_bytes_ += count;
}

}  // namespace sheepop
