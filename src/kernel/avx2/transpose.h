// A transposition in registers. Included in this folder only.
#pragma once

#include <immintrin.h>

#include <cstddef>

#include "kernel/avx2/lanes.h"

namespace sheepop::kernel {
namespace {

inline void Transpose(__m256 (&rows)[8]) {
  __m256 pairs[8], quads[8];
#pragma GCC unroll 4
  for (size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
#pragma GCC unroll 2
  for (size_t i = 0; i < 8; i += 4) {
    quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < 4; ++c) {
    rows[c] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x20);
    rows[c + 4] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x31);
  }
}

// rows[i] lane j becomes rows[j] lane i.
inline void Transpose(F32x16 (&rows)[16]) {
  __m256 quarter[8];
  __m256 aside[8];
  for (size_t i = 0; i < 8; ++i) quarter[i] = rows[i].a;
  Transpose(quarter);
  for (size_t i = 0; i < 8; ++i) {
    aside[i] = rows[i].b;
    rows[i].a = quarter[i];
    quarter[i] = rows[8 + i].a;
  }
  Transpose(quarter);
  Transpose(aside);
  for (size_t i = 0; i < 8; ++i) {
    rows[i].b = quarter[i];
    rows[8 + i].a = aside[i];
    quarter[i] = rows[8 + i].b;
  }
  Transpose(quarter);
  for (size_t i = 0; i < 8; ++i) rows[8 + i].b = quarter[i];
}

}  // namespace
}  // namespace sheepop::kernel
