// Passages that stand in several documents, told again in the same order and in partly other words and paragraphs: chains
// of sampled word runs that ascend in both documents.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ingest/compare/fingerprint.h"
#include "ingest/external_sorter.h"

namespace sheepop {

inline constexpr size_t kMostPassages = 200;

struct SharedRuns {
  uint64_t document, earlier;
  uint32_t begin, end;  // bytes of the document's text
  uint32_t runs;        // that agree and do not overlap
};

class SharedPassageFinder {
 public:
  explicit SharedPassageFinder(WorkFolder& work) : runs_(work), matches_(work) {}

  // Documents in ascending order.
  void Add(uint64_t document, std::span<const WordRun> runs);

  // The kMostPassages of most runs, without those inside another of the same two documents; ascending by document, then
  // begin.
  std::vector<SharedRuns> Finish();

 private:
  struct Entry {
    uint64_t hash, document;
    uint32_t begin, end;
    auto operator<=>(const Entry&) const = default;
  };
  struct Match {
    uint64_t document, earlier;
    uint32_t begin, end, earlier_begin, unused;
    auto operator<=>(const Match&) const = default;
  };
  struct Chain {
    SharedRuns runs;
    uint32_t last_begin, last_earlier_begin, counted_end;
  };

  void MatchEqualRuns();
  void PairUp(std::span<const Entry> equal);
  void Extend(const Match& match);
  void Close(const Chain& chain);

  ExternalSorter<Entry> runs_;
  ExternalSorter<Match> matches_;
  std::vector<Chain> open_;           // of one pair of documents, the latest last
  std::vector<SharedRuns> passages_;  // a heap, the one of fewest runs in front
};

}  // namespace sheepop
