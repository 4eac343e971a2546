// The fp32 products over F32x16. Included after lanes_ISA.h, transpose_ISA.h and the constants of gemm_tiles.inl.
#include <cassert>

#include "kernel/gemm_variants.h"

namespace sheepop::kernel {
namespace {

using Unit = float;
using UnitLanes = F32x16;
inline UnitLanes LoadUnits(const float* p) { return Load(p); }
inline UnitLanes BroadcastUnit(const float* p) { return Broadcast(*p); }
inline F32x16 MultiplyAdd(F32x16 x, F32x16 y, F32x16 sum) { return Fma(x, y, sum); }

}  // namespace
}  // namespace sheepop::kernel

#include "kernel/gemm_tiles.inl"

namespace sheepop::kernel {
namespace {

const float* Values(const GemmSource& source) {
  assert(source.type == GemmType::kF32);
  return static_cast<const float*>(source.data);
}

void PackColumns(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const float* from = Values(source);
  auto* to = static_cast<float*>(panels);
  for (size_t k = 0; k < depth; ++k, from += source.stride, to += kPanelColumns) {
    size_t column = 0;
    float* panel = to;
    for (; column + kPanelColumns <= columns; column += kPanelColumns, panel += right_panel) {
      Store(panel, Load(from + column));
    }
    if (column < columns) Store(panel, LoadFirst(from + column, columns - column));
  }
}

void PackTransposed(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const float* from = Values(source);
  for (size_t column = 0; column < columns; column += kPanelColumns, from += kPanelColumns * source.stride) {
    float* to = static_cast<float*>(panels) + column / kPanelColumns * right_panel;
    const size_t count = columns - column < kPanelColumns ? columns - column : kPanelColumns;
    for (size_t k = 0; k < depth; k += 16) {
      const size_t left = depth - k < 16 ? depth - k : 16;
      F32x16 rows[16];
      for (size_t i = 0; i < 16; ++i) rows[i] = i < count ? LoadFirst(from + i * source.stride + k, left) : Zero();
      Transpose(rows);
      for (size_t i = 0; i < left; ++i, to += kPanelColumns) Store(to, rows[i]);
    }
  }
}

void PackLeft(const GemmSource& source, size_t depth, size_t rows, size_t tile_units, void* tiles) {
  const float* from = Values(source);
  for (size_t row = 0; row < rows; row += kLeftRows) {
    float* to = static_cast<float*>(tiles) + row / kLeftRows * tile_units;
    const size_t count = rows - row < kLeftRows ? rows - row : kLeftRows;
    for (size_t k = 0; k < depth; ++k, to += kLeftRows) {
      StoreFirst(to, kLeftRows, LoadFirst(from + k * source.stride + row, count));
    }
  }
}

constexpr GemmKernels kTable = {GemmType::kF32, kLeftRows, Multiply, PackColumns, PackTransposed,
                                PackLeft,       StoreF32,  LoadF32};

}  // namespace
}  // namespace sheepop::kernel
