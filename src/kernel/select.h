// Passes over the vocabulary for choosing tokens: which logits are large, and how much probability they carry.
//
// Order keys make every ordering a comparison of integers: order-preserving bits of the logit above, the inverted id
// below, so that a greater key is a greater logit, or the same logit and a smaller id. Weights are fixed-point
// integers, round(2^31 exp((logit - best) / temperature)), so sums of them are associative: every algorithm, vector
// width and thread count gives the same answer. A token about 22 nats below the best has weight 0. NaN and -infinity
// are no candidates and weigh nothing; +infinity weighs as much as the largest finite number. -0 equals 0.
//
// Logits come in groups of 64 (the last may have fewer) with the maximum of each, so that a pass can leave out most groups unread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sheepop::kernel {

inline constexpr size_t kSelectGroup = 64;  // logits that share one maximum
constexpr size_t SelectGroups(size_t logits) { return (logits + kSelectGroup - 1) / kSelectGroup; }
inline constexpr size_t kSelectBuckets = 1024;
inline constexpr uint32_t kFullWeight = uint32_t{1} << 31;  // the weight of the best candidate
inline constexpr float kNatsPerBucket = 22.25f / kSelectBuckets;
inline constexpr float kWeightlessNats = 22.2f;  // this far below the best, exp rounds to weight 0

struct LogitGroups {
  const float* logits;  // [groups, 64]
  const float* maxima;  // [groups], of each group; may be lower than the truth, -infinity hides the group
  size_t groups;
};

struct WeightScale {
  float best;                 // finite; no logit but +infinity is greater
  float inverse_temperature;  // finite, above 0
};

// What lies in one bucket: candidates whose distance below the best, in nats after temperature, is in
// [i, i + 1) * kNatsPerBucket; the last bucket holds all that is further.
struct SelectBucket {
  uint64_t mass;
  uint64_t count;
};

struct SelectKernels {
  // maxima[g] = max of logits[64 g, 64 g + 64) and n; NaN counts as -infinity. maxima has ceil(n / 64) entries.
  void (*group_maxima)(const float* logits, size_t n, float* maxima);

  // Writes the keys of logits >= threshold (above -infinity) in the order of ids, and returns how many. Stops after the
  // group in which the count passes `limit`; `keys` has room for limit + 64.
  size_t (*gather)(const LogitGroups& row, float threshold, size_t limit, uint64_t* keys);

  // The sum of all weights.
  uint64_t (*mass)(const LogitGroups& row, WeightScale scale);

  // out[i] = the weight of logits[i], for i < n.
  void (*weights)(const float* logits, size_t n, WeightScale scale, uint32_t* out);

  // Adds every candidate to its bucket; `buckets` has kSelectBuckets entries.
  void (*histogram)(const LogitGroups& row, WeightScale scale, SelectBucket* buckets);

  // Writes the keys of the candidates in one bucket, in the order of ids, and returns how many; `keys` has room for
  // all.
  size_t (*gather_bucket)(const LogitGroups& row, WeightScale scale, uint32_t bucket, uint64_t* keys);
};

constexpr uint64_t OrderKey(float logit, uint32_t id) {
  uint32_t bits = std::bit_cast<uint32_t>(logit);
  if (bits == 0x80000000u) bits = 0;
  bits ^= static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u;
  return uint64_t{bits} << 32 | static_cast<uint32_t>(~id);
}

constexpr float KeyLogit(uint64_t key) {
  const uint32_t bits = static_cast<uint32_t>(key >> 32);
  return std::bit_cast<float>(bits & 0x80000000u ? bits ^ 0x80000000u : ~bits);
}

constexpr uint32_t KeyId(uint64_t key) { return ~static_cast<uint32_t>(key); }

// Defined once, by the reference; the histogram of every set agrees with it.
uint32_t BucketOf(float logit, WeightScale scale);

}  // namespace sheepop::kernel
