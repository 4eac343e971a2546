// Words of Philox for four blocks in one AVX2 register. Included in this folder only; see reference/philox.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {
namespace {

constexpr size_t kPhiloxBlocks = 4;

struct PhiloxWords {
  __m256i v;
};

inline PhiloxWords Words(uint64_t value) { return {_mm256_set1_epi64x(static_cast<int64_t>(value))}; }
inline PhiloxWords Ascending(uint64_t first) {
  return {_mm256_add_epi64(Words(first).v, _mm256_set_epi64x(3, 2, 1, 0))};
}
inline PhiloxWords Product(PhiloxWords x, PhiloxWords y) { return {_mm256_mul_epu32(x.v, y.v)}; }
inline PhiloxWords High(PhiloxWords x) { return {_mm256_srli_epi64(x.v, 32)}; }
inline PhiloxWords Xor(PhiloxWords x, PhiloxWords y, PhiloxWords z) {
  return {_mm256_xor_si256(_mm256_xor_si256(x.v, y.v), z.v)};
}

inline void StoreBlocks(PhiloxWords w0, PhiloxWords w1, PhiloxWords w2, PhiloxWords w3, uint32_t* out) {
  const __m256i low = _mm256_blend_epi32(w0.v, _mm256_slli_epi64(w1.v, 32), 0xaa);
  const __m256i high = _mm256_blend_epi32(w2.v, _mm256_slli_epi64(w3.v, 32), 0xaa);
  const __m256i even = _mm256_unpacklo_epi64(low, high), odd = _mm256_unpackhi_epi64(low, high);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8), _mm256_permute2x128_si256(even, odd, 0x31));
}

}  // namespace
}  // namespace sheepop::kernel
