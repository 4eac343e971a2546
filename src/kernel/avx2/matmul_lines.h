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

// What the codes of a format stand for, `above` added, in each half of a register.
template <Codes kCodes, int kAbove>
[[gnu::always_inline]] inline __m256i CodeTable() {
  alignas(16) static constexpr auto kTable = [] {
    std::array<uint8_t, 16> table{};
    for (size_t code = 0; code < table.size(); ++code) {
      table[code] = static_cast<uint8_t>((kCodes == Codes::kIq4 ? kIq4Values[code] : kE2m1Values[code]) + kAbove);
    }
    return table;
  }();
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kTable.data())));
}

// The four bits of line kLine.
template <int kLine>
[[gnu::always_inline]] inline __m256i LoadNibbles(const std::byte* block) {
  const __m256i both = Load(block + 64 * (kLine % 4));
  return _mm256_and_si256(kLine < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
}

// Line kLine of a block for one strip of 8 rows: 4 inputs of each, stored values, unsigned.
template <PackedFormat kFormat, int kLine>
[[gnu::always_inline]] inline __m256i LoadValues(const std::byte* block, int strip) {
  constexpr int kBits = kFormat.bits;
  block += 32 * strip;
  if constexpr (kBits == 8) return Load(block + 64 * kLine);
  if constexpr (kBits == 1) return _mm256_and_si256(ShiftLeft<1 - kLine>(Load(block)), _mm256_set1_epi8(2));
  if constexpr (kBits == 2) {
    const __m256i four = Load(block + 64 * (kLine / 4));
    return _mm256_and_si256(ShiftLeft<-2 * (kLine % 4)>(four), _mm256_set1_epi8(3));
  }
  __m256i v = LoadNibbles<kLine>(block);
  if constexpr (kFormat.codes != Codes::kThemselves) {
    return _mm256_shuffle_epi8(CodeTable<kFormat.codes, kFormat.offset>(), v);
  }
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

// The same of values of 8 bits, their offset of 128 taken off.
template <PackedFormat kFormat, int kLine>
[[gnu::always_inline]] inline __m256i LoadSigned(const std::byte* block, int strip) {
  if constexpr (kFormat.codes != Codes::kThemselves) {
    return _mm256_shuffle_epi8(CodeTable<kFormat.codes, 0>(), LoadNibbles<kLine>(block + 32 * strip));
  }
  return _mm256_xor_si256(LoadValues<kFormat, kLine>(block, strip), _mm256_set1_epi8(static_cast<char>(0x80)));
}

[[gnu::always_inline]] inline __m128i Load8(const std::byte* bytes) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
}

// PowerScale of 8 bytes: the shifted bit is the greater of the two for 0, 1 and 2 alone.
[[gnu::always_inline]] inline __m256 Powers(const std::byte* bytes) {
  const __m256i e = _mm256_cvtepu8_epi32(Load8(bytes));
  const __m256i small = _mm256_sllv_epi32(_mm256_set1_epi32(0x200000), _mm256_min_epu32(e, _mm256_set1_epi32(2)));
  const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
  return _mm256_castsi256_ps(_mm256_max_epi32(small, normal));
}

// Half of the numbers of 4 bits of exponent and 3 of mantissa: fp16, but for the exponent's bias.
[[gnu::always_inline]] inline __m256 E4m3Halves(const std::byte* bytes) {
  const __m128i wide = _mm_slli_epi16(_mm_cvtepu8_epi16(Load8(bytes)), 7);
  return _mm256_mul_ps(_mm256_cvtph_ps(wide), _mm256_set1_ps(128));
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
