// Reading the values of packed tiles (packed.h), and sums that stay in the order they are written in. Included by
// this folder only.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernel/packed.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kPrefetchBytes = 1536;

[[gnu::always_inline]] inline __m256i Load(const void* bytes) {
  return _mm256_load_si256(static_cast<const __m256i*>(bytes));
}

[[gnu::always_inline]] inline __m256i Broadcast32(const void* four_bytes) {
  int32_t word;
  std::memcpy(&word, four_bytes, 4);
  return _mm256_set1_epi32(word);
}

// Compilers would move all products in front of all additions, and spill: one instruction each keeps the order.
[[gnu::always_inline]] inline void Add16(__m256i& sum, __m256i v) { asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(v)); }
[[gnu::always_inline]] inline void Add32(__m256i& sum, __m256i v) { asm("vpaddd %1, %0, %0" : "+x"(sum) : "x"(v)); }

// Makes the compiler hold a loaded value in a register instead of loading it again at every use.
[[gnu::always_inline]] inline void Keep(__m256i& v) { asm("" : "+x"(v)); }

template <int kShift>
[[gnu::always_inline]] inline __m256i ShiftLeft(__m256i v) {
  if constexpr (kShift > 0) return _mm256_slli_epi16(v, kShift);
  if constexpr (kShift < 0) return _mm256_srli_epi16(v, -kShift);
  return v;
}

// Line kLine of a block for one strip of 8 rows: 4 inputs of each, stored values, unsigned.
template <int kBits, int kLine>
[[gnu::always_inline]] inline __m256i LoadValues(const std::byte* block, int strip) {
  block += 32 * strip;
  if constexpr (kBits == 8) return Load(block + 64 * kLine);
  __m256i v = Load(block + 64 * (kLine % 4));
  v = _mm256_and_si256(kLine < 4 ? v : _mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
  if constexpr (kBits == 5) {
    const __m256i fifth = ShiftLeft<4 - kLine>(Load(block + 256));
    v = _mm256_or_si256(v, _mm256_and_si256(fifth, _mm256_set1_epi8(0x10)));
  }
  if constexpr (kBits == 6) {
    const __m256i upper = ShiftLeft<4 - 2 * (kLine % 4)>(Load(block + 256 + 64 * (kLine / 4)));
    v = _mm256_or_si256(v, _mm256_and_si256(upper, _mm256_set1_epi8(0x30)));
  }
  return v;
}

// Asks for the lines that lie kPrefetchBytes behind a block, and behind the header together with the first block.
template <PackedFormat kFormat>
[[gnu::always_inline]] inline void PrefetchBlock(const std::byte* header, size_t index) {
  const std::byte* block = header + kFormat.header_bytes + index * kFormat.block_bytes;
  const std::byte* from = (index == 0 ? header : block) + kPrefetchBytes;
  for (; from < block + kPrefetchBytes + kFormat.block_bytes; from += 64) _mm_prefetch(from, _MM_HINT_T0);
}

}  // namespace
}  // namespace sheepop::kernel
