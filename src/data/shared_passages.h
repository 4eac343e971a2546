// Passages that stand in several documents: places where the sampled word runs of two documents agree again and again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/external_sorter.h"
#include "data/fingerprint.h"

namespace sheepop {

inline constexpr size_t kMostPassages = 200;

struct SharedRuns {
  uint64_t document, earlier;
  uint32_t begin, end;  // bytes of the document's text
  uint32_t runs;        // that agree
};

class SharedPassageFinder {
 public:
  explicit SharedPassageFinder(WorkFolder& work) : runs_(work), matches_(work) {}

  // Documents in ascending order.
  void Add(uint64_t document, std::span<const WordRun> runs);

  // The kMostPassages of most runs, ascending by document, then begin.
  std::vector<SharedRuns> Finish();

 private:
  struct Entry {
    uint64_t hash, document;
    uint32_t word, begin, end, unused;
    auto operator<=>(const Entry&) const = default;
  };
  struct Match {
    uint64_t document, earlier;
    uint32_t word, begin, end, unused;
    auto operator<=>(const Match&) const = default;
  };

  void MatchEqualRuns();

  ExternalSorter<Entry> runs_;
  ExternalSorter<Match> matches_;
};

}  // namespace sheepop
