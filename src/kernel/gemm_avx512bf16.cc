#include "kernel/gemm_variants.h"
#include "kernel/lanes_avx512.h"
#include "kernel/transpose_avx512.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kLeftRows = 8;
constexpr size_t kTilePanels = 3;

using Unit = uint32_t;  // two bf16, the earlier one low
using UnitLanes = __m512i;
inline UnitLanes LoadUnits(const Unit* p) { return _mm512_loadu_si512(p); }
inline UnitLanes BroadcastUnit(const Unit* p) {
  UnitLanes lanes = _mm512_set1_epi32(static_cast<int>(*p));
#if defined(__clang__)
  // Clang 16 and 17 recurse without end on a broadcast that is then read as bf16 (LLVM issue 68117): hide that it is
  // one.
  asm("" : "+v"(lanes));
#endif
  return lanes;
}
inline F32x16 MultiplyAdd(UnitLanes x, UnitLanes y, F32x16 sum) {
  return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(y))};
}

// Lane i of the result holds element i of the even row, then of the odd one; `odd` counts as zeros where it is no row.
inline __m512i PairOfRows(const GemmSource& source, size_t row, size_t rows, size_t column, __mmask16 mask) {
  const __mmask16 odd_mask = row + 1 < rows ? mask : __mmask16{0};
  const size_t even_at = row * source.stride + column, odd_at = row + 1 < rows ? even_at + source.stride : even_at;
  __m512i both;
  if (source.type == GemmType::kBf16) {
    const auto* from = static_cast<const uint16_t*>(source.data);
    const __m256i even = _mm256_maskz_loadu_epi16(mask, from + even_at);
    both = _mm512_inserti64x4(_mm512_castsi256_si512(even), _mm256_maskz_loadu_epi16(odd_mask, from + odd_at), 1);
  } else {
    const auto* from = static_cast<const float*>(source.data);
    both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(odd_mask, from + odd_at),
                                                         _mm512_maskz_loadu_ps(mask, from + even_at)));
  }
  const __m512i order = _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_set_epi16(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0)),
      _mm256_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8), 1);
  return _mm512_permutexvar_epi16(order, both);
}

void PackColumns(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  auto* to = static_cast<Unit*>(panels);
  for (size_t k = 0; k < depth; k += 2, to += kPanelColumns) {
    Unit* panel = to;
    for (size_t column = 0; column < columns; column += kPanelColumns, panel += right_panel) {
      const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
      _mm_prefetch(panel + kPanelColumns, _MM_HINT_ET0);  // for the next two rows: no pattern that hardware finds
      _mm512_storeu_si512(panel, PairOfRows(source, k, depth, column, FirstMask(count)));
    }
  }
}

// 32 elements of a row of `depth` from k on: 16 units.
inline __m512i UnitsOfRow(const float* row, size_t k, size_t depth) {
  const size_t left = depth - k;
  const __mmask16 low = FirstMask(left < 16 ? left : 16), high = FirstMask(left < 16 ? 0 : left < 32 ? left - 16 : 16);
  const __m512 first = _mm512_maskz_loadu_ps(low, row + k);
  return reinterpret_cast<__m512i>(
      _mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, left < 16 ? row + k : row + k + 16), first));
}

void PackTransposed(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const auto* from = static_cast<const float*>(source.data);
  for (size_t column = 0; column < columns; column += kPanelColumns, from += kPanelColumns * source.stride) {
    auto* to = static_cast<Unit*>(panels) + column / kPanelColumns * right_panel;
    const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
    for (size_t k = 0; k < depth; k += 32) {
      __m512i units[16];
      for (size_t i = 0; i < 16; ++i) {
        const float* row = from + i * source.stride;
        units[i] = i < count ? UnitsOfRow(row, k, depth) : _mm512_setzero_si512();
        const float* next = row + kPanelColumns * source.stride + k;
        _mm_prefetch(next, _MM_HINT_T0);
        _mm_prefetch(next + 16, _MM_HINT_T0);
      }
      Transpose(units);
      const size_t rows = depth - k < 32 ? (depth - k + 1) / 2 : 16;
      for (size_t i = 0; i < rows; ++i, to += kPanelColumns) _mm512_storeu_si512(to, units[i]);
    }
  }
}

void PackLeft(const GemmSource& source, size_t depth, size_t rows, size_t tile_units, void* tiles) {
  // Two tiles at a time.
  for (size_t row = 0; row < rows; row += 2 * kLeftRows) {
    auto* to = static_cast<Unit*>(tiles) + row / kLeftRows * tile_units;
    const __mmask16 mask = FirstMask(rows - row < 2 * kLeftRows ? rows - row : 2 * kLeftRows);
    const bool two = rows - row > kLeftRows;
    for (size_t k = 0; k < depth; k += 2, to += kLeftRows) {
      const __m512i pairs = PairOfRows(source, k, depth, row, mask);
      _mm_prefetch(to + 2 * tile_units, _MM_HINT_ET0);  // of the next two tiles
      _mm_prefetch(to + 3 * tile_units, _MM_HINT_ET0);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(pairs));
      if (two) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + tile_units), _mm512_extracti64x4_epi64(pairs, 1));
    }
  }
}

// Rows of a layer's activations follow each other in memory, each used by a call of its own: while one is converted the
// next is on its way.
constexpr size_t kRowsAhead = 2048;  // elements

void StoreBf16(const float* x, size_t n, void* elements) {
  auto* to = static_cast<uint16_t*>(elements);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    _mm_prefetch(to + i + kRowsAhead, _MM_HINT_ET0);
    const __m512bh rounded = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
    _mm512_storeu_si512(to + i, reinterpret_cast<__m512i>(rounded));
  }
  for (; i < n; i += 16) {
    const __mmask16 mask = FirstMask(n - i < 16 ? n - i : 16);
    const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x + i)));
    _mm256_mask_storeu_epi16(to + i, mask, rounded);
  }
}

void LoadBf16(const void* elements, size_t n, float* x) {
  const auto* from = static_cast<const Bf16*>(elements);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    if (i % 32 == 0) _mm_prefetch(from + i + kRowsAhead, _MM_HINT_T0);
    Store(x + i, Load(from + i));
  }
  if (i < n) StoreFirst(x + i, n - i, LoadFirst(from + i, n - i));
}

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and units that it is written over.
#include "kernel/gemm_tiles.inl"

namespace sheepop::kernel {

const GemmKernels kGemmAvx512Bf16 = {GemmType::kBf16, kLeftRows, Multiply,  PackColumns,
                                     PackTransposed,  PackLeft,  StoreBf16, LoadBf16};

}  // namespace sheepop::kernel
