#include "data/shared_passages.h"

#include <algorithm>

namespace sheepop {
namespace {

// A run that stands in more documents than this is a phrase, a notice or a heading.
constexpr size_t kMostHolders = 3;
// Words between runs of one passage, where the documents tell it differently.
constexpr uint32_t kGap = 200;
// Sampled runs that make a passage: some 24 runs in all, more than phrases that chance or custom repeats.
constexpr uint32_t kLeastRuns = 3;

}  // namespace

void SharedPassageFinder::Add(uint64_t document, std::span<const WordRun> runs) {
  for (const WordRun& run : runs) runs_.Add({run.hash, document, run.word, run.begin, run.end, 0});
}

void SharedPassageFinder::MatchEqualRuns() {
  runs_.Sort();
  std::vector<Entry> equal;  // the first of each document
  bool common = false;
  const auto close = [&] {
    for (size_t later = 1; !common && later < equal.size(); ++later) {
      for (size_t earlier = 0; earlier < later; ++earlier) {
        const Entry& at = equal[later];
        matches_.Add({at.document, equal[earlier].document, at.word, at.begin, at.end, 0});
      }
    }
    equal.clear();
    common = false;
  };
  for (Entry entry{}; runs_.Next(entry);) {
    if (!equal.empty() && equal.front().hash != entry.hash) close();
    if (!equal.empty() && equal.back().document == entry.document) continue;
    if (equal.size() == kMostHolders) {
      common = true;
    } else {
      equal.push_back(entry);
    }
  }
  close();
}

std::vector<SharedRuns> SharedPassageFinder::Finish() {
  MatchEqualRuns();
  matches_.Sort();
  std::vector<SharedRuns> passages;
  const auto more = [](const SharedRuns& a, const SharedRuns& b) { return a.runs > b.runs; };
  SharedRuns open{};
  uint32_t last_word = 0;
  const auto close = [&] {
    if (open.runs < kLeastRuns) return;
    passages.push_back(open);
    std::ranges::push_heap(passages, more);  // the one of fewest runs in front
    if (passages.size() <= kMostPassages) return;
    std::ranges::pop_heap(passages, more);
    passages.pop_back();
  };
  for (Match match{}; matches_.Next(match);) {
    if (match.document == open.document && match.earlier == open.earlier && open.runs > 0 && match.word - last_word <= kGap) {
      open.end = std::max(open.end, match.end);
      ++open.runs;
    } else {
      close();
      open = {match.document, match.earlier, match.begin, match.end, 1};
    }
    last_word = match.word;
  }
  close();
  std::ranges::sort(passages, [](const SharedRuns& a, const SharedRuns& b) {
    return std::tie(a.document, a.begin, a.earlier) < std::tie(b.document, b.begin, b.earlier);
  });
  return passages;
}

}  // namespace sheepop
