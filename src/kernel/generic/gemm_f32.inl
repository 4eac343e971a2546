// The fp32 products over F32x16. Included after lanes.h, transpose.h and the constants of gemm_tiles.inl.
#include "kernel/gemm.h"
#include "kernel/generic/copy_floats.h"

namespace sheepop::kernel {
namespace {

using Unit = float;
using UnitLanes = F32x16;
inline UnitLanes LoadUnits(const float* p) { return Load(p); }
inline UnitLanes BroadcastUnit(const float* p) { return Broadcast(*p); }
inline F32x16 MultiplyAdd(F32x16 x, F32x16 y, F32x16 sum) { return Fma(x, y, sum); }

}  // namespace
}  // namespace sheepop::kernel

#include "kernel/generic/gemm_tiles.inl"

namespace sheepop::kernel {
namespace {

void Convert(const GemmConversion& c) {
  for (size_t r = 0; r < c.rows; ++r) {
    const float* x = c.x + r * c.stride;
    float* row = static_cast<float*>(c.to_rows) + (c.to_rows ? r * c.row_stride : 0);
    float* unit = static_cast<float*>(c.to_panels) + (c.to_panels ? r * kPanelColumns : 0);
    size_t column = 0;
    for (; column + kPanelColumns <= c.columns; column += kPanelColumns) {
      const F32x16 lanes = Load(x + column);
      if (row) Store(row + column, lanes);
      if (unit) Store(unit + column / kPanelColumns * c.panel, lanes);
    }
    if (column == c.columns) continue;
    const size_t left = c.columns - column;
    const F32x16 lanes = LoadFirst(x + column, left);
    if (row) StoreFirst(row + column, left, lanes);
    if (unit) StoreFirst(unit + column / kPanelColumns * c.panel, left, lanes);
  }
}

void PackTransposed(const float* source, size_t stride, size_t depth, size_t columns, size_t right_panel,
                    void* panels) {
  for (size_t column = 0; column < columns; column += kPanelColumns, source += kPanelColumns * stride) {
    float* to = static_cast<float*>(panels) + column / kPanelColumns * right_panel;
    const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
    for (size_t k = 0; k < depth; k += 16) {
      const size_t left = depth - k < 16 ? depth - k : 16;
      F32x16 rows[16];
      for (size_t i = 0; i < 16; ++i) rows[i] = i < count ? LoadFirst(source + i * stride + k, left) : Zero();
      Transpose(rows);
      for (size_t i = 0; i < left; ++i, to += kPanelColumns) Store(to, rows[i]);
    }
  }
}

}  // namespace
}  // namespace sheepop::kernel
