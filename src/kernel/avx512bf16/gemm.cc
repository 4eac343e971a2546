#include "kernel/avx512/lanes.h"
#include "kernel/avx512/transpose.h"
#include "kernel/avx512bf16/set.h"
#include "kernel/generic/copy_floats.h"

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

// Lane i of the result holds element i of the even row, then of the odd one; each vector holds 16 of each row's.
struct UnitsOf32 {
  __m512i first, second;
};
inline UnitsOf32 Interleave(__m512i even, __m512i odd) {
  const __m512i first = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37,
                                         5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  const __m512i second = _mm512_add_epi16(first, _mm512_set1_epi16(16));
  return {_mm512_permutex2var_epi16(even, first, odd), _mm512_permutex2var_epi16(even, second, odd)};
}

// 32 columns of two rows, or the first n of them.
template <bool kWhole>
struct Columns {
  size_t n;

  __mmask16 first() const { return FirstMask(n < 16 ? n : 16); }
  __mmask16 second() const { return FirstMask(n < 16 ? 0 : n - 16); }

  __m512i Round(const float* x) const {
    const __m512 low = kWhole ? _mm512_loadu_ps(x) : _mm512_maskz_loadu_ps(first(), x);
    const __m512 high = kWhole ? _mm512_loadu_ps(x + 16) : _mm512_maskz_loadu_ps(second(), n > 16 ? x + 16 : x);
    return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
  }
  void StoreRow(uint16_t* to, __m512i row) const {
    if (kWhole) {
      _mm512_storeu_si512(to, row);
    } else {
      _mm512_mask_storeu_epi16(to, _bzhi_u32(0xffffffff, static_cast<uint32_t>(n)), row);
    }
  }
  void StoreUnits(Unit* to, size_t panel, const UnitsOf32& units) const {
    if (kWhole) {
      _mm512_storeu_si512(to, units.first);
      _mm512_storeu_si512(to + panel, units.second);
    } else {
      _mm512_mask_storeu_epi32(to, first(), units.first);
      if (n > 16) _mm512_mask_storeu_epi32(to + panel, second(), units.second);
    }
  }
};

// Two rows and where they go. Where there is but one, the odd one is not read.
struct TwoRows {
  const float *even, *odd;
  uint16_t* rows;
  size_t row_stride;
  Unit* panels;
  size_t panel;
};

template <bool kRows, bool kPanels, bool kOdd, bool kWhole>
inline void ConvertColumns(const TwoRows& two, Columns<kWhole> columns, size_t i) {
  const __m512i low = columns.Round(two.even + i), high = kOdd ? columns.Round(two.odd + i) : _mm512_setzero_si512();
  if (kRows) {
    columns.StoreRow(two.rows + i, low);
    if (kOdd) columns.StoreRow(two.rows + two.row_stride + i, high);
  }
  if (kPanels) columns.StoreUnits(two.panels + i / kPanelColumns * two.panel, two.panel, Interleave(low, high));
}

template <bool kRows, bool kPanels, bool kOdd>
inline void ConvertTwo(const TwoRows two, size_t n) {
  size_t i = 0;
  for (; i + 32 <= n; i += 32) ConvertColumns<kRows, kPanels, kOdd>(two, Columns<true>{32}, i);
  if (i < n) ConvertColumns<kRows, kPanels, kOdd>(two, Columns<false>{n - i}, i);
}

template <bool kRows, bool kPanels>
void ConvertRows(const GemmConversion c) {
  auto* rows = static_cast<uint16_t*>(c.to_rows);
  auto* panels = static_cast<Unit*>(c.to_panels);
  TwoRows two{c.x, c.x + c.stride, rows, c.row_stride, panels, c.panel};
  size_t r = 0;
  for (; r + 2 <= c.rows; r += 2) {
    ConvertTwo<kRows, kPanels, true>(two, c.columns);
    two.even += 2 * c.stride;
    two.odd += 2 * c.stride;
    if (kRows) two.rows += 2 * c.row_stride;
    if (kPanels) two.panels += kPanelColumns;
  }
  if (r < c.rows) ConvertTwo<kRows, kPanels, false>(two, c.columns);
}

void Convert(const GemmConversion& c) {
  if (c.to_rows && c.to_panels) {
    ConvertRows<true, true>(c);
  } else if (c.to_rows) {
    ConvertRows<true, false>(c);
  } else if (c.to_panels) {
    ConvertRows<false, true>(c);
  }
}

// A block of 16 rows and 32 elements to 16 steps of a panel, or as much of it as there is.
template <bool kWhole>
inline void TransposeBlock(const float* source, size_t stride, size_t rows, Columns<kWhole> columns, Unit* to) {
  __m512i units[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    units[i] = kWhole || i < rows ? columns.Round(source + i * stride) : _mm512_setzero_si512();
  }
  Transpose(units);
  const size_t steps = kWhole ? 16 : (columns.n + 1) / 2;
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    if (kWhole || i < steps) _mm512_storeu_si512(to + i * kPanelColumns, units[i]);
  }
}

void PackTransposed(const float* source, size_t stride, size_t depth, size_t columns, size_t right_panel,
                    void* panels) {
  for (size_t column = 0; column < columns; column += kPanelColumns, source += kPanelColumns * stride) {
    auto* to = static_cast<Unit*>(panels) + column / kPanelColumns * right_panel;
    const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
    for (size_t k = 0; k < depth; k += 32, to += 16 * kPanelColumns) {
      if (count == kPanelColumns && depth - k >= 32) {
        TransposeBlock(source + k, stride, count, Columns<true>{32}, to);
      } else {
        TransposeBlock(source + k, stride, count, Columns<false>{depth - k < 32 ? depth - k : 32}, to);
      }
    }
  }
}

void LoadBf16(const void* elements, size_t n, float* x) {
  const auto* from = static_cast<const Bf16*>(elements);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) Store(x + i, Load(from + i));
  if (i < n) StoreFirst(x + i, n - i, LoadFirst(from + i, n - i));
}

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and units that it is written over.
#include "kernel/generic/gemm_tiles.inl"

namespace sheepop::kernel {

constinit const GemmKernels avx512bf16::kGemmBf16 = {GemmType::kBf16, Multiply, Convert,
                                                     PackTransposed,  1024,     LoadBf16};

}  // namespace sheepop::kernel
