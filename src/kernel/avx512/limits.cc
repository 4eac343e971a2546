#include <immintrin.h>

#include "kernel/avx512/set.h"

namespace sheepop::kernel {
namespace {

uint64_t Read(const std::byte* data, size_t bytes) {
  __m512i sums[4] = {};
  for (size_t i = 0; i < bytes; i += 256) {
    for (int lane = 0; lane < 4; ++lane) {
      sums[lane] = _mm512_xor_si512(sums[lane], _mm512_load_si512(data + i + 64 * lane));
    }
  }
  const __m512i all = _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]), _mm512_xor_si512(sums[2], sums[3]));
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(all));
}

constexpr int kChains = 12;  // enough to hide the latency of the multiplication

uint64_t Multiply(size_t rounds) {
  __m512i sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_epi32(i);
  const __m512i a = _mm512_set1_epi8(3);
  __m512i b = _mm512_set1_epi8(5);
  for (size_t round = 0; round < rounds; ++round) {
    asm volatile("" : "+v"(b));  // keeps the products from being computed once
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
  }
  __m512i all = sums[0];
  for (int i = 1; i < kChains; ++i) all = _mm512_xor_si512(all, sums[i]);
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(all));
}

}  // namespace

constinit const LimitKernels avx512::kLimits = {Read, Multiply, kChains * 128};

}  // namespace sheepop::kernel
