#include "tokenize/splitter.h"

#include <cstring>
#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

// Bytes at the front of `text` that are valid UTF-8.
size_t ValidPrefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight = 0;
    if (i + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + i, 8);
      if ((eight & 0x8080808080808080) == 0) {
        i += 8;
        continue;
      }
    }
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Utf8Step step = DecodeUtf8(text.substr(i));
    if (!step.valid) break;
    i += step.length;
  }
  return i;
}

size_t InvalidPrefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const Utf8Step step = DecodeUtf8(text.substr(i));
    if (step.valid) break;
    i += step.length;
  }
  return i;
}

}  // namespace

void Splitter::Split(std::string_view text, std::vector<std::string_view>& words) const {
  while (!text.empty()) {
    const size_t valid = ValidPrefix(text);
    if (valid > 0) SplitValid(text.substr(0, valid), words);
    text.remove_prefix(valid);
    if (text.empty()) break;
    const size_t invalid = InvalidPrefix(text);
    words.push_back(text.substr(0, invalid));
    text.remove_prefix(invalid);
  }
}

void Splitter::SplitValid(std::string_view text, std::vector<std::string_view>& words) const {
  if (cutters_.empty()) {
    words.push_back(text);
    return;
  }
  if (cutters_.size() == 1) {
    cutters_[0]->Cut(text, words);
    return;
  }
  std::vector<std::string_view> from = {text}, to;
  for (const auto& cutter : cutters_) {
    to.clear();
    for (const std::string_view word : from) cutter->Cut(word, to);
    std::swap(from, to);
  }
  words.insert(words.end(), from.begin(), from.end());
}

Splitter MakeSplitter(std::span<const SplitStep> steps) {
  Splitter splitter;
  const auto plain = [&](size_t i) {
    const SplitStep& step = steps[i];
    return !step.literal && !step.rule.invert && step.rule.behavior == SplitBehavior::kIsolated;
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    std::unique_ptr<const Cutter> cutter;
    if (plain(i) && i + 1 < steps.size() && plain(i + 1)) {
      const std::string both[] = {steps[i].pattern, steps[i + 1].pattern};
      cutter = MakeFastCutter(both);
      if (cutter) ++i;
    }
    if (!cutter && plain(i)) cutter = MakeFastCutter({&steps[i].pattern, 1});
    if (!cutter && steps[i].literal) cutter = MakeLiteralCutter(steps[i].pattern, steps[i].rule);
    if (!cutter) cutter = MakeRegexCutter(steps[i].pattern, steps[i].rule);
    splitter.Add(std::move(cutter));
  }
  return splitter;
}

}  // namespace sheepop
