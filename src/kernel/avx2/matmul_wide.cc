#include "kernel/avx2/lanes.h"
#include "kernel/avx2/matmul_lines.h"
#include "kernel/avx2/set.h"

namespace sheepop::kernel {
namespace {

constexpr int kWideTokens = 4;

struct I32x16 {
  __m256i a, b;  // lanes 0 to 7, 8 to 15
};
template <int kShift>
[[gnu::always_inline]] inline I32x16 BroadcastShifted(int32_t i) {
  const __m256i shifted = _mm256_slli_epi32(_mm256_set1_epi32(i), kShift);
  return {shifted, shifted};
}
inline F32x16 ToFloat(I32x16 x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }

template <PackedFormat kFormat, int kLine>
[[gnu::always_inline]] inline I32x16 LoadLine(const std::byte* block) {
  return {LoadValues<kFormat, kLine>(block, 0), LoadValues<kFormat, kLine>(block, 1)};
}
[[gnu::always_inline]] inline I32x16 EvenBytes(I32x16 x) {
  const __m256i mask = _mm256_set1_epi16(0xff);
  return {_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
}
[[gnu::always_inline]] inline I32x16 OddBytes(I32x16 x) {
  return {_mm256_srli_epi16(x.a, 8), _mm256_srli_epi16(x.b, 8)};
}
[[gnu::always_inline]] inline void AddPairs(I32x16& sum, I32x16 w, const int16_t* pair) {
  const __m256i input = Broadcast32(pair);
  Add32(sum.a, _mm256_madd_epi16(w.a, input));
  Add32(sum.b, _mm256_madd_epi16(w.b, input));
}

inline __m256 FloatsOf(__m256i integers) { return _mm256_cvtepi32_ps(integers); }
inline F32x16 SignedBytes(const std::byte* bytes) {
  const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return {FloatsOf(_mm256_cvtepi8_epi32(all)), FloatsOf(_mm256_cvtepi8_epi32(_mm_srli_si128(all, 8)))};
}
inline F32x16 UnsignedBytes(const std::byte* bytes) {
  const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return {FloatsOf(_mm256_cvtepu8_epi32(all)), FloatsOf(_mm256_cvtepu8_epi32(_mm_srli_si128(all, 8)))};
}
inline F32x16 PowerBytes(const std::byte* bytes) { return {Powers(bytes), Powers(bytes + 8)}; }
inline F32x16 E4m3Bytes(const std::byte* bytes) { return {E4m3Halves(bytes), E4m3Halves(bytes + 8)}; }

}  // namespace
}  // namespace sheepop::kernel

// After the lanes that it is written over.
#include "kernel/generic/matmul_wide.inl"

namespace sheepop::kernel {

constinit const WideMatMulKernels avx2::kWideMatMul = kWideTable;

}  // namespace sheepop::kernel
