// A transposition in registers. Included in this folder and in those of sets built on it.
#pragma once

#include <immintrin.h>

#include <cstddef>

#include "kernel/avx512/lanes.h"

namespace sheepop::kernel {
namespace {

// rows[i] lane j becomes rows[j] lane i, of 32 bits each.
inline void Transpose(__m512i (&rows)[16]) {
  __m512i pairs[16], quads[16];
#pragma GCC unroll 8
  for (size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  // quads[4 b + c]: in each 128-bit part p column 4 p + c of rows 4 b to 4 b + 3.
#pragma GCC unroll 4
  for (size_t i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_shuffle_i32x4(quads[c], quads[c + 4], 0x88);
    const __m512i even_high = _mm512_shuffle_i32x4(quads[c + 8], quads[c + 12], 0x88);
    const __m512i odd_low = _mm512_shuffle_i32x4(quads[c], quads[c + 4], 0xdd);
    const __m512i odd_high = _mm512_shuffle_i32x4(quads[c + 8], quads[c + 12], 0xdd);
    rows[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    rows[c + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
    rows[c + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    rows[c + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
  }
}

inline void Transpose(F32x16 (&rows)[16]) {
  __m512i lanes[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) lanes[i] = _mm512_castps_si512(rows[i].v);
  Transpose(lanes);
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) rows[i].v = _mm512_castsi512_ps(lanes[i]);
}

}  // namespace
}  // namespace sheepop::kernel
