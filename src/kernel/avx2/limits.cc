#include <immintrin.h>

#include "kernel/avx2/set.h"

namespace sheepop::kernel {
namespace {

uint64_t Fold(__m256i x) {
  const __m128i half = _mm_xor_si128(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  return static_cast<uint64_t>(_mm_extract_epi64(half, 0) ^ _mm_extract_epi64(half, 1));
}

uint64_t Read(const std::byte* data, size_t bytes) {
  __m256i sums[8] = {};
  for (size_t i = 0; i < bytes; i += 256) {
    const auto* line = reinterpret_cast<const __m256i*>(data + i);
    for (int lane = 0; lane < 8; ++lane) sums[lane] = _mm256_xor_si256(sums[lane], _mm256_load_si256(line + lane));
  }
  __m256i all = sums[0];
  for (int lane = 1; lane < 8; ++lane) all = _mm256_xor_si256(all, sums[lane]);
  return Fold(all);
}

constexpr int kChains = 12;  // enough to hide the latency of the multiplication

uint64_t Multiply(size_t rounds) {
  __m256i sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_epi16(static_cast<int16_t>(i));
  const __m256i a = _mm256_set1_epi8(3);
  __m256i b = _mm256_set1_epi8(5);
  for (size_t round = 0; round < rounds; ++round) {
    asm volatile("" : "+x"(b));  // keeps the products from being computed once
    for (__m256i& sum : sums) sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(a, b));
  }
  __m256i all = sums[0];
  for (int i = 1; i < kChains; ++i) all = _mm256_xor_si256(all, sums[i]);
  return Fold(all);
}

}  // namespace

constinit const LimitKernels avx2::kLimits = {Read, Multiply, kChains * 64};

}  // namespace sheepop::kernel
