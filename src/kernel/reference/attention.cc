#include <cmath>
#include <cstring>

#include "base/half.h"
#include "kernel/attention_segments.h"
#include "kernel/reference/lanes.h"
#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace {

using namespace reference;

float LoadElement(KvType type, const std::byte* data, size_t index) {
  if (type == KvType::kF32) {
    float value;
    std::memcpy(&value, data + 4 * index, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, data + 2 * index, 2);
  return type == KvType::kF16 ? HalfToFloat(bits) : Bf16ToFloat(bits);
}

void StoreElement(KvType type, float value, std::byte* data, size_t index) {
  if (type == KvType::kF32) {
    std::memcpy(data + 4 * index, &value, 4);
    return;
  }
  const uint16_t bits = type == KvType::kF16 ? FloatToHalfSaturating(value) : FloatToBf16(value);
  std::memcpy(data + 2 * index, &bits, 2);
}

size_t BlockOffset(const AttentionShape& shape, const KvLayer& layer, size_t kv_head, size_t block) {
  return (kv_head * layer.blocks + block) * kKvBlock * shape.head_dim * KvTypeBytes(shape.type);
}

// What one query head has gathered so far.
struct Sums {
  float* o;  // [value_size]
  float l = 0;
  float m = -kInfinity;
};

void Clear(size_t size, Sums& sums) {
  for (size_t d = 0; d < size; ++d) sums.o[d] = 0;
  sums.l = 0;
  sums.m = -kInfinity;
}

void Merge(size_t size, const float* o, float l, float m, Sums& sums) {
  const float max = Max(m, sums.m);
  // When there is nothing on a side its maximum says nothing about its factor.
  const float mine = sums.m == -kInfinity ? 0 : Exp(sums.m - max);
  const float theirs = m == -kInfinity ? 0 : Exp(m - max);
  for (size_t d = 0; d < size; ++d) sums.o[d] = std::fma(sums.o[d], mine, o[d] * theirs);
  sums.l = std::fma(sums.l, mine, l * theirs);
  sums.m = max;
}

void Finish(const AttentionShape& shape, size_t head, Sums& sums) {
  if (shape.sinks) {
    const float m = shape.sinks[head], max = Max(m, sums.m);
    const float mine = sums.m == -kInfinity ? 0 : Exp(sums.m - max);
    const float theirs = m == -kInfinity ? 0 : Exp(m - max);
    for (size_t d = 0; d < shape.value_size(); ++d) sums.o[d] *= mine;
    sums.l = std::fma(sums.l, mine, theirs);
  }
  for (size_t d = 0; d < shape.value_size(); ++d) sums.o[d] /= sums.l;
}

// Where the keys and values of one head lie.
struct Head {
  const AttentionShape& shape;
  const KvLayer& layer;
  const uint32_t* blocks;
  size_t kv_head;

  size_t Offset(size_t position) const { return BlockOffset(shape, layer, kv_head, blocks[position / kKvBlock]); }

  float Score(const float* query, size_t position) const {
    const std::byte* keys = layer.keys + Offset(position);
    float sum = 0;
    for (size_t d = 0; d < shape.head_dim; ++d) {
      sum = std::fma(query[d], LoadElement(shape.type, keys, d * kKvBlock + position % kKvBlock), sum);
    }
    const float score = sum * shape.scale;
    return shape.softcap > 0 ? Softcap(score, shape.softcap) : score;
  }

  float Value(size_t position, size_t d) const {
    if (shape.value_dim > 0) {
      return LoadElement(shape.type, layer.keys + Offset(position), d * kKvBlock + position % kKvBlock);
    }
    return LoadElement(shape.type, layer.values + Offset(position), position % kKvBlock * shape.head_dim + d);
  }
};

void AttendRange(const Head& head, const float* query, PositionRange range, Sums& out) {
  Clear(head.shape.value_size(), out);
  if (range.begin == range.end) return;
  float weights[kSegment];
  float maxima[16];
  for (float& lane : maxima) lane = -kInfinity;
  for (size_t p = range.begin; p < range.end; ++p) {
    const float score = head.Score(query, p);
    weights[p % kSegment] = score;
    maxima[p % 16] = Max(score, maxima[p % 16]);
  }
  out.m = MaxOfLanes(maxima);

  // When every score is -infinity each weight shall be 0, not NaN.
  const float shift = out.m == -kInfinity ? 0 : out.m;
  float sums[16] = {};
  for (size_t p = range.begin; p < range.end; ++p) {
    const float weight = Exp(weights[p % kSegment] - shift);
    weights[p % kSegment] = weight;
    sums[p % 16] += weight;
  }
  out.l = SumOfLanes(sums);

  for (size_t d = 0; d < head.shape.value_size(); ++d) {
    for (size_t p = range.begin; p < range.end; ++p) {
      out.o[d] = std::fma(weights[p % kSegment], head.Value(p, d), out.o[d]);
    }
  }
}

void StorePosition(const AttentionShape& shape, const KvLayer& layer, const float* key, const float* value,
                   uint32_t block, size_t slot) {
  for (size_t head = 0; head < shape.kv_heads; ++head) {
    const size_t offset = BlockOffset(shape, layer, head, block);
    for (size_t d = 0; d < shape.head_dim; ++d) {
      StoreElement(shape.type, key[head * shape.head_dim + d], layer.keys + offset, d * kKvBlock + slot);
      if (shape.value_dim > 0) continue;
      StoreElement(shape.type, value[head * shape.head_dim + d], layer.values + offset, slot * shape.head_dim + d);
    }
  }
}

void Attend(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& rows, size_t kv_head,
            const AttentionOutput& out, std::byte* scratch) {
  const Head head = {shape, layer, rows.blocks, kv_head};
  Sums one = {reinterpret_cast<float*>(scratch)};
  for (size_t row = 0; row < rows.rows; ++row) {
    const size_t position = rows.first_position + row;
    const SegmentRange segments = SegmentsOf(shape, position);
    for (size_t q = kv_head * shape.heads_per_kv; q < (kv_head + 1) * shape.heads_per_kv; ++q) {
      const float* query = rows.queries + row * rows.stride + q * shape.head_dim;
      Sums all = {out.values + row * out.stride + q * shape.head_dim};
      Clear(shape.value_size(), all);
      for (size_t segment = segments.first; segment <= segments.last; ++segment) {
        AttendRange(head, query, InSegment(VisiblePositions(shape, position), segment), one);
        Merge(shape.value_size(), one.o, one.l, one.m, all);
      }
      Finish(shape, q, all);
    }
  }
}

void AttendSegment(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& row, size_t kv_head,
                   size_t segment, float* partial, std::byte* /*scratch*/) {
  const Head head = {shape, layer, row.blocks, kv_head};
  const PositionRange range = InSegment(VisiblePositions(shape, row.first_position), segment);
  for (size_t q = 0; q < shape.heads_per_kv; ++q, partial += PartialFloats(shape.head_dim)) {
    Sums sums = {partial};
    AttendRange(head, row.queries + (kv_head * shape.heads_per_kv + q) * shape.head_dim, range, sums);
    partial[shape.head_dim] = sums.l;
    partial[shape.head_dim + 1] = sums.m;
  }
}

void MergeSegments(const AttentionShape& shape, const float* partials, size_t segments, size_t kv_head, float* out) {
  for (size_t q = 0; q < shape.heads_per_kv; ++q) {
    Sums all = {out + q * shape.head_dim};
    Clear(shape.value_size(), all);
    for (size_t segment = 0; segment < segments; ++segment) {
      const float* data = partials + (segment * shape.heads_per_kv + q) * PartialFloats(shape.head_dim);
      const float* tail = data + shape.head_dim;
      Merge(shape.value_size(), data, tail[0], tail[1], all);
    }
    Finish(shape, kv_head * shape.heads_per_kv + q, all);
  }
}

}  // namespace

constinit const AttentionKernels reference::kAttention = {
    .store = StorePosition,
    .attend = Attend,
    .attend_segment = AttendSegment,
    .merge = MergeSegments,
};

}  // namespace sheepop::kernel
