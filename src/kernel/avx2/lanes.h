// The 16 virtual lanes in two AVX2 registers. Included in this folder only; see avx512/lanes.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {
namespace {

struct F32x16 {
  __m256 a, b;  // lanes 0 to 7, 8 to 15
};

// Pairs of registers that a block of accumulators may fill, and the most query vectors that share a load in attention.
constexpr size_t kAccumulators = 6;
constexpr size_t kMaxGroup = 6;

inline F32x16 Broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F32x16 Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }

inline F32x16 Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void Store(float* p, F32x16 x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}

// All ones in lanes [0, n) of those that begin at `first`.
inline __m256i FirstMask(size_t n, int first) {
  const __m256i index = _mm256_add_epi32(_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), _mm256_set1_epi32(first));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), index);
}

// The first n <= 16 lanes from memory, the others `fill`; only n floats are touched.
inline F32x16 LoadFirst(const float* p, size_t n, float fill = 0) {
  const __m256i low = FirstMask(n, 0);
  const __m256i high = FirstMask(n, 8);
  const __m256 other = _mm256_set1_ps(fill);
  return {_mm256_blendv_ps(other, _mm256_maskload_ps(p, low), _mm256_castsi256_ps(low)),
          _mm256_blendv_ps(other, _mm256_maskload_ps(p + 8, high), _mm256_castsi256_ps(high))};
}
inline void StoreFirst(float* p, size_t n, F32x16 x) {
  _mm256_maskstore_ps(p, FirstMask(n, 0), x.a);
  _mm256_maskstore_ps(p + 8, FirstMask(n, 8), x.b);
}

// p[0], p[0], p[1], p[1], ... of n <= 8 floats.
inline F32x16 LoadTwice(const float* p, size_t n) {
  const __m256 x = n == 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, FirstMask(n, 0));
  return {_mm256_permutevar8x32_ps(x, _mm256_set_epi32(3, 3, 2, 2, 1, 1, 0, 0)),
          _mm256_permutevar8x32_ps(x, _mm256_set_epi32(7, 7, 6, 6, 5, 5, 4, 4))};
}
inline F32x16 SwapPairs(F32x16 x) { return {_mm256_permute_ps(x.a, 0xb1), _mm256_permute_ps(x.b, 0xb1)}; }
inline F32x16 NegateEven(F32x16 x) {
  const __m256 signs = _mm256_castsi256_ps(_mm256_set1_epi64x(0x80000000));
  return {_mm256_xor_ps(x.a, signs), _mm256_xor_ps(x.b, signs)};
}

inline F32x16 operator+(F32x16 x, F32x16 y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline F32x16 operator-(F32x16 x, F32x16 y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline F32x16 operator*(F32x16 x, F32x16 y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline F32x16 operator/(F32x16 x, F32x16 y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
inline F32x16 operator-(F32x16 x) {
  const __m256 bit = _mm256_set1_ps(-0.0F);
  return {_mm256_xor_ps(x.a, bit), _mm256_xor_ps(x.b, bit)};
}
inline F32x16 Fma(F32x16 x, F32x16 y, F32x16 z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
inline F32x16 Sqrt(F32x16 x) { return {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
// y when either is NaN and when both are zeros.
inline F32x16 Max(F32x16 x, F32x16 y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline F32x16 Min(F32x16 x, F32x16 y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }

inline F32x16 Abs(F32x16 x) {
  const __m256 bit = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(bit, x.a), _mm256_andnot_ps(bit, x.b)};
}
inline F32x16 CopySign(F32x16 size, F32x16 sign) {
  const __m256 bit = _mm256_set1_ps(-0.0F);
  return {_mm256_or_ps(_mm256_andnot_ps(bit, size.a), _mm256_and_ps(bit, sign.a)),
          _mm256_or_ps(_mm256_andnot_ps(bit, size.b), _mm256_and_ps(bit, sign.b))};
}
// x < y ? yes : no
inline F32x16 IfLess(F32x16 x, F32x16 y, F32x16 yes, F32x16 no) {
  return {_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
          _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
// x < y ? 0 : z
inline F32x16 ZeroIfLess(F32x16 x, F32x16 y, F32x16 z) {
  return {_mm256_andnot_ps(_mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ), z.a),
          _mm256_andnot_ps(_mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ), z.b)};
}
inline __m256 ScaleByPower(__m256 x, __m256 biased) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(biased), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}
// x * 2^n, n in the low bits of `biased`; x and the result normal.
inline F32x16 ScaleByPower(F32x16 x, F32x16 biased) {
  return {ScaleByPower(x.a, biased.a), ScaleByPower(x.b, biased.b)};
}
// Lanes outside [begin, end) become `fill`; begin, end <= 16.
inline F32x16 KeepRange(F32x16 x, size_t begin, size_t end, F32x16 fill) {
  const __m256i low = _mm256_andnot_si256(FirstMask(begin, 0), FirstMask(end, 0));
  const __m256i high = _mm256_andnot_si256(FirstMask(begin, 8), FirstMask(end, 8));
  return {_mm256_blendv_ps(fill.a, x.a, _mm256_castsi256_ps(low)),
          _mm256_blendv_ps(fill.b, x.b, _mm256_castsi256_ps(high))};
}

// The fixed tree: lane i with i + 8, then i + 4, i + 2, i + 1.
inline float Sum(F32x16 x) {
  const __m256 eight = _mm256_add_ps(x.a, x.b);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float MaxLane(F32x16 x) {
  const __m256 eight = _mm256_max_ps(x.a, x.b);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline float FirstLane(F32x16 x) { return _mm256_cvtss_f32(x.a); }

struct F64x16 {
  __m256d quarters[4];
};
inline F64x16 ZeroF64() {
  return {{_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()}};
}
inline F64x16 AddTo(F64x16 sum, F32x16 x) {
  return {{_mm256_add_pd(sum.quarters[0], _mm256_cvtps_pd(_mm256_castps256_ps128(x.a))),
           _mm256_add_pd(sum.quarters[1], _mm256_cvtps_pd(_mm256_extractf128_ps(x.a, 1))),
           _mm256_add_pd(sum.quarters[2], _mm256_cvtps_pd(_mm256_castps256_ps128(x.b))),
           _mm256_add_pd(sum.quarters[3], _mm256_cvtps_pd(_mm256_extractf128_ps(x.b, 1)))}};
}
inline double Sum(F64x16 x) {
  const __m256d four =
      _mm256_add_pd(_mm256_add_pd(x.quarters[0], x.quarters[2]), _mm256_add_pd(x.quarters[1], x.quarters[3]));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

struct Half {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};

inline __m256 LoadEight(const float* p) { return _mm256_loadu_ps(p); }
inline __m256 LoadEight(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
inline __m256 LoadEight(const Bf16* p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
inline F32x16 Load(const Half* p) { return {LoadEight(p), LoadEight(p + 8)}; }
inline F32x16 Load(const Bf16* p) { return {LoadEight(p), LoadEight(p + 8)}; }
template <typename Short>
F32x16 LoadFirst(const Short* p, size_t n) {
  Short padded[16] = {};
  for (size_t i = 0; i < n; ++i) padded[i] = p[i];
  return Load(padded);
}

// sums[q] += factors[q] * p[0 .. 16), one register of p at a time.
template <size_t Q, typename Element>
inline void AddTo(F32x16 (&sums)[Q], const F32x16 (&factors)[Q], const Element* p) {
  const __m256 low = LoadEight(p);
  for (size_t q = 0; q < Q; ++q) sums[q].a = _mm256_fmadd_ps(factors[q].a, low, sums[q].a);
  const __m256 high = LoadEight(p + 8);
  for (size_t q = 0; q < Q; ++q) sums[q].b = _mm256_fmadd_ps(factors[q].b, high, sums[q].b);
}

// Nearest, ties to even; halves saturate at +-65504.
inline void Store(Half* p, F32x16 x) {
  const F32x16 bounded = Max(Broadcast(-65504.0F), Min(Broadcast(65504.0F), x));
  auto* out = reinterpret_cast<__m128i*>(p);
  _mm_storeu_si128(out, _mm256_cvtps_ph(bounded.a, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(out + 1, _mm256_cvtps_ph(bounded.b, _MM_FROUND_TO_NEAREST_INT));
}
inline __m256i RoundToBf16(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
}
inline void Store(Bf16* p, F32x16 x) {
  const __m256i packed = _mm256_packus_epi32(RoundToBf16(x.a), RoundToBf16(x.b));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
}

}  // namespace
}  // namespace sheepop::kernel
