// Attention over latents of a DecoderPass, always in its absorbed form: a head's query is turned into one of latents, which
// are attended to as one head of keys and values that all share (DeepSeek-V2, arXiv:2405.04434, section 2.1.2). The other
// form, which makes each head's keys and values of the latents, sums in another order: to choose between them by the number of
// rows would make the bits depend on the batch.
#include <algorithm>

#include "model/decoder_pass.h"

namespace sheepop {

// Of all rows: latent and turned part, as the one key of the position, whose beginning is its value.
void DecoderPass::StoreLatents(const kernel::AttentionShape& shape, const kernel::KvLayer& kv, size_t layer) {
  const LatentConfig& latent = config_.latent;
  const Product down{
      &weights_.matrix(Role::kLatent, layer), nullptr, {work_.keys_.values(), work_.keys_.stride(), false}};
  Multiply({&down, 1}, work_.normed_.Input(rows_.size()));
  const float* weight = weights_.vector(Role::kLatentNorm, layer);
  ForEachRow(rows_.size(), [&](size_t r) {
    float* key = work_.keys_.row(r);
    kernels_.vector.rms_norm(key, weight, latent.rank, kLatentNormEpsilon, key);
    Turn(layer, r, 1, config_.head_dim, key + latent.rank);
    Store(shape, kv, r, key, nullptr);
  });
}

// Turns what stands `stride` apart `heads` times by the row's position.
void DecoderPass::Turn(size_t layer, size_t row, size_t heads, size_t stride, float* x) const {
  const size_t index = config_.shapes[layer].rope;
  const RopeConfig& rope = config_.ropes[index];
  const size_t at = (index * work_.rows_ + row) * work_.pairs_;
  kernels_.vector.rotate(reinterpret_cast<const float*>(work_.cosines_.data()) + at,
                         reinterpret_cast<const float*>(work_.sines_.data()) + at, rope.pairs(), rope.interleaved,
                         heads, stride, x);
}

// What the matrices of the row's heads read: the first `count` of the values that stand `stride` apart.
void DecoderPass::HeadInput(size_t row, const float* heads, size_t stride, size_t count) {
  const size_t width = WholeBlocks(count);
  float* to = work_.head_inputs_.row(row);
  for (size_t h = 0; h < config_.heads; ++h, heads += stride, to += width) {
    std::fill(std::copy_n(heads, count, to), to + width, 0.0F);
  }
  work_.head_inputs_.Quantise(kernels_.matmul, row, 0, config_.heads * width);
}

// Each head's matrix times its part of the input, into `out` at a distance of `stride`.
void DecoderPass::MultiplyHeads(Role role, size_t layer, ActivationBuffer& out, size_t stride) {
  const size_t width = WholeBlocks(weights_.of_head(role, layer, 0).cols);
  pool_.ParallelFor(config_.heads, [&](size_t h, size_t worker) {
    const Matrix& matrix = weights_.of_head(role, layer, h);
    const Product product{&matrix, nullptr, {out.values() + h * stride, out.stride(), false}};
    MultiplyChunk(product, work_.head_inputs_.Columns(h * width, rows_.size()), {0, matrix.tiles()}, worker);
  });
}

// queries = what each head asks of a latent, then of its turned part.
void DecoderPass::LatentQueries(size_t layer) {
  const LatentConfig& latent = config_.latent;
  const bool low = latent.query_rank > 0;
  if (low) {
    const Product down{&weights_.matrix(Role::kQueryDown, layer),
                       nullptr,
                       {work_.low_queries_.values(), work_.low_queries_.stride(), false}};
    Multiply({&down, 1}, work_.normed_.Input(rows_.size()));
    const float* weight = weights_.vector(Role::kQueryDownNorm, layer);
    ForEachRow(rows_.size(), [&](size_t r) {
      float* x = work_.low_queries_.row(r);
      kernels_.vector.rms_norm(x, weight, latent.query_rank, kLatentNormEpsilon, x);
      work_.low_queries_.Quantise(kernels_.matmul, r);
    });
  }
  const Product up{&weights_.matrix(low ? Role::kQueryUp : Role::kQuery, layer),
                   nullptr,
                   {work_.head_queries_.values(), work_.head_queries_.stride(), false}};
  Multiply({&up, 1}, (low ? work_.low_queries_ : work_.normed_).Input(rows_.size()));
  ForEachRow(rows_.size(), [&](size_t r) {
    float* heads = work_.head_queries_.row(r);
    Turn(layer, r, config_.heads, latent.query(), heads + latent.content);
    HeadInput(r, heads, latent.query(), latent.content);
  });
  MultiplyHeads(Role::kLatentKey, layer, work_.queries_, config_.head_dim);
  ForEachRow(rows_.size(), [&](size_t r) {
    for (size_t h = 0; h < config_.heads; ++h) {
      std::copy_n(work_.head_queries_.row(r) + h * latent.query() + latent.content, latent.rotary,
                  work_.queries_.row(r) + h * config_.head_dim + latent.rank);
    }
  });
}

void DecoderPass::AttendLatent(size_t layer) {
  kernel::AttentionShape shape = ShapeOf(layer);
  kernel::KvLayer kv = cache_.Layer(config_.CacheLayer(layer));
  StoreLatents(shape, kv, layer);
  if (layer == config_.LastKeys()) KeepWantedRows(layer);
  LatentQueries(layer);
  shape.heads_per_kv = HeadsPerPass(config_, layer);
  shape.kv_heads = config_.heads / shape.heads_per_kv;
  kv.blocks = 0;  // all read the one head there is
  AttendRows(shape, kv);
  ForEachRow(rows_.size(),
             [&](size_t r) { HeadInput(r, work_.attention_.row(r), config_.head_dim, config_.latent.rank); });
  MultiplyHeads(Role::kLatentValue, layer, work_.head_values_, config_.latent.value);
  ForEachRow(rows_.size(), [&](size_t r) { work_.head_values_.Quantise(kernels_.matmul, r); });
}

void DecoderPass::LatentOutput(size_t layer, Into into) {
  const Product product{&weights_.matrix(Role::kAttentionOutput, layer), nullptr, BranchOutput(into)};
  Multiply({&product, 1}, work_.head_values_.Input(rows_.size()));
  FinishBranch(into);
}

}  // namespace sheepop
