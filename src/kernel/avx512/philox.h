// Words of Philox for eight blocks in one AVX-512 register. Included in this folder only; see reference/philox.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {
namespace {

constexpr size_t kPhiloxBlocks = 8;

struct PhiloxWords {
  __m512i v;
};

inline PhiloxWords Words(uint64_t value) { return {_mm512_set1_epi64(static_cast<int64_t>(value))}; }
inline PhiloxWords Ascending(uint64_t first) {
  return {_mm512_add_epi64(Words(first).v, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0))};
}
inline PhiloxWords Product(PhiloxWords x, PhiloxWords y) { return {_mm512_mul_epu32(x.v, y.v)}; }
inline PhiloxWords High(PhiloxWords x) { return {_mm512_srli_epi64(x.v, 32)}; }
inline PhiloxWords Xor(PhiloxWords x, PhiloxWords y, PhiloxWords z) {
  return {_mm512_ternarylogic_epi64(x.v, y.v, z.v, 0x96)};
}

inline void StoreBlocks(PhiloxWords w0, PhiloxWords w1, PhiloxWords w2, PhiloxWords w3, uint32_t* out) {
  const __m512i low = _mm512_mask_blend_epi32(0xaaaa, w0.v, _mm512_slli_epi64(w1.v, 32));
  const __m512i high = _mm512_mask_blend_epi32(0xaaaa, w2.v, _mm512_slli_epi64(w3.v, 32));
  const __m512i front = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
  const __m512i back = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
  _mm512_storeu_si512(out, _mm512_permutex2var_epi64(low, front, high));
  _mm512_storeu_si512(out + 16, _mm512_permutex2var_epi64(low, back, high));
}

}  // namespace
}  // namespace sheepop::kernel
