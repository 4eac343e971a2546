// The 16 virtual lanes as an array: the names of avx512/lanes.h in plain C++, for the reference build of the kernels
// whose oracle is not a twin in scalar code but arithmetic in double (train_vector_test.cc). Included in this folder
// only.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/half.h"
#include "kernel/reference/lanes.h"

namespace sheepop::kernel {
namespace {

struct F32x16 {
  std::array<float, 16> v;
};

template <typename Body>
inline F32x16 EachLane(const Body& body) {
  F32x16 out;
  for (size_t i = 0; i < 16; ++i) out.v[i] = body(i);
  return out;
}

inline F32x16 Broadcast(float x) {
  return EachLane([&](size_t) { return x; });
}
inline F32x16 Zero() { return Broadcast(0); }
inline F32x16 Load(const float* p) {
  return EachLane([&](size_t i) { return p[i]; });
}
inline void Store(float* p, F32x16 x) {
  for (size_t i = 0; i < 16; ++i) p[i] = x.v[i];
}
inline F32x16 LoadFirst(const float* p, size_t n, float fill = 0) {
  return EachLane([&](size_t i) { return i < n ? p[i] : fill; });
}
inline void StoreFirst(float* p, size_t n, F32x16 x) {
  for (size_t i = 0; i < n; ++i) p[i] = x.v[i];
}

inline F32x16 operator+(F32x16 a, F32x16 b) {
  return EachLane([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline F32x16 operator-(F32x16 a, F32x16 b) {
  return EachLane([&](size_t i) { return a.v[i] - b.v[i]; });
}
inline F32x16 operator*(F32x16 a, F32x16 b) {
  return EachLane([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline F32x16 operator/(F32x16 a, F32x16 b) {
  return EachLane([&](size_t i) { return a.v[i] / b.v[i]; });
}
inline F32x16 operator-(F32x16 a) {
  return EachLane([&](size_t i) { return -a.v[i]; });
}
inline F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) {
  return EachLane([&](size_t i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
inline F32x16 Sqrt(F32x16 a) {
  return EachLane([&](size_t i) { return std::sqrt(a.v[i]); });
}
inline F32x16 Max(F32x16 a, F32x16 b) {
  return EachLane([&](size_t i) { return reference::Max(a.v[i], b.v[i]); });
}
inline F32x16 Exp(F32x16 x) {
  return EachLane([&](size_t i) { return reference::Exp(x.v[i]); });
}

inline float Sum(F32x16 x) { return reference::SumOfLanes(x.v.data()); }
inline float MaxLane(F32x16 x) { return reference::MaxOfLanes(x.v.data()); }
inline float FirstLane(F32x16 x) { return x.v[0]; }

struct F64x16 {
  std::array<double, 16> v;
};
inline F64x16 ZeroF64() { return {}; }
inline F64x16 AddTo(F64x16 sum, F32x16 x) {
  for (size_t i = 0; i < 16; ++i) sum.v[i] += static_cast<double>(x.v[i]);
  return sum;
}
inline double Sum(F64x16 x) { return reference::SumOfLanes(x.v.data()); }

struct Bf16 {
  uint16_t bits;
};
inline F32x16 LoadFirst(const Bf16* p, size_t n) {
  return EachLane([&](size_t i) { return i < n ? Bf16ToFloat(p[i].bits) : 0; });
}
inline F32x16 Load(const Bf16* p) { return LoadFirst(p, 16); }
inline void Store(Bf16* p, F32x16 x) {
  for (size_t i = 0; i < 16; ++i) p[i].bits = FloatToBf16(x.v[i]);
}

}  // namespace
}  // namespace sheepop::kernel
