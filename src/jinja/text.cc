#include "jinja/text.h"

#include <algorithm>
#include <cassert>

namespace sheepop::jinja {

size_t Text::RunAt(size_t byte) const {
  auto past = [](size_t position, const Run& run) { return position < run.end; };
  return static_cast<size_t>(std::upper_bound(runs_.begin(), runs_.end(), byte, past) - runs_.begin());
}

bool Text::HasContent() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return run.from_content; });
}

bool Text::FromContentAt(size_t byte) const {
  assert(byte < size());
  return runs_[RunAt(byte)].from_content;
}

void Text::Append(std::string_view bytes, bool from_content) {
  if (bytes.empty()) return;
  bytes_.append(bytes);
  if (!runs_.empty() && runs_.back().from_content == from_content) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), from_content});
  }
}

void Text::Append(const Text& other, size_t begin, size_t end) {
  assert(&other != this && begin <= end && end <= other.size());
  for (size_t run = begin < end ? other.RunAt(begin) : 0; begin < end; ++run) {
    size_t stop = std::min(end, other.runs_[run].end);
    Append(std::string_view(other.bytes_).substr(begin, stop - begin), other.runs_[run].from_content);
    begin = stop;
  }
}

Text Text::Slice(size_t begin, size_t end) const {
  Text slice;
  slice.Append(*this, begin, end);
  return slice;
}

}  // namespace sheepop::jinja
