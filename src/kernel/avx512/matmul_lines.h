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

// What the codes of a format stand for, its offset added, in each quarter of a register.
template <PackedFormat kFormat>
inline __m512i CodeTable() {
  alignas(16) static constexpr auto kTable = [] {
    std::array<uint8_t, 16> table{};
    for (size_t code = 0; code < table.size(); ++code) {
      const int value = kFormat.codes == Codes::kIq4 ? kIq4Values[code] : kE2m1Values[code];
      table[code] = static_cast<uint8_t>(value + kFormat.offset);
    }
    return table;
  }();
  return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(kTable.data())));
}

// Line kLine of a block: 4 inputs of 16 rows, stored values, unsigned.
template <PackedFormat kFormat, int kLine>
inline __m512i LoadValues(const std::byte* block) {
  constexpr int kBits = kFormat.bits;
  if constexpr (kBits == 8) return LoadLine(block + 64 * kLine);
  if constexpr (kBits == 1) return _mm512_and_si512(ShiftLeft<1 - kLine>(LoadLine(block)), _mm512_set1_epi8(2));
  if constexpr (kBits == 2) {
    const __m512i four = LoadLine(block + 64 * (kLine / 4));
    return _mm512_and_si512(ShiftLeft<-2 * (kLine % 4)>(four), _mm512_set1_epi8(3));
  }
  const __m512i both = LoadLine(block + 64 * (kLine % 4));
  const __m512i v = _mm512_and_si512(kLine < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
  if constexpr (kFormat.codes != Codes::kThemselves) return _mm512_shuffle_epi8(CodeTable<kFormat>(), v);
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
template <PackedFormat kFormat>
inline void LoadValues(const std::byte* block, __m512i (&w)[8]) {
  const auto load = [&]<int... kLines>(std::integer_sequence<int, kLines...>)
                        __attribute__((always_inline)) { ((w[kLines] = LoadValues<kFormat, kLines>(block)), ...); };
  load(std::make_integer_sequence<int, 8>());
}

inline __m512 Halves(const std::byte* halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)));
}
inline __m512i SignedIntegers(const std::byte* bytes) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}
inline __m512i UnsignedIntegers(const std::byte* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

// PowerScale of 16 bytes: the shifted bit is the greater of the two for 0, 1 and 2 alone.
inline __m512 Powers(const std::byte* bytes) {
  const __m512i e = UnsignedIntegers(bytes);
  const __m512i small = _mm512_sllv_epi32(_mm512_set1_epi32(0x200000), _mm512_min_epu32(e, _mm512_set1_epi32(2)));
  const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
  return _mm512_castsi512_ps(_mm512_max_epi32(small, normal));
}

// Half of the numbers of 4 bits of exponent and 3 of mantissa: fp16, but for the exponent's bias.
inline __m512 E4m3Halves(const std::byte* bytes) {
  const __m256i wide = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
  return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_slli_epi16(wide, 7)), _mm512_set1_ps(128));
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
