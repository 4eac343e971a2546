#include <algorithm>
#include <cstring>

#include "kernel/avx2/lanes.h"
#include "kernel/avx2/set.h"
#include "kernel/generic/select_constants.h"
// After the lanes that it is written over.
#include "kernel/generic/group_maxima.inl"

namespace sheepop::kernel::select {
namespace {

constexpr size_t kLanes = 8;

// The operand order of min and max decides what NaN becomes: the second operand.
__m256 Nats(__m256 logits, WeightScale scale) {
  const __m256 finite = _mm256_min_ps(_mm256_set1_ps(kLargest), logits);
  const __m256 nats =
      _mm256_mul_ps(_mm256_sub_ps(finite, _mm256_set1_ps(scale.best)), _mm256_set1_ps(scale.inverse_temperature));
  return _mm256_max_ps(nats, _mm256_set1_ps(kLowest));
}

__m256i Weight(__m256 nats) {
  const __m256 n =
      _mm256_round_ps(_mm256_mul_ps(nats, _mm256_set1_ps(kLog2E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2High), nats);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2Low), r);
  __m256 q = _mm256_fmadd_ps(_mm256_set1_ps(kQ4), r, _mm256_set1_ps(kQ3));
  q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(kQ2));
  q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(kQ1));
  q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(kQ0));
  const __m256 p = _mm256_fmadd_ps(q, _mm256_mul_ps(r, r), _mm256_add_ps(r, _mm256_set1_ps(1.0f)));
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(kWeightBits)), 23);
  // 2^31 converts to 0x80000000, the processor's answer to overflow, which read as unsigned is 2^31 again.
  return _mm256_cvtps_epi32(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent)));
}

__m256i Bucket(__m256 nats) {
  const __m256i bucket = _mm256_cvttps_epi32(_mm256_mul_ps(nats, _mm256_set1_ps(-kBucketsPerNat)));
  return _mm256_min_epi32(bucket, _mm256_set1_epi32(kSelectBuckets - 1));
}

uint64_t MaskAtLeast(const float* group, __m256 threshold) {
  uint64_t mask = 0;
  for (size_t i = 0; i < kSelectGroup; i += kLanes) {
    const int lanes = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(group + i), threshold, _CMP_GE_OQ));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(lanes)) << i;
  }
  return mask;
}

size_t AppendKeys(const float* logits, size_t first, uint64_t mask, uint64_t* keys) {
  size_t count = 0;
  for (; mask; mask &= mask - 1) {
    const size_t i = first + static_cast<size_t>(std::countr_zero(mask));
    keys[count++] = OrderKey(logits[i], static_cast<uint32_t>(i));
  }
  return count;
}

// Calls visit(g) for each group whose maximum is at least `threshold`, until it returns false.
template <class Visit>
void ForEachGroupAtLeast(const LogitGroups& row, float threshold, Visit visit) {
  const __m256 limit = _mm256_set1_ps(threshold);
  size_t g = 0;
  for (; g + kLanes <= row.groups; g += kLanes) {
    auto mask =
        static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(row.maxima + g), limit, _CMP_GE_OQ)));
    for (; mask; mask &= mask - 1) {
      if (!visit(g + static_cast<size_t>(std::countr_zero(mask)))) return;
    }
  }
  for (; g < row.groups; ++g) {
    if (row.maxima[g] >= threshold && !visit(g)) return;
  }
}

size_t Gather(const LogitGroups& row, float threshold, size_t limit, uint64_t* keys) {
  size_t count = 0;
  const __m256 wide = _mm256_set1_ps(threshold);
  ForEachGroupAtLeast(row, threshold, [&](size_t g) {
    const uint64_t mask = MaskAtLeast(row.logits + g * kSelectGroup, wide);
    count += AppendKeys(row.logits, g * kSelectGroup, mask, keys + count);
    return count <= limit;
  });
  return count;
}

uint64_t Mass(const LogitGroups& row, WeightScale scale) {
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  __m256i even = _mm256_setzero_si256(), odd = even;
  for (size_t g = 0; g < row.groups; ++g) {
    if (Weightless(row.maxima[g], scale)) continue;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      const __m256i weights = Weight(Nats(_mm256_loadu_ps(row.logits + g * kSelectGroup + i), scale));
      even = _mm256_add_epi64(even, _mm256_and_si256(weights, low));
      odd = _mm256_add_epi64(odd, _mm256_srli_epi64(weights, 32));
    }
  }
  alignas(32) uint64_t sums[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums), _mm256_add_epi64(even, odd));
  return sums[0] + sums[1] + sums[2] + sums[3];
}

void Weights(const float* logits, size_t n, WeightScale scale, uint32_t* out) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), Weight(Nats(_mm256_loadu_ps(logits + i), scale)));
  }
  if (i == n) return;
  alignas(32) float rest[kLanes] = {};
  alignas(32) uint32_t weights[kLanes];
  std::memcpy(rest, logits + i, (n - i) * sizeof(float));
  _mm256_store_si256(reinterpret_cast<__m256i*>(weights), Weight(Nats(_mm256_load_ps(rest), scale)));
  std::memcpy(out + i, weights, (n - i) * sizeof(uint32_t));
}

void Histogram(const LogitGroups& row, WeightScale scale, SelectBucket* buckets) {
  alignas(32) uint32_t weights[kSelectGroup], indices[kSelectGroup];
  ForEachGroupAtLeast(row, -kLargest, [&](size_t g) {
    const float* group = row.logits + g * kSelectGroup;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      const __m256 nats = Nats(_mm256_loadu_ps(group + i), scale);
      _mm256_store_si256(reinterpret_cast<__m256i*>(weights + i), Weight(nats));
      _mm256_store_si256(reinterpret_cast<__m256i*>(indices + i), Bucket(nats));
    }
    for (uint64_t mask = MaskAtLeast(group, _mm256_set1_ps(-kLargest)); mask; mask &= mask - 1) {
      const int i = std::countr_zero(mask);
      buckets[indices[i]].mass += weights[i];
      buckets[indices[i]].count += 1;
    }
    return true;
  });
}

size_t GatherBucket(const LogitGroups& row, WeightScale scale, uint32_t bucket, uint64_t* keys) {
  size_t count = 0;
  const __m256i wanted = _mm256_set1_epi32(static_cast<int>(bucket));
  ForEachGroupAtLeast(row, -kLargest, [&](size_t g) {
    if (BucketOf(row.maxima[g], scale) > bucket) return true;
    const float* group = row.logits + g * kSelectGroup;
    uint64_t mask = MaskAtLeast(group, _mm256_set1_ps(-kLargest));
    uint64_t inside = 0;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      const __m256i equal = _mm256_cmpeq_epi32(Bucket(Nats(_mm256_loadu_ps(group + i), scale)), wanted);
      inside |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)))) << i;
    }
    count += AppendKeys(row.logits, g * kSelectGroup, mask & inside, keys + count);
    return true;
  });
  return count;
}

}  // namespace
}  // namespace sheepop::kernel::select

namespace sheepop::kernel {

constinit const SelectKernels avx2::kSelect = {GroupMaxima,     select::Gather,    select::Mass,
                                               select::Weights, select::Histogram, select::GatherBucket};

}  // namespace sheepop::kernel
