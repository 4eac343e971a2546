#include "kernel/avx512/lanes.h"
#include "kernel/avx512/matmul_lines.h"
#include "kernel/avx512/set.h"

namespace sheepop::kernel {
namespace {

constexpr int kWideTokens = 8;

struct I32x16 {
  __m512i v;
};
template <int kShift>
inline I32x16 BroadcastShifted(int32_t i) {
  return {_mm512_slli_epi32(_mm512_set1_epi32(i), kShift)};
}
inline F32x16 ToFloat(I32x16 x) { return {_mm512_cvtepi32_ps(x.v)}; }

template <PackedFormat kFormat, int kLine>
inline I32x16 LoadLine(const std::byte* block) {
  return {LoadValues<kFormat, kLine>(block)};
}
inline I32x16 EvenBytes(I32x16 x) { return {_mm512_and_si512(x.v, _mm512_set1_epi16(0xff))}; }
inline I32x16 OddBytes(I32x16 x) { return {_mm512_srli_epi16(x.v, 8)}; }
inline void AddPairs(I32x16& sum, I32x16 w, const int16_t* pair) {
  sum.v = _mm512_dpwssd_epi32(sum.v, w.v, Broadcast32(pair));
}

inline F32x16 SignedBytes(const std::byte* bytes) { return {_mm512_cvtepi32_ps(SignedIntegers(bytes))}; }
inline F32x16 UnsignedBytes(const std::byte* bytes) { return {_mm512_cvtepi32_ps(UnsignedIntegers(bytes))}; }
inline F32x16 PowerBytes(const std::byte* bytes) { return {Powers(bytes)}; }
inline F32x16 E4m3Bytes(const std::byte* bytes) { return {E4m3Halves(bytes)}; }

}  // namespace
}  // namespace sheepop::kernel

// After the lanes that it is written over.
#include "kernel/generic/matmul_wide.inl"

namespace sheepop::kernel {

constinit const WideMatMulKernels avx512::kWideMatMul = kWideTable;

}  // namespace sheepop::kernel
