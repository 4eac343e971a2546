// Reading the values of packed tiles (packed.h). Included in this folder only.
#pragma once

#include <cstring>
#include <utility>

#include "kernel/avx512/lanes.h"
#include "kernel/packed.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kPrefetchBytes = 4096;

inline __m512i LoadLine(const void* line) { return _mm512_load_si512(line); }

inline __m512i Broadcast32(const void* four_bytes) {
  int32_t word;
  std::memcpy(&word, four_bytes, 4);
  return _mm512_set1_epi32(word);
}

template <int kShift>
inline __m512i ShiftLeft(__m512i v) {
  if constexpr (kShift > 0) return _mm512_slli_epi16(v, kShift);
  if constexpr (kShift < 0) return _mm512_srli_epi16(v, -kShift);
  return v;
}

// value | (upper & mask)
inline __m512i OrMasked(__m512i value, __m512i upper, __m512i mask) {
  return _mm512_ternarylogic_epi32(value, upper, mask, 0xf8);
}

// Line kLine of a block: 4 inputs of 16 rows, stored values, unsigned.
template <int kBits, int kLine>
inline __m512i LoadValues(const std::byte* block) {
  if constexpr (kBits == 8) return LoadLine(block + 64 * kLine);
  const __m512i both = LoadLine(block + 64 * (kLine % 4));
  const __m512i v = _mm512_and_si512(kLine < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
  if constexpr (kBits == 5) {
    return OrMasked(v, ShiftLeft<4 - kLine>(LoadLine(block + 256)), _mm512_set1_epi8(0x10));
  }
  if constexpr (kBits == 6) {
    const __m512i upper = LoadLine(block + 256 + 64 * (kLine / 4));
    return OrMasked(v, ShiftLeft<4 - 2 * (kLine % 4)>(upper), _mm512_set1_epi8(0x30));
  }
  return v;
}

// All lines of a block.
template <int kBits>
inline void LoadValues(const std::byte* block, __m512i (&w)[8]) {
  const auto load = [&]<int... kLines>(std::integer_sequence<int, kLines...>)
                        __attribute__((always_inline)) { ((w[kLines] = LoadValues<kBits, kLines>(block)), ...); };
  load(std::make_integer_sequence<int, 8>());
}

// Asks for the lines that lie kPrefetchBytes behind a block, and behind the header together with the first block.
template <PackedFormat kFormat>
inline void PrefetchBlock(const std::byte* header, size_t index) {
  const std::byte* block = header + kFormat.header_bytes + index * kFormat.block_bytes;
  const std::byte* from = (index == 0 ? header : block) + kPrefetchBytes;
  for (; from < block + kPrefetchBytes + kFormat.block_bytes; from += 64) _mm_prefetch(from, _MM_HINT_T0);
}

}  // namespace
}  // namespace sheepop::kernel
