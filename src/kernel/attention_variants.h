// What the files of the attention kernels share; nothing for their users.
#pragma once

#include "kernel/attention.h"

namespace sheepop::kernel {

extern const AttentionKernels kAttentionReference;
extern const AttentionKernels kAttentionAvx2;
extern const AttentionKernels kAttentionAvx512;

inline constexpr size_t kSegmentBlocks = kSegment / kKvBlock;

// The positions that a row sees: [begin, end).
struct PositionRange {
  size_t begin, end;
};
constexpr PositionRange VisiblePositions(const AttentionShape& shape, size_t position) {
  const bool all = shape.window == 0 || position < shape.window;
  return {all ? 0 : position + 1 - shape.window, position + 1};
}

// The part of `visible` inside a segment; begin == end when there is none.
constexpr PositionRange InSegment(PositionRange visible, size_t segment) {
  const size_t first = segment * kSegment;
  const size_t last = first + kSegment;
  const size_t begin = visible.begin > first ? visible.begin : first;
  const size_t end = visible.end < last ? visible.end : last;
  return begin < end ? PositionRange{begin, end} : PositionRange{begin, begin};
}

}  // namespace sheepop::kernel
