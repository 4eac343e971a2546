// Matrix products for training: out = start + bias + left * right, with both operands changing all the time.
//
// The right operand lies in panels of 16 columns, [columns / 16, depth, 16], zeros behind the last column, so that one
// register holds 16 outputs of a row and sums run down the depth. The left operand is read where it lies, one broadcast
// at a time, by any two strides: row-major, transposed, or packed in tiles. The three products of a linear layer y = x
// W^T:
//   y  = x W^T     left x,    right W packed by PackTransposed
//   dx = dy W      left dy,   right W packed by PackColumns
//   dW += dy^T x   left dy packed by PackLeft, right x packed by PackColumns, start = out
//
// Operands are made of units: one float, or a pair of bf16 that stand one after the other in depth (zero behind the
// last). Every output is one chain of fused multiply-adds down the depth, beginning with start + bias; so the bits do
// not depend on how rows, columns and depth are shared out, and in fp32 not on the instruction set either.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu.h"

namespace sheepop::kernel {

inline constexpr size_t kPanelColumns = 16;

enum class GemmType : uint8_t { kF32, kBf16 };

constexpr size_t UnitDepth(GemmType type) { return type == GemmType::kBf16 ? 2 : 1; }
constexpr size_t ElementBytes(GemmType type) { return type == GemmType::kBf16 ? 2 : 4; }
inline constexpr size_t kUnitBytes = 4;
constexpr size_t Units(GemmType type, size_t depth) { return (depth + UnitDepth(type) - 1) / UnitDepth(type); }

struct Gemm {
  const void* left;  // unit (row, k) at row * left_row + k * left_step, in units
  size_t left_row, left_step;
  const void* right;  // panel p at p * right_panel units; 64-byte aligned or not
  size_t right_panel;
  size_t rows, columns, depth;  // depth in units
  float* out;                   // [rows, out_stride]
  size_t out_stride;
  const float* start;  // [rows, start_stride], may be out; null: zeros
  size_t start_stride;
  const float* bias;  // [columns]; null: none
};

// Elements of a packing's source: [rows, stride], row-major, fp32 or bf16.
struct GemmSource {
  const void* data;
  GemmType type;
  size_t stride;  // elements
};

struct GemmKernels {
  GemmType type;
  size_t left_rows;  // rows of a tile of PackLeft's output, and of the kernel's own tiles

  void (*multiply)(const Gemm& product);

  // source [depth, columns] -> panels; the source's first row is depth 0 of `panels`. right_panel in units.
  void (*pack_columns)(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels);

  // source [columns, depth] in fp32 -> panels.
  void (*pack_transposed)(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels);

  // source [depth, rows] -> tiles [rows / left_rows, tile_units / left_rows, left_rows] with zeros behind the last row;
  // a product reads one tile with left_row 1 and left_step left_rows. tile_units: distance between tiles.
  void (*pack_left)(const GemmSource& source, size_t depth, size_t rows, size_t tile_units, void* tiles);

  // fp32 to and from n elements of `type`. Rounds as the packings do, to nearest, ties to even; what is below the
  // normal numbers may become zero.
  void (*store)(const float* x, size_t n, void* elements);
  void (*load)(const void* elements, size_t n, float* x);
};

// Null for kBf16 where the processor has no bf16 dot products, and for every set but kAvx512.
const GemmKernels* GemmKernelsFor(Isa isa, GemmType type);

}  // namespace sheepop::kernel
