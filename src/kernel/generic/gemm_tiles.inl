// The tiles of a product: kLeftRows rows by up to kTilePanels panels of 16 columns in registers. Included after
// lanes.h and after these, in an unnamed namespace:
//   kLeftRows, kTilePanels
//   Unit                      what one step of depth holds; UnitLanes: 16 of them
//   LoadUnits(p), BroadcastUnit(p), MultiplyAdd(x, y, sum)
#include "kernel/gemm.h"

namespace sheepop::kernel {
namespace {

inline size_t PanelColumns(const Gemm& g, size_t column) {
  return g.columns - column < kPanelColumns ? g.columns - column : kPanelColumns;
}

// Some rows of a matrix that a tile reads or writes, from its first column on. Only the last panel may have fewer than 16
// columns, `last`: where it is whole there is no mask to carry about.
template <size_t kPanels, bool kWhole>
struct TileRows {
  size_t last;

  F32x16 Read(const float* row, size_t panel) const {
    const float* from = row + panel * kPanelColumns;
    return kWhole || panel + 1 < kPanels ? Load(from) : LoadFirst(from, last);
  }
  void Write(float* row, size_t panel, F32x16 sum) const {
    float* to = row + panel * kPanelColumns;
    if (kWhole || panel + 1 < kPanels) {
      Store(to, sum);
    } else {
      StoreFirst(to, last, sum);
    }
  }
};

// sums = start + bias
template <size_t kRows, size_t kPanels, bool kWhole>
inline void StartTile(const Gemm& g, size_t row, size_t column, TileRows<kPanels, kWhole> rows,
                      F32x16 (&sums)[kRows][kPanels]) {
  const size_t stride = g.start_stride;
  const float* start = g.start ? g.start + row * stride + column : nullptr;
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) sums[r][p] = start ? rows.Read(start + r * stride, p) : Zero();
  }
  if (!start) {  // else the sums' start has brought the lines
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const float* out = g.out + (row + r) * g.out_stride + column;
#pragma GCC unroll 4
      for (size_t p = 0; p < kPanels; ++p) __builtin_prefetch(out + p * kPanelColumns, 1);
    }
  }
  if (!g.bias) return;
#pragma GCC unroll 4
  for (size_t p = 0; p < kPanels; ++p) {
    const F32x16 bias = rows.Read(g.bias + column, p);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) sums[r][p] = sums[r][p] + bias;
  }
}

constexpr size_t kLine = 64;

// To the next piece, if there is one; false: there is none.
inline bool NextPiece(GemmAhead& ahead) {
  if (ahead.next == ahead.last) return false;
  ahead.at = static_cast<const std::byte*>(ahead.next->data) + ahead.piece * ahead.next->stride;
  ahead.end = ahead.at + ahead.next->bytes;
  if (++ahead.piece == ahead.next->count) {
    ++ahead.next;
    ahead.piece = 0;
  }
  return true;
}
inline bool HasMore(GemmAhead* ahead) { return ahead && (ahead->at < ahead->end || NextPiece(*ahead)); }

template <size_t kRows, size_t kPanels, bool kWhole, bool kAsk>
inline void Tile(const Gemm& g, const Unit* left, size_t row, size_t column) {
  GemmAhead ahead;
  if (kAsk) ahead = *g.ahead;
  const TileRows<kPanels, kWhole> rows{PanelColumns(g, column + (kPanels - 1) * kPanelColumns)};
  F32x16 sums[kRows][kPanels];
  StartTile(g, row, column, rows, sums);
  const Unit* right = static_cast<const Unit*>(g.right) + column / kPanelColumns * g.right_panel;
  const size_t depth = g.depth, left_row = g.left_row, left_step = g.left_step, right_panel = g.right_panel;
#pragma GCC unroll 2
  for (size_t k = 0; k < depth; ++k, left += left_step, right += kPanelColumns) {
    if constexpr (kAsk) {
      __builtin_prefetch(ahead.at, 1);
      ahead.at += kLine;
      if (ahead.at >= ahead.end && !NextPiece(ahead)) ahead.at = ahead.end;
    }
    UnitLanes lanes[kPanels];
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) lanes[p] = LoadUnits(right + p * right_panel);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const UnitLanes value = BroadcastUnit(left + r * left_row);
#pragma GCC unroll 4
      for (size_t p = 0; p < kPanels; ++p) sums[r][p] = MultiplyAdd(value, lanes[p], sums[r][p]);
    }
  }
  if (kAsk) *g.ahead = ahead;
  const size_t stride = g.out_stride;
  float* out = g.out + row * stride + column;
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r, out += stride) {
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) rows.Write(out, p, sums[r][p]);
  }
}

// Smaller tiles where there are not kLeftRows rows: with one row at a time the sums would wait for each other.
template <size_t kRows, size_t kPanels, bool kWhole>
inline size_t RowsLeft(const Gemm& g, size_t row, size_t column) {
  if (g.rows - row < kRows) return row;
  Tile<kRows, kPanels, kWhole, false>(g, static_cast<const Unit*>(g.left) + row * g.left_row, row, column);
  return row + kRows;
}

template <size_t kPanels, bool kWhole>
inline void TilesDown(const Gemm& g, size_t column) {
  const auto* left = static_cast<const Unit*>(g.left);
  size_t row = 0;
  for (; row + kLeftRows <= g.rows; row += kLeftRows) {
    if (HasMore(g.ahead)) {
      Tile<kLeftRows, kPanels, kWhole, true>(g, left + row * g.left_row, row, column);
    } else {
      Tile<kLeftRows, kPanels, kWhole, false>(g, left + row * g.left_row, row, column);
    }
  }
  row = RowsLeft<4, kPanels, kWhole>(g, row, column);
  row = RowsLeft<2, kPanels, kWhole>(g, row, column);
  RowsLeft<1, kPanels, kWhole>(g, row, column);
}

template <size_t kPanels>
inline void TilesOf(const Gemm& g, size_t column) {
  if (g.columns - column >= kPanels * kPanelColumns) {
    TilesDown<kPanels, true>(g, column);
  } else {
    TilesDown<kPanels, false>(g, column);
  }
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
