#include "ingest/compare/shared_passages.h"

#include <algorithm>
#include <tuple>

namespace sheepop {
namespace {

// A run that stands at more places or in more documents than this is a phrase, a notice or a heading.
constexpr size_t kMostPlaces = 4;
constexpr size_t kMostHolders = 3;
// Between runs of one passage, where the documents tell it differently: some 400 words.
constexpr uint32_t kGapBytes = 2200;
// How far a run may stand before the one it follows, where sentences are turned around.
constexpr uint32_t kBackBytes = 120;
// Sampled runs apart from each other that make a passage: some 16 of all, which neither chance nor custom puts in order.
constexpr uint32_t kLeastRuns = 4;
constexpr size_t kOpenChains = 6;

// A refrain makes chains of its own; what lies within another passage of the same two documents says nothing more.
void RemoveContained(std::vector<SharedRuns>& passages) {
  const std::vector<SharedRuns> all = passages;
  std::erase_if(passages, [&](const SharedRuns& inner) {
    return std::ranges::any_of(all, [&](const SharedRuns& outer) {
      return outer.document == inner.document && outer.earlier == inner.earlier && outer.begin <= inner.begin &&
             outer.end >= inner.end && outer.end - outer.begin > inner.end - inner.begin;
    });
  });
}

}  // namespace

void SharedPassageFinder::Add(uint64_t document, std::span<const WordRun> runs) {
  for (const WordRun& run : runs) runs_.Add({run.hash, document, run.begin, run.end});
}

void SharedPassageFinder::PairUp(std::span<const Entry> equal) {
  if (equal.size() > kMostPlaces) return;
  size_t holders = 1;
  for (size_t i = 1; i < equal.size(); ++i) holders += equal[i].document != equal[i - 1].document;
  if (holders > kMostHolders) return;
  for (const Entry& earlier : equal) {
    for (const Entry& later : equal) {
      if (earlier.document < later.document) {
        matches_.Add({later.document, earlier.document, later.begin, later.end, earlier.begin, 0});
      }
    }
  }
}

void SharedPassageFinder::MatchEqualRuns() {
  runs_.Sort();
  std::vector<Entry> equal;
  for (Entry entry{}; runs_.Next(entry);) {
    if (!equal.empty() && equal.front().hash != entry.hash) {
      PairUp(equal);
      equal.clear();
    }
    if (equal.size() <= kMostPlaces) equal.push_back(entry);
  }
  PairUp(equal);
}

void SharedPassageFinder::Close(const Chain& chain) {
  if (chain.runs.runs < kLeastRuns) return;
  const auto more = [](const SharedRuns& a, const SharedRuns& b) { return a.runs > b.runs; };
  passages_.push_back(chain.runs);
  std::ranges::push_heap(passages_, more);
  if (passages_.size() <= kMostPassages) return;
  std::ranges::pop_heap(passages_, more);
  passages_.pop_back();
}

void SharedPassageFinder::Extend(const Match& match) {
  const auto follows = [&](const Chain& chain) {
    return match.begin - chain.last_begin <= kGapBytes &&
           match.earlier_begin + kBackBytes >= chain.last_earlier_begin &&
           match.earlier_begin <= chain.last_earlier_begin + kGapBytes;
  };
  const auto found = std::find_if(open_.rbegin(), open_.rend(), follows);
  if (found == open_.rend()) {
    if (open_.size() == kOpenChains) {
      Close(open_.front());
      open_.erase(open_.begin());
    }
    open_.push_back(
        {{match.document, match.earlier, match.begin, match.end, 1}, match.begin, match.earlier_begin, match.end});
    return;
  }
  Chain& chain = *found;
  if (match.begin >= chain.counted_end) {
    ++chain.runs.runs;
    chain.counted_end = match.end;
  }
  chain.runs.end = std::max(chain.runs.end, match.end);
  chain.last_begin = match.begin;
  chain.last_earlier_begin = match.earlier_begin;
}

std::vector<SharedRuns> SharedPassageFinder::Finish() {
  MatchEqualRuns();
  matches_.Sort();
  const auto close_all = [&] {
    for (const Chain& chain : open_) Close(chain);
    open_.clear();
  };
  for (Match match{}; matches_.Next(match);) {
    if (!open_.empty() &&
        (open_.front().runs.document != match.document || open_.front().runs.earlier != match.earlier))
      close_all();
    Extend(match);
  }
  close_all();
  RemoveContained(passages_);
  std::ranges::sort(passages_, [](const SharedRuns& a, const SharedRuns& b) {
    return std::tie(a.document, a.begin, a.earlier, a.end) < std::tie(b.document, b.begin, b.earlier, b.end);
  });
  return std::move(passages_);
}

}  // namespace sheepop
