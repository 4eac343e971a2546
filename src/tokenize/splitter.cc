#include "tokenize/splitter.h"

#include <utility>

#include "tokenize/valid_text.h"

namespace sheepop {
void Splitter::Split(std::string_view text, std::vector<std::string_view>& words) const {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    if (valid > 0) SplitValid(text.substr(0, valid), words);
    text.remove_prefix(valid);
    if (text.empty()) break;
    const size_t invalid = InvalidUtf8Prefix(text);
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
