// How attention cuts the positions and rows of a call, in every set; nothing for its users.
#pragma once

#include "kernel/attention.h"

namespace sheepop::kernel {

inline constexpr size_t kSegmentBlocks = kSegment / kKvBlock;

// The positions that a row sees: [begin, end).
struct PositionRange {
  size_t begin, end;
};
static constexpr PositionRange VisiblePositions(const AttentionShape& shape, size_t position) {
  const bool all = shape.window == 0 || position < shape.window;
  return {all ? 0 : position + 1 - shape.window, position + 1};
}

// The part of `visible` inside a segment; begin == end when there is none.
static constexpr PositionRange InSegment(PositionRange visible, size_t segment) {
  const size_t first = segment * kSegment;
  const size_t last = first + kSegment;
  const size_t begin = visible.begin > first ? visible.begin : first;
  const size_t end = visible.end < last ? visible.end : last;
  return begin < end ? PositionRange{begin, end} : PositionRange{begin, begin};
}

// The vector forms take the rows of a call in blocks of about this many query vectors, each block one pass over the
// cache.
inline constexpr size_t kBlockQueries = 96;
static constexpr size_t RowsPerBlock(size_t heads_per_kv) {
  return heads_per_kv < kBlockQueries ? kBlockQueries / heads_per_kv : 1;
}

// Query vectors of a block, filled up to whole groups whatever the size of a group (at most 12).
static constexpr size_t PaddedQueries(size_t heads_per_kv) { return RowsPerBlock(heads_per_kv) * heads_per_kv + 12; }

inline constexpr size_t kScoreStride = kSegment + 16;  // not a power of two, to spread over the cache's sets
inline constexpr size_t kPanelWidth = 2;               // at most so many 16-lane columns are widened to float at a time
static constexpr size_t RoundUp16(size_t n) { return (n + 15) / 16 * 16; }

}  // namespace sheepop::kernel
