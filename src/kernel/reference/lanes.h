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

inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 31) {
    const uint32_t quiet = mantissa ? 0x400000 : 0;
    return std::bit_cast<float>(sign | 0x7f800000 | quiet | mantissa << 13);
  }
  if (exponent == 0) {
    const float size = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(size));
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

// To nearest, ties to even; beyond +-65504, infinities too, to +-65504.
inline uint16_t FloatToHalf(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t size = bits & 0x7fffffff;
  if (size > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | ((size >> 13) & 0x3ff));
  if (size >= 0x477fe000) return static_cast<uint16_t>(sign | 0x7bff);
  if (size < 0x38800000) {  // below 2^-14 the unit is 2^-24: adding 0.5 leaves the rounded count in the low bits
    const float shifted = std::bit_cast<float>(size) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t rounded = size + 0xfff + ((size >> 13) & 1);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000) >> 13));
}

inline float Bf16ToFloat(uint16_t bf16) { return std::bit_cast<float>(static_cast<uint32_t>(bf16) << 16); }

inline uint16_t FloatToBf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (x != x) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace sheepop::kernel::reference
