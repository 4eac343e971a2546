#include "model/workspace.h"

#include <algorithm>

namespace sheepop {
namespace {

constexpr size_t kAlignment = 64;

size_t Aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

ActivationBuffer::ActivationBuffer(size_t rows, size_t cols) {
  blocks_ = (cols + kernel::kBlockSize - 1) / kernel::kBlockSize;
  stride_ = blocks_ * kernel::kBlockSize;
  const size_t floats = Aligned(rows * stride_ * sizeof(float));
  memory_ = HugeBuffer(floats + rows * blocks_ * sizeof(kernel::QuantisedBlock));
  quantised_ = reinterpret_cast<kernel::QuantisedBlock*>(memory_.data() + floats);
}

void ActivationBuffer::Quantise(const kernel::MatMulKernels& kernels, size_t r, size_t begin, size_t count) {
  const size_t first = begin / kernel::kBlockSize, blocks = (count + kernel::kBlockSize - 1) / kernel::kBlockSize;
  kernels.quantise(row(r) + begin, blocks, quantised_ + r * blocks_ + first);
}

Workspace::Workspace(const ModelConfig& config, size_t rows, size_t logit_rows, size_t threads, size_t context)
    : rows_(rows), logit_rows_(logit_rows) {
  stream_ = ActivationBuffer(rows, config.hidden);
  normed_ = ActivationBuffer(rows, config.hidden);
  branch_ = ActivationBuffer(rows, config.hidden);
  queries_ = ActivationBuffer(rows, config.query_width());
  keys_ = ActivationBuffer(rows, config.kv_width());
  values_ = ActivationBuffer(rows, config.kv_width());
  attention_ = ActivationBuffer(rows, config.query_width());
  up_ = ActivationBuffer(rows, config.feed_forward);
  hidden_ = ActivationBuffer(rows, config.feed_forward);
  const size_t pairs = config.head_dim / 2;
  cosines_ = HugeBuffer(config.ropes.size() * rows * pairs * sizeof(float));
  sines_ = HugeBuffer(config.ropes.size() * rows * pairs * sizeof(float));
  segments_ = (context + kernel::kSegment - 1) / kernel::kSegment;
  partials_ = HugeBuffer(std::min(rows, kSplitRows) * config.heads * segments_ * kernel::PartialFloats(config.head_dim) * sizeof(float));
  head_input_ = ActivationBuffer(logit_rows, config.hidden);
  head_blocks_ = HugeBuffer(logit_rows * head_input_.stride() / kernel::kBlockSize * sizeof(kernel::WideBlock));
  logits_ = HugeBuffer(logit_rows * config.vocab * sizeof(float));
  maxima_ = HugeBuffer(logit_rows * ((config.vocab + 63) / 64) * sizeof(float));
  kernel::AttentionShape shape{};
  shape.kv_heads = config.kv_heads;
  shape.heads_per_kv = config.heads / config.kv_heads;
  shape.head_dim = config.head_dim;
  scratch_bytes_ = Aligned(std::max(kernel::kMatMulScratch, kernel::AttentionScratch(shape)));
  scratch_ = HugeBuffer(threads * scratch_bytes_);
}

}  // namespace sheepop
