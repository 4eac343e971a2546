// Matrix products for training: out = start + bias + left * right, with both operands changing all the time.
//
// Operands are made of units: one float, or a pair of bf16 that stand one after the other in depth (zero behind the
// last). A matrix lies in one of two ways:
//   rows    row-major in the products' type, a row padded with a zero to whole units
//   panels  [columns / 16, depth, 16]: 16 columns, one below the other, their rows interleaved to units
// The right operand lies in panels, so that one register holds 16 outputs of a row and sums run down the depth; the
// left one is read where it lies, one broadcast at a time, by any two strides. The products of a layer y = x W^T:
//   y  = x W^T     left x, rows      right W^T, panels by pack_transposed
//   dx = dy W      left dy, rows     right W, panels by convert
//   dW += dy^T x   left dy, panels   right x, panels, start = out
// So an activation is converted where it is made, to one layout or both, and never packed again.
//
// Every output is one chain of fused multiply-adds down the depth, beginning with start + bias; so the bits do not
// depend on how rows, columns and depth are shared out, and in fp32 not on the instruction set either.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {

inline constexpr size_t kPanelColumns = 16;

enum class GemmType : uint8_t { kF32, kBf16 };

constexpr size_t UnitDepth(GemmType type) { return type == GemmType::kBf16 ? 2 : 1; }
constexpr size_t ElementBytes(GemmType type) { return type == GemmType::kBf16 ? 2 : 4; }
inline constexpr size_t kUnitBytes = 4;
constexpr size_t Units(GemmType type, size_t depth) { return (depth + UnitDepth(type) - 1) / UnitDepth(type); }

// Memory that the caller will soon work on: `count` pieces of `bytes`, `stride` bytes from one to the next.
struct GemmRegion {
  const void* data;
  size_t bytes;
  size_t count = 1, stride = 0;
};

// Regions that products bring into the caches by the way, for writing, a line with each step of depth: each goes on
// where the last has stopped. What training waits for otherwise are mostly lines that another core has had. A hint:
// what is not brought is fetched when it is used. The regions stay the caller's.
struct GemmAhead {
  const GemmRegion* next = nullptr;
  const GemmRegion* last = nullptr;
  size_t piece = 0;  // of *next
  const std::byte* at = nullptr;
  const std::byte* end = nullptr;
};

struct Gemm {
  const void* left;  // unit (row, k) at row * left_row + k * left_step, in units
  size_t left_row, left_step;
  const void* right;  // panel p at p * right_panel units; what lies behind the last column is read and not used
  size_t right_panel;
  size_t rows, columns, depth;  // depth in units
  float* out;                   // [rows, out_stride]
  size_t out_stride;
  const float* start;  // [rows, start_stride], may be out; null: zeros
  size_t start_stride;
  const float* bias;  // [columns]; null: none
  GemmAhead* ahead;   // null: none
};

// fp32 rows to either layout or both. Rounds to nearest, ties to even; what is below the normal numbers may become
// zero.
struct GemmConversion {
  const float* x;  // [rows, stride]
  size_t stride;
  size_t rows, columns;
  void* to_rows;  // [rows, row_stride] elements; what fills a row's last unit is not written; null: not wanted
  size_t row_stride;
  void* to_panels;  // the first row's unit in the first panel, zeros for a row that the last unit lacks; null: none
  size_t panel;     // units from one panel to the next
};

struct GemmKernels {
  GemmType type;

  void (*multiply)(const Gemm& product);

  void (*convert)(const GemmConversion& rows);

  // source [columns, stride], its first `depth` elements of a row -> panels, right_panel units from one to the next.
  void (*pack_transposed)(const float* source, size_t stride, size_t depth, size_t columns, size_t right_panel,
                          void* panels);

  // Units of depth that products of two operands in panels should have at most: so that caches hold what is read again.
  size_t panel_depth;

  // n elements of a row to fp32.
  void (*load)(const void* row, size_t n, float* x);
};

}  // namespace sheepop::kernel
