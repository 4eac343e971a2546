// The 16 virtual lanes in one AVX-512 register. Included in this folder only, everything has internal linkage: the
// same names in avx2/lanes.h mean the same with other instructions, and the *.inl files are written over them.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns about its own _mm512_undefined_* (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {
namespace {

struct F32x16 {
  __m512 v;
};

// Registers that a block of accumulators may fill, and the most query vectors that share a load in attention.
constexpr size_t kAccumulators = 24;
constexpr size_t kMaxGroup = 12;

inline F32x16 Broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline F32x16 Zero() { return {_mm512_setzero_ps()}; }

inline F32x16 Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void Store(float* p, F32x16 x) { _mm512_storeu_ps(p, x.v); }

inline __mmask16 FirstMask(size_t n) { return static_cast<__mmask16>(_bzhi_u32(0xffff, static_cast<uint32_t>(n))); }

// The first n <= 16 lanes from memory, the others `fill`; only n floats are touched.
inline F32x16 LoadFirst(const float* p, size_t n, float fill = 0) {
  return {_mm512_mask_loadu_ps(_mm512_set1_ps(fill), FirstMask(n), p)};
}
inline void StoreFirst(float* p, size_t n, F32x16 x) { _mm512_mask_storeu_ps(p, FirstMask(n), x.v); }

// p[0], p[0], p[1], p[1], ... of n <= 8 floats.
inline F32x16 LoadTwice(const float* p, size_t n) {
  const __m512i twice = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
  return {_mm512_permutexvar_ps(twice, _mm512_maskz_loadu_ps(FirstMask(n), p))};
}
inline F32x16 SwapPairs(F32x16 x) { return {_mm512_permute_ps(x.v, 0xb1)}; }
inline F32x16 NegateEven(F32x16 x) { return {_mm512_xor_ps(x.v, _mm512_castsi512_ps(_mm512_set1_epi64(0x80000000)))}; }

inline F32x16 operator+(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32x16 operator-(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32x16 operator*(F32x16 a, F32x16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32x16 operator/(F32x16 a, F32x16 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32x16 operator-(F32x16 a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0F))}; }
inline F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F32x16 Sqrt(F32x16 a) { return {_mm512_sqrt_ps(a.v)}; }
// b when either is NaN and when both are zeros.
inline F32x16 Max(F32x16 a, F32x16 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F32x16 Min(F32x16 a, F32x16 b) { return {_mm512_min_ps(a.v, b.v)}; }

inline F32x16 Abs(F32x16 x) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0F), x.v)}; }
inline F32x16 CopySign(F32x16 size, F32x16 sign) {
  const __m512 bit = _mm512_set1_ps(-0.0F);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, size.v), _mm512_and_ps(bit, sign.v))};
}
// a < b ? yes : no
inline F32x16 IfLess(F32x16 a, F32x16 b, F32x16 yes, F32x16 no) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), no.v, yes.v)};
}
// a < b ? 0 : x
inline F32x16 ZeroIfLess(F32x16 a, F32x16 b, F32x16 x) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ), x.v)};
}
// x * 2^n, n in the low bits of `biased`; x and the result normal.
inline F32x16 ScaleByPower(F32x16 x, F32x16 biased) {
  const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(biased.v), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x.v), exponent))};
}
// Lanes outside [begin, end) become `fill`; begin, end <= 16.
inline F32x16 KeepRange(F32x16 x, size_t begin, size_t end, F32x16 fill) {
  const auto keep = static_cast<__mmask16>(FirstMask(end) & ~FirstMask(begin));
  return {_mm512_mask_blend_ps(keep, fill.v, x.v)};
}

// The fixed tree: lane i with i + 8, then i + 4, i + 2, i + 1.
inline float Sum(F32x16 x) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float MaxLane(F32x16 x) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline float FirstLane(F32x16 x) { return _mm512_cvtss_f32(x.v); }

struct F64x16 {
  __m512d low, high;
};
inline F64x16 ZeroF64() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
inline F64x16 AddTo(F64x16 sum, F32x16 x) {
  return {_mm512_add_pd(sum.low, _mm512_cvtps_pd(_mm512_castps512_ps256(x.v))),
          _mm512_add_pd(sum.high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(x.v, 1)))};
}
inline double Sum(F64x16 x) {
  const __m512d eight = _mm512_add_pd(x.low, x.high);
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

struct Half {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};

inline F32x16 Load(const Half* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))}; }
inline F32x16 LoadFirst(const Half* p, size_t n) {
  return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(FirstMask(n), p))};
}
inline F32x16 Load(const Bf16* p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}
inline F32x16 LoadFirst(const Bf16* p, size_t n) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(FirstMask(n), p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}

// sums[q] += factors[q] * p[0 .. 16)
template <size_t Q, typename Element>
inline void AddTo(F32x16 (&sums)[Q], const F32x16 (&factors)[Q], const Element* p) {
  const F32x16 x = Load(p);
  for (size_t q = 0; q < Q; ++q) sums[q] = Fma(factors[q], x, sums[q]);
}

// Nearest, ties to even; halves saturate at +-65504.
inline void Store(Half* p, F32x16 x) {
  const F32x16 bounded = Max(Broadcast(-65504.0F), Min(Broadcast(65504.0F), x));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(bounded.v, _MM_FROUND_TO_NEAREST_INT));
}
inline void Store(Bf16* p, F32x16 x) {
  const __m512i bits = _mm512_castps_si512(x.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 nan = _mm512_cmp_ps_mask(x.v, x.v, _CMP_UNORD_Q);
  const __m512i chosen = _mm512_srli_epi32(_mm512_mask_blend_epi32(nan, rounded, quiet), 16);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(chosen));
}

}  // namespace
}  // namespace sheepop::kernel
