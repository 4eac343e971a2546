#include <algorithm>
#include <cmath>

#include "kernel/generic/select_constants.h"
#include "kernel/reference/lanes.h"
#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace select {
namespace {

// (logit - best) / temperature, in [-30, 0]. The comparisons are written so that NaN ends at the bottom.
float Nats(float logit, WeightScale scale) {
  const float finite = logit > kLargest ? kLargest : logit;
  const float nats = (finite - scale.best) * scale.inverse_temperature;
  return nats > kLowest ? nats : kLowest;
}

float RoundToEven(float x) { return (x + 0x1.8p23f) - 0x1.8p23f; }

uint32_t Weight(float nats) {
  const float n = RoundToEven(nats * kLog2E);
  float r = std::fma(-n, kLn2High, nats);
  r = std::fma(-n, kLn2Low, r);
  float q = std::fma(kQ4, r, kQ3);
  q = std::fma(q, r, kQ2);
  q = std::fma(q, r, kQ1);
  q = std::fma(q, r, kQ0);
  const float p = std::fma(q, r * r, r + 1.0f);
  const uint32_t bits =
      std::bit_cast<uint32_t>(p) + (static_cast<uint32_t>(static_cast<int32_t>(n) + kWeightBits) << 23);
  const double scaled = std::bit_cast<float>(bits);
  return static_cast<uint32_t>((scaled + 0x1.8p52) - 0x1.8p52);
}

uint32_t Bucket(float nats) {
  return std::min(static_cast<uint32_t>(-nats * kBucketsPerNat), static_cast<uint32_t>(kSelectBuckets - 1));
}

void GroupMaxima(const float* logits, size_t n, float* maxima) {
  for (size_t group = 0; group * kSelectGroup < n; ++group) {
    float lanes[16];
    for (float& lane : lanes) lane = -reference::kInfinity;
    for (size_t i = group * kSelectGroup; i < n && i < group * kSelectGroup + kSelectGroup; ++i)
      lanes[i % 16] = reference::Max(logits[i], lanes[i % 16]);
    maxima[group] = reference::MaxOfLanes(lanes);
  }
}

size_t Gather(const LogitGroups& row, float threshold, size_t limit, uint64_t* keys) {
  size_t count = 0;
  for (size_t g = 0; g < row.groups && count <= limit; ++g) {
    if (!(row.maxima[g] >= threshold)) continue;
    for (size_t i = g * kSelectGroup; i < (g + 1) * kSelectGroup; ++i) {
      if (row.logits[i] >= threshold) keys[count++] = OrderKey(row.logits[i], static_cast<uint32_t>(i));
    }
  }
  return count;
}

uint64_t Mass(const LogitGroups& row, WeightScale scale) {
  uint64_t sum = 0;
  for (size_t g = 0; g < row.groups; ++g) {
    if (Weightless(row.maxima[g], scale)) continue;
    for (size_t i = 0; i < kSelectGroup; ++i) sum += Weight(Nats(row.logits[g * kSelectGroup + i], scale));
  }
  return sum;
}

void Weights(const float* logits, size_t n, WeightScale scale, uint32_t* out) {
  for (size_t i = 0; i < n; ++i) out[i] = Weight(Nats(logits[i], scale));
}

void Histogram(const LogitGroups& row, WeightScale scale, SelectBucket* buckets) {
  for (size_t g = 0; g < row.groups; ++g) {
    if (!(row.maxima[g] >= -kLargest)) continue;
    for (size_t i = g * kSelectGroup; i < (g + 1) * kSelectGroup; ++i) {
      if (!(row.logits[i] >= -kLargest)) continue;
      const float nats = Nats(row.logits[i], scale);
      SelectBucket& bucket = buckets[Bucket(nats)];
      bucket.mass += Weight(nats);
      bucket.count += 1;
    }
  }
}

size_t GatherBucket(const LogitGroups& row, WeightScale scale, uint32_t bucket, uint64_t* keys) {
  size_t count = 0;
  for (size_t g = 0; g < row.groups; ++g) {
    if (!(row.maxima[g] >= -kLargest) || Bucket(Nats(row.maxima[g], scale)) > bucket) continue;
    for (size_t i = g * kSelectGroup; i < (g + 1) * kSelectGroup; ++i) {
      if (row.logits[i] >= -kLargest && Bucket(Nats(row.logits[i], scale)) == bucket) {
        keys[count++] = OrderKey(row.logits[i], static_cast<uint32_t>(i));
      }
    }
  }
  return count;
}

}  // namespace
}  // namespace select

uint32_t BucketOf(float logit, WeightScale scale) { return select::Bucket(select::Nats(logit, scale)); }

constinit const SelectKernels reference::kSelect = {select::GroupMaxima, select::Gather,    select::Mass,
                                                    select::Weights,     select::Histogram, select::GatherBucket};

}  // namespace sheepop::kernel
