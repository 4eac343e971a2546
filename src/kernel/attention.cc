#include "kernel/attention.h"

#include <algorithm>

#include "kernel/attention_variants.h"

namespace sheepop::kernel {

size_t KvTypeBytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }

SegmentRange SegmentsOf(const AttentionShape& shape, size_t position) {
  return {VisiblePositions(shape, position).begin / kSegment, position / kSegment};
}

const AttentionKernels& AttentionKernelsFor(Isa isa) {
  switch (isa) {
    case Isa::kReference: return kAttentionReference;
    case Isa::kAvx2: return kAttentionReference;
    case Isa::kAvx512: return kAttentionReference;
  }
  return kAttentionReference;
}

size_t AttentionScratch(const AttentionShape& shape) {
  return shape.head_dim * sizeof(float);
}

}  // namespace sheepop::kernel
