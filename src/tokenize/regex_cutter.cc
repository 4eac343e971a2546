#include <algorithm>

#include "tokenize/regex.h"
#include "tokenize/splitter.h"

namespace sheepop {
namespace {

struct Segment {
  size_t begin, end;
  bool match;
};

void MergeMatches(std::vector<Segment>& segments, SplitBehavior behavior) {
  std::vector<Segment> merged;
  const bool backwards = behavior == SplitBehavior::kMergedWithNext;
  if (backwards) std::reverse(segments.begin(), segments.end());
  bool previous_match = false;
  for (const Segment& segment : segments) {
    const bool join =
        behavior == SplitBehavior::kContiguous ? segment.match == previous_match : segment.match && !previous_match;
    if (join && !merged.empty()) {
      merged.back().begin = std::min(merged.back().begin, segment.begin);
      merged.back().end = std::max(merged.back().end, segment.end);
    } else {
      merged.push_back(segment);
    }
    previous_match = segment.match;
  }
  if (backwards) std::reverse(merged.begin(), merged.end());
  segments = std::move(merged);
}

template <class Find>
void CutBy(const Find& find, const SplitRule& rule, std::string_view text, std::vector<std::string_view>& words) {
  std::vector<Segment> segments;
  const auto emit = [&](size_t begin, size_t end, bool match) {
    if (begin == end) return;
    match = match != rule.invert;
    if (rule.behavior == SplitBehavior::kIsolated || (rule.behavior == SplitBehavior::kRemoved && !match)) {
      words.push_back(text.substr(begin, end - begin));
    } else if (rule.behavior != SplitBehavior::kRemoved) {
      segments.push_back({begin, end, match});
    }
  };
  size_t done = 0;
  ForEachMatch(text, find, [&](size_t begin, size_t end) {
    emit(done, begin, false);
    emit(begin, end, true);
    done = end;
  });
  emit(done, text.size(), false);
  if (segments.empty()) return;
  MergeMatches(segments, rule.behavior);
  for (const Segment& s : segments) words.push_back(text.substr(s.begin, s.end - s.begin));
}

class RegexCutter final : public Cutter {
 public:
  RegexCutter(std::string_view pattern, const SplitRule& rule) : regex_(pattern), rule_(rule) {}
  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    RegexSearch search(regex_, text.size());
    CutBy([&](std::string_view subject, size_t from) { return search.Find(subject, from); }, rule_, text, words);
  }

 private:
  Regex regex_;
  SplitRule rule_;
};

class LiteralCutter final : public Cutter {
 public:
  LiteralCutter(std::string_view literal, const SplitRule& rule) : literal_(literal), rule_(rule) {}
  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    const auto find = [&](std::string_view subject, size_t from) -> RegexSearch::Range {
      const size_t begin = literal_.empty() ? std::string_view::npos : subject.find(literal_, from);
      return {begin, begin + literal_.size()};
    };
    CutBy(find, rule_, text, words);
  }

 private:
  std::string literal_;
  SplitRule rule_;
};

}  // namespace

std::unique_ptr<const Cutter> MakeRegexCutter(std::string_view pattern, const SplitRule& rule) {
  return std::make_unique<RegexCutter>(pattern, rule);
}

std::unique_ptr<const Cutter> MakeLiteralCutter(std::string_view literal, const SplitRule& rule) {
  return std::make_unique<LiteralCutter>(literal, rule);
}

}  // namespace sheepop
