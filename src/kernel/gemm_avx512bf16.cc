#include "kernel/gemm_variants.h"
#include "kernel/lanes_avx512.h"

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
  // Clang 16 and 17 recurse without end on a broadcast that is then read as bf16 (LLVM issue 68117): hide that it is one.
  asm("" : "+v"(lanes));
#endif
  return lanes;
}
inline F32x16 MultiplyAdd(UnitLanes x, UnitLanes y, F32x16 sum) {
  return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(y))};
}

// 16 bf16 in the low half.
inline __m256i LoadColumns(const GemmSource& source, size_t row, size_t column, __mmask16 mask) {
  if (source.type == GemmType::kBf16) {
    return _mm256_maskz_loadu_epi16(mask, static_cast<const uint16_t*>(source.data) + row * source.stride + column);
  }
  const float* from = static_cast<const float*>(source.data) + row * source.stride + column;
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from)));
}

// Units of two rows: lane i holds even[i] and odd[i].
inline __m512i Pair(__m256i even, __m256i odd) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
}

inline __m512i PairOfRows(const GemmSource& source, size_t row, size_t rows, size_t column, __mmask16 mask) {
  const __m256i even = LoadColumns(source, row, column, mask);
  return Pair(even, row + 1 < rows ? LoadColumns(source, row + 1, column, mask) : _mm256_setzero_si256());
}

void PackColumns(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  auto* to = static_cast<Unit*>(panels);
  for (size_t k = 0; k < depth; k += 2, to += kPanelColumns) {
    Unit* panel = to;
    for (size_t column = 0; column < columns; column += kPanelColumns, panel += right_panel) {
      const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
      _mm512_storeu_si512(panel, PairOfRows(source, k, depth, column, FirstMask(count)));
    }
  }
}

void PackTransposed(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const auto stride = static_cast<int>(source.stride);
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i index = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));
  const auto* from = static_cast<const float*>(source.data);
  for (size_t column = 0; column < columns; column += kPanelColumns, from += kPanelColumns * source.stride) {
    auto* to = static_cast<Unit*>(panels) + column / kPanelColumns * right_panel;
    const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
    const __mmask16 mask = FirstMask(count);
    for (size_t k = 0; k < depth; k += 2, to += kPanelColumns) {
      const __mmask16 second = k + 1 < depth ? mask : __mmask16{0};
      const __m512 even = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, index, from + k, 4);
      const __m512 odd = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), second, index, from + k + 1, 4);
      _mm512_storeu_si512(to, Pair(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(even)),
                                   reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(odd))));
    }
  }
}

void PackLeft(const GemmSource& source, size_t depth, size_t rows, size_t tile_units, void* tiles) {
  for (size_t row = 0; row < rows; row += kLeftRows) {
    auto* to = static_cast<Unit*>(tiles) + row / kLeftRows * tile_units;
    const __mmask16 mask = FirstMask(rows - row < kLeftRows ? rows - row : kLeftRows);
    for (size_t k = 0; k < depth; k += 2, to += kLeftRows) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                          _mm512_castsi512_si256(PairOfRows(source, k, depth, row, mask)));
    }
  }
}

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and units that it is written over.
#include "kernel/gemm_tiles.inl"

namespace sheepop::kernel {

const GemmKernels kGemmAvx512Bf16 = {GemmType::kBf16, kLeftRows, Multiply, PackColumns, PackTransposed, PackLeft};

}  // namespace sheepop::kernel
