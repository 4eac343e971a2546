#include "kernel/attention.h"

#include "kernel/attention_segments.h"

namespace sheepop::kernel {

size_t KvTypeBytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }

SegmentRange SegmentsOf(const AttentionShape& shape, size_t position) {
  return {VisiblePositions(shape, position).begin / kSegment, position / kSegment};
}

size_t AttentionScratch(const AttentionShape& shape) {
  const size_t queries = PaddedQueries(shape.heads_per_kv);
  const size_t per_query = kScoreStride + 2 * RoundUp16(shape.head_dim) + shape.head_dim + 4;
  return sizeof(float) * (queries * per_query + kPanelWidth * 16 * (shape.head_dim + kSegment));
}

}  // namespace sheepop::kernel
