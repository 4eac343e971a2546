#include <algorithm>

#include "kernel/avx512/lanes.h"
#include "kernel/avx512/set.h"
#include "kernel/generic/select_constants.h"
// After the lanes that it is written over.
#include "kernel/generic/group_maxima.inl"

namespace sheepop::kernel::select {
namespace {

constexpr size_t kLanes = 16;

// The operand order of min and max decides what NaN becomes: the second operand.
__m512 Nats(__m512 logits, WeightScale scale) {
  const __m512 finite = _mm512_min_ps(_mm512_set1_ps(kLargest), logits);
  const __m512 nats =
      _mm512_mul_ps(_mm512_sub_ps(finite, _mm512_set1_ps(scale.best)), _mm512_set1_ps(scale.inverse_temperature));
  return _mm512_max_ps(nats, _mm512_set1_ps(kLowest));
}

__m512i Weight(__m512 nats) {
  const __m512 n =
      _mm512_roundscale_ps(_mm512_mul_ps(nats, _mm512_set1_ps(kLog2E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(kLn2High), nats);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(kLn2Low), r);
  __m512 q = _mm512_fmadd_ps(_mm512_set1_ps(kQ4), r, _mm512_set1_ps(kQ3));
  q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(kQ2));
  q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(kQ1));
  q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(kQ0));
  const __m512 p = _mm512_fmadd_ps(q, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  const __m512i exponent =
      _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(kWeightBits)), 23);
  return _mm512_cvtps_epu32(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), exponent)));
}

__m512i Bucket(__m512 nats) {
  const __m512i bucket = _mm512_cvttps_epi32(_mm512_mul_ps(nats, _mm512_set1_ps(-kBucketsPerNat)));
  return _mm512_min_epi32(bucket, _mm512_set1_epi32(kSelectBuckets - 1));
}

uint64_t MaskAtLeast(const float* group, __m512 threshold) {
  uint64_t mask = 0;
  for (size_t i = 0; i < kSelectGroup; i += kLanes) {
    mask |= uint64_t{_mm512_cmp_ps_mask(_mm512_loadu_ps(group + i), threshold, _CMP_GE_OQ)} << i;
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
  const __m512 limit = _mm512_set1_ps(threshold);
  for (size_t g = 0; g < row.groups; g += kLanes) {
    const auto present = static_cast<__mmask16>(row.groups - g < kLanes ? (1u << (row.groups - g)) - 1 : 0xffff);
    const __m512 maxima = _mm512_maskz_loadu_ps(present, row.maxima + g);
    uint32_t mask = _mm512_mask_cmp_ps_mask(present, maxima, limit, _CMP_GE_OQ);
    for (; mask; mask &= mask - 1) {
      if (!visit(g + static_cast<size_t>(std::countr_zero(mask)))) return;
    }
  }
}

size_t Gather(const LogitGroups& row, float threshold, size_t limit, uint64_t* keys) {
  size_t count = 0;
  const __m512 wide = _mm512_set1_ps(threshold);
  ForEachGroupAtLeast(row, threshold, [&](size_t g) {
    const uint64_t mask = MaskAtLeast(row.logits + g * kSelectGroup, wide);
    count += AppendKeys(row.logits, g * kSelectGroup, mask, keys + count);
    return count <= limit;
  });
  return count;
}

uint64_t Mass(const LogitGroups& row, WeightScale scale) {
  const __m512i low = _mm512_set1_epi64(0xffffffff);
  __m512i even = _mm512_setzero_si512(), odd = even;
  for (size_t g = 0; g < row.groups; ++g) {
    if (Weightless(row.maxima[g], scale)) continue;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      const __m512i weights = Weight(Nats(_mm512_loadu_ps(row.logits + g * kSelectGroup + i), scale));
      even = _mm512_add_epi64(even, _mm512_and_si512(weights, low));
      odd = _mm512_add_epi64(odd, _mm512_srli_epi64(weights, 32));
    }
  }
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(_mm512_add_epi64(even, odd)));
}

void Weights(const float* logits, size_t n, WeightScale scale, uint32_t* out) {
  for (size_t i = 0; i < n; i += kLanes) {
    const auto present = static_cast<__mmask16>(n - i < kLanes ? (1u << (n - i)) - 1 : 0xffff);
    _mm512_mask_storeu_epi32(out + i, present, Weight(Nats(_mm512_maskz_loadu_ps(present, logits + i), scale)));
  }
}

void Histogram(const LogitGroups& row, WeightScale scale, SelectBucket* buckets) {
  alignas(64) uint32_t weights[kSelectGroup], indices[kSelectGroup];
  ForEachGroupAtLeast(row, -kLargest, [&](size_t g) {
    const float* group = row.logits + g * kSelectGroup;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      const __m512 nats = Nats(_mm512_loadu_ps(group + i), scale);
      _mm512_store_si512(weights + i, Weight(nats));
      _mm512_store_si512(indices + i, Bucket(nats));
    }
    for (uint64_t mask = MaskAtLeast(group, _mm512_set1_ps(-kLargest)); mask; mask &= mask - 1) {
      const int i = std::countr_zero(mask);
      buckets[indices[i]].mass += weights[i];
      buckets[indices[i]].count += 1;
    }
    return true;
  });
}

size_t GatherBucket(const LogitGroups& row, WeightScale scale, uint32_t bucket, uint64_t* keys) {
  size_t count = 0;
  const __m512i wanted = _mm512_set1_epi32(static_cast<int>(bucket));
  ForEachGroupAtLeast(row, -kLargest, [&](size_t g) {
    if (BucketOf(row.maxima[g], scale) > bucket) return true;
    const float* group = row.logits + g * kSelectGroup;
    const uint64_t mask = MaskAtLeast(group, _mm512_set1_ps(-kLargest));
    uint64_t inside = 0;
    for (size_t i = 0; i < kSelectGroup; i += kLanes) {
      inside |= uint64_t{_mm512_cmpeq_epi32_mask(Bucket(Nats(_mm512_loadu_ps(group + i), scale)), wanted)} << i;
    }
    count += AppendKeys(row.logits, g * kSelectGroup, mask & inside, keys + count);
    return true;
  });
  return count;
}

}  // namespace
}  // namespace sheepop::kernel::select

namespace sheepop::kernel {

constinit const SelectKernels avx512::kSelect = {GroupMaxima,     select::Gather,    select::Mass,
                                                 select::Weights, select::Histogram, select::GatherBucket};

}  // namespace sheepop::kernel
