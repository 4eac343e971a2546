#include "jinja/text.h"

#include <algorithm>
#include <cassert>

namespace sheepop::jinja {

size_t Text::RunAt(size_t byte) const {
  auto past = [](size_t position, const Run& run) { return position < run.end; };
  return static_cast<size_t>(std::upper_bound(runs_.begin(), runs_.end(), byte, past) - runs_.begin());
}

Origin Text::origin() const {
  const auto content = std::ranges::find_if(runs_, [](const Run& run) { return IsContent(run.origin); });
  return content == runs_.end() ? Origin::kTemplate : content->origin;
}

Origin Text::OriginAt(size_t byte) const {
  assert(byte < size());
  return runs_[RunAt(byte)].origin;
}

void Text::Append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  bytes_.append(bytes);
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), origin});
  }
}

void Text::Append(const Text& other, size_t begin, size_t end) {
  assert(&other != this && begin <= end && end <= other.size());
  for (size_t run = begin < end ? other.RunAt(begin) : 0; begin < end; ++run) {
    size_t stop = std::min(end, other.runs_[run].end);
    Append(std::string_view(other.bytes_).substr(begin, stop - begin), other.runs_[run].origin);
    begin = stop;
  }
}

Text Text::Slice(size_t begin, size_t end) const {
  Text slice;
  slice.Append(*this, begin, end);
  return slice;
}

}  // namespace sheepop::jinja
