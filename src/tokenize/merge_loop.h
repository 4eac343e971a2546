// Byte-pair merging (Sennrich et al. 2016): of all neighbouring pairs the one of lowest rank, the leftmost of equals, is
// replaced by its merge, until no pair has one. `Pairs` is called with two neighbouring symbols and returns a PairMerge.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <vector>

#include "tokenize/token_model.h"

namespace sheepop {

struct PairMerge {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t rank = kNone;
  Token token = -1;
};

// Scans all pairs for each merge: quadratic, fastest for words.
template <class Pairs>
void MergeShort(const Pairs& pairs, std::vector<Symbol>& symbols) {
  constexpr size_t kMax = 32;
  std::array<PairMerge, kMax> merges;
  size_t count = symbols.size();
  assert(count <= kMax);
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = pairs(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == PairMerge::kNone) break;
    symbols[best].token = merges[best].token;
    symbols[best].end = symbols[best + 1].end;
    std::copy(symbols.begin() + static_cast<ptrdiff_t>(best) + 2, symbols.begin() + static_cast<ptrdiff_t>(count),
              symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
    std::copy(merges.begin() + best + 1, merges.begin() + count - 1, merges.begin() + best);
    --count;
    if (best > 0) merges[best - 1] = pairs(symbols[best - 1], symbols[best]);
    if (best + 1 < count) merges[best] = pairs(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

// A heap of candidates over a linked list: n log n. Stale candidates are recognised when they surface.
template <class Pairs>
void MergeLong(const Pairs& pairs, std::vector<Symbol>& symbols, std::vector<MergeCandidate>& heap) {
  constexpr uint32_t kEnd = UINT32_MAX;
  const auto later = [](const MergeCandidate& a, const MergeCandidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };
  const auto candidate = [&](uint32_t left, uint32_t right) {
    const PairMerge merge = pairs(symbols[left], symbols[right]);
    return MergeCandidate{merge.rank, left, symbols[right].end - symbols[left].begin, merge.token};
  };
  const auto count = static_cast<uint32_t>(symbols.size());
  heap.clear();
  for (uint32_t i = 0; i < count; ++i) {
    symbols[i].previous = i == 0 ? kEnd : i - 1;
    symbols[i].next = i + 1 == count ? kEnd : i + 1;
    if (i + 1 == count) break;
    const MergeCandidate c = candidate(i, i + 1);
    if (c.rank != PairMerge::kNone) heap.push_back(c);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  const auto push = [&](uint32_t left, uint32_t right) {
    const MergeCandidate c = candidate(left, right);
    if (c.rank == PairMerge::kNone) return;
    heap.push_back(c);
    std::push_heap(heap.begin(), heap.end(), later);
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const MergeCandidate c = heap.back();
    heap.pop_back();
    Symbol& left = symbols[c.position];
    if (left.begin == left.end || left.next == kEnd) continue;
    Symbol& right = symbols[left.next];
    if (right.end - left.begin != c.size) continue;
    left.token = c.token;
    left.end = right.end;
    right.begin = right.end;  // marks it as gone
    left.next = right.next;
    if (left.next != kEnd) symbols[left.next].previous = c.position;
    if (left.previous != kEnd) push(left.previous, c.position);
    if (left.next != kEnd) push(c.position, left.next);
  }
  std::erase_if(symbols, [](const Symbol& s) { return s.begin == s.end; });
}

template <class Pairs>
void MergeSymbols(const Pairs& pairs, std::vector<Symbol>& symbols, std::vector<MergeCandidate>& heap) {
  if (symbols.size() <= 32) {
    MergeShort(pairs, symbols);
  } else {
    MergeLong(pairs, symbols, heap);
  }
}

}  // namespace sheepop
