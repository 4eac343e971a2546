// Attention over a KV cache in blocks of 16 positions.
//
// Keys of a block lie [head_dim, 16] (so that 16 scores are one register and sums run vertically over head_dim), values
// [16, head_dim]. Positions are walked in segments of kSegment from position 0, whatever the batch or the prefill chunk:
//   scores  s_p = scale * q . k_p   (one fma chain over head_dim ascending), softcapped, masked outside the window
//   segment m = max s_p, e_p = exp(s_p - m), l = sum e_p (16 lanes, fixed tree), o = fma chain of e_p * v_p, p ascending
//   merge   segments in ascending order, from nothing: M' = max(M, m), a = exp(M - M'), b = exp(m - M'), L = fma(L, a, l * b),
//           O = fma(O, a, o * b); the factor of a side whose maximum is -infinity is 0
//   sink    a head's own logit, if it has one, joins last, as a segment with m = the logit, l = 1 and no values would
//   result  O / L
// so the bits (of all but NaNs) do not depend on how rows, heads and segments are shared out. Dao et al.,
// arXiv:2205.14135, for the merge. A row depends on nothing at positions that it does not see: blocks before the window
// are not read, nor are values outside it; keys are read in whole blocks, and what comes of unseen slots is thrown away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {

inline constexpr size_t kKvBlock = 16;   // positions in a block
inline constexpr size_t kSegment = 256;  // positions in a segment

enum class KvType : uint8_t { kF32, kF16, kBf16 };  // f16 saturates at +-65504
size_t KvTypeBytes(KvType type);

struct AttentionShape {
  size_t kv_heads;
  size_t heads_per_kv;  // query heads that share one key head
  size_t head_dim;      // of queries, keys and values; any size
  float scale;          // multiplies q . k
  float softcap;        // 0: none; else cap * tanh(s / cap)
  size_t window;        // 0: all earlier positions; else the last `window` positions, the row's own included
  KvType type;
  const float* sinks = nullptr;  // [kv_heads * heads_per_kv] logits, or null: none (arXiv:2309.17453)
  // 0: values are as long as keys and stored beside them; else a value is so many of the first elements of its key and stored
  // nowhere else. Results are then of that length, where results of head_dim would begin.
  size_t value_dim = 0;

  size_t value_size() const { return value_dim > 0 ? value_dim : head_dim; }
};

// The cache of one layer: block b of head h begins at keys + (h * blocks + b) * 16 * head_dim * KvTypeBytes(type).
struct KvLayer {
  std::byte* keys;    // [kv_heads, blocks, head_dim, 16]
  std::byte* values;  // [kv_heads, blocks, 16, head_dim]; anything where value_dim says that they are in the keys
  size_t blocks;      // of a head; 0, for reading alone: all heads are the first
};

// Query rows of one sequence at consecutive positions. Their keys and values are already stored.
struct AttentionRows {
  // [rows, stride], head h of a row at h * head_dim; query heads kv_head * heads_per_kv ... share a key head
  const float* queries;
  size_t stride;
  size_t rows;
  size_t first_position;   // of row 0
  const uint32_t* blocks;  // position p lies in block blocks[p / 16] at slot p % 16
};

struct AttentionOutput {
  float* values;  // [rows, stride], laid out as the queries
  size_t stride;
};

// The state of one (row, query head) after some segments: head_dim sums, then l, then m. Zero segments: m = -infinity.
inline size_t PartialFloats(size_t head_dim) { return head_dim + 2; }

struct AttentionKernels {
  // Stores the key and, unless it is in the key, the value [kv_heads, head_dim] of one position.
  void (*store)(const AttentionShape& shape, const KvLayer& layer, const float* key, const float* value, uint32_t block,
                size_t slot);

  // All segments of all rows for one key head, rows masked each at its own position. `scratch` is private to the thread,
  // at least AttentionScratch(shape) bytes, 64-byte aligned. Cost grows with rows * positions. About 96 query vectors
  // (rows * heads_per_kv) share one pass over keys and values: calls with fewer rows cost more a row. `out` may not
  // overlap the queries.
  void (*attend)(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& rows, size_t kv_head,
                 const AttentionOutput& out, std::byte* scratch);

  // One segment of one row for one key head -> partial [heads_per_kv, PartialFloats(head_dim)]; for splitting a long
  // context over threads. Merging all segments of a row in order gives the bits of attend.
  void (*attend_segment)(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& row, size_t kv_head,
                         size_t segment, float* partial, std::byte* scratch);

  // partials [segments, heads_per_kv, PartialFloats(head_dim)] of one row and key head -> out [heads_per_kv * head_dim].
  void (*merge)(const AttentionShape& shape, const float* partials, size_t segments, size_t kv_head, float* out);
};

size_t AttentionScratch(const AttentionShape& shape);

// The segments that a row at `position` attends to: [first, last] in segments of kSegment.
struct SegmentRange {
  size_t first, last;
};
SegmentRange SegmentsOf(const AttentionShape& shape, size_t position);

}  // namespace sheepop::kernel
