#include "kernel/attention.h"

#include "kernel/attention_variants.h"

namespace sheepop::kernel {

size_t KvTypeBytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }

SegmentRange SegmentsOf(const AttentionShape& shape, size_t position) {
  return {VisiblePositions(shape, position).begin / kSegment, position / kSegment};
}

const AttentionKernels& AttentionKernelsFor(Isa isa) {
  switch (isa) {
    case Isa::kReference: return kAttentionReference;
    case Isa::kAvx2: return kAttentionAvx2;
    case Isa::kAvx512: return kAttentionAvx512;
  }
  return kAttentionReference;
}

size_t AttentionScratch(const AttentionShape& shape) {
  const size_t queries = PaddedQueries(shape.heads_per_kv);
  const size_t per_query = kScoreStride + 2 * RoundUp16(shape.head_dim) + shape.head_dim + 4;
  return sizeof(float) * (queries * per_query + kPanelWidth * 16 * (shape.head_dim + kSegment));
}

}  // namespace sheepop::kernel
