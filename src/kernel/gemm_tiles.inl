// The tiles of a product: kLeftRows rows by up to kTilePanels panels of 16 columns in registers. Included after
// lanes_ISA.h and after these, in an unnamed namespace:
//   kLeftRows, kTilePanels
//   Unit                      what one step of depth holds; UnitLanes: 16 of them
//   LoadUnits(p), BroadcastUnit(p), MultiplyAdd(x, y, sum)
#include "kernel/gemm.h"

namespace sheepop::kernel {
namespace {

// A panel's start: start + bias, for the first `columns` columns.
inline F32x16 StartOf(const Gemm& g, size_t row, size_t column, size_t columns) {
  const F32x16 start = g.start ? LoadFirst(g.start + row * g.start_stride + column, columns) : Zero();
  return g.bias ? start + LoadFirst(g.bias + column, columns) : start;
}

inline size_t PanelColumns(const Gemm& g, size_t column) {
  return g.columns - column < kPanelColumns ? g.columns - column : kPanelColumns;
}

template <size_t kRows, size_t kPanels>
inline void Tile(const Gemm& g, const Unit* left, size_t row, size_t column) {
  F32x16 sums[kRows][kPanels];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) {
      const size_t at = column + p * kPanelColumns;
      sums[r][p] = StartOf(g, row + r, at, PanelColumns(g, at));
    }
  }
  const Unit* right = static_cast<const Unit*>(g.right) + column / kPanelColumns * g.right_panel;
  for (size_t k = 0; k < g.depth; ++k, left += g.left_step, right += kPanelColumns) {
    UnitLanes lanes[kPanels];
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) lanes[p] = LoadUnits(right + p * g.right_panel);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const UnitLanes value = BroadcastUnit(left + r * g.left_row);
#pragma GCC unroll 4
      for (size_t p = 0; p < kPanels; ++p) sums[r][p] = MultiplyAdd(value, lanes[p], sums[r][p]);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) {
      const size_t at = column + p * kPanelColumns;
      StoreFirst(g.out + (row + r) * g.out_stride + at, PanelColumns(g, at), sums[r][p]);
    }
  }
}

template <size_t kPanels>
inline void TilesOf(const Gemm& g, size_t column) {
  const auto* left = static_cast<const Unit*>(g.left);
  size_t row = 0;
  for (; row + kLeftRows <= g.rows; row += kLeftRows) Tile<kLeftRows, kPanels>(g, left + row * g.left_row, row, column);
  for (; row < g.rows; ++row) Tile<1, kPanels>(g, left + row * g.left_row, row, column);
}

void Multiply(const Gemm& g) {
  for (size_t column = 0; column < g.columns;) {
    const size_t panels = (g.columns - column + kPanelColumns - 1) / kPanelColumns;
    if constexpr (kTilePanels >= 3) {
      // Four panels go as two and two.
      if (panels >= 3 && panels != 4) {
        TilesOf<3>(g, column);
        column += 3 * kPanelColumns;
        continue;
      }
    }
    if constexpr (kTilePanels >= 2) {
      if (panels >= 2) {
        TilesOf<2>(g, column);
        column += 2 * kPanelColumns;
        continue;
      }
    }
    TilesOf<1>(g, column);
    column += kPanelColumns;
  }
}

}  // namespace
}  // namespace sheepop::kernel
