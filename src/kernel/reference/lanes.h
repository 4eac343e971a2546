// The 16 virtual lanes and the elementary functions as plain scalar C++: what every instruction set must reproduce.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "kernel/generic/lanes_polynomials.h"

namespace sheepop::kernel::reference {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// b when either is NaN and when both are zeros, as x86's maxps.
inline float Max(float a, float b) { return a > b ? a : b; }
inline float Min(float a, float b) { return a < b ? a : b; }

template <typename Number>
Number SumOfLanes(Number lanes[16]) {
  for (size_t step : {8, 4, 2, 1}) {
    for (size_t i = 0; i < step; ++i) lanes[i] += lanes[i + step];
  }
  return lanes[0];
}

inline float MaxOfLanes(float lanes[16]) {
  for (size_t step : {8, 4, 2, 1}) {
    for (size_t i = 0; i < step; ++i) lanes[i] = Max(lanes[i], lanes[i + step]);
  }
  return lanes[0];
}

inline float Exp(float x) {
  if (x > kExpMax) return kInfinity;
  if (x < kExpMin) return 0;
  const float biased = std::fma(x, kLog2E, kRoundingBias);
  const float n = biased - kRoundingBias;
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, x));
  float p = kExpTerms[4];
  for (int i = 3; i >= 0; --i) p = std::fma(p, r, kExpTerms[i]);
  p = std::fma(p, r * r, r) + 1.0F;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(p) + (std::bit_cast<uint32_t>(biased) << 23));
}

inline float Tanh(float x) {
  const float size = std::fabs(x);
  if (size < kTanhSmall) {
    const float z = x * x;
    float t = kTanhTerms[5];
    for (int i = 4; i >= 0; --i) t = std::fma(t, z, kTanhTerms[i]);
    return std::fma(t * z, x, x);
  }
  return std::copysign(1.0F - 2.0F / (Exp(size + size) + 1.0F), x);
}

inline float Silu(float x) { return x / (1.0F + Exp(-x)); }

inline float Gelu(float x) { return x / (1.0F + Exp(x * std::fma(x * x, kGeluCubic, kGeluLinear))); }

inline float Softcap(float x, float cap) { return cap * Tanh(x / cap); }

}  // namespace sheepop::kernel::reference
