// What the variants of select.h share: exp on [-30, 0] as 2^n (1 + r + r^2 q(r)), |r| <= ln(2) / 2, with q the minimax
// polynomial of degree 4 (relative error 5e-9 before rounding).
#pragma once

#include <cstdint>

#include "kernel/select.h"

namespace sheepop::kernel::select {

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2High = 0.693359375f;
inline constexpr float kLn2Low = -2.12194440e-4f;
inline constexpr float kQ4 = 0x1.6a2354p-10f;
inline constexpr float kQ3 = 0x1.123a6cp-7f;
inline constexpr float kQ2 = 0x1.5558f4p-5f;
inline constexpr float kQ1 = 0x1.555490p-3f;
inline constexpr float kQ0 = 0x1.fffffcp-2f;
inline constexpr float kLowest = -30.0f;  // nats; far enough for a weight of 0, near enough for a normal float
inline constexpr int32_t kWeightBits = 31;
inline constexpr float kBucketsPerNat = 1.0f / kNatsPerBucket;
inline constexpr float kLargest = std::numeric_limits<float>::max();

// Whether every weight of a group with this maximum is 0.
inline bool Weightless(float maximum, WeightScale scale) {
  return !((maximum - scale.best) * scale.inverse_temperature > -kWeightlessNats);
}

}  // namespace sheepop::kernel::select
