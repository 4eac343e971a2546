// Products of a packed quantised matrix with activations of 16 bits: the output projection's. 8-bit activations in
// front of the softmax would be a quarter of all the error that a quantised model shows, and there is but one such
// product a token.
//
// As in matmul.h every output element adds its spans in ascending order in every kernel, bit for bit. A span is the
// inputs that share a scale, a block or a half of one; with idot the span's exact integer dot product,
//     acc = fma(d_w * d_x, float(idot), acc)   then, for types with a minimum,   acc = fma(m, d_x * float(sum_x), acc)
// where d_w is d or, exact in fp32, d * scale, and m is m or -(dmin * min).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/matmul.h"

namespace sheepop::kernel {

// 32 activations quantised to int16: d_x = max|x| / 32767, values = round(x * (32767 / max|x|)) (nearest, ties to
// even). A block whose magnitudes are all below 2^-111 is a block of zeros with scale 0. A block that holds an infinity
// or a NaN has scale NaN and zero values.
struct alignas(64) WideBlock {
  float scale;                 // d_x
  float scaled_sums[3];        // d_x * float(sum of the values): of all, of inputs 0 .. 15, of inputs 16 .. 31
  int32_t minus_sums[3];       // -(sum of the values), of the same
  int16_t values[kBlockSize];  // of inputs 0, 2, 1, 3, then 4, 6, 5, 7, and so on (WidePlace)
};

// Where a block keeps the value of an input.
constexpr size_t WidePlace(size_t input) {
  const size_t at = input % 4;
  return input - at + (at == 1 ? 2 : at == 2 ? 1 : at);
}

struct WideInput {
  const WideBlock* blocks;  // [rows, stride]
  size_t stride;            // at least w.blocks()
  size_t rows;
};

struct WideMatMulKernels {
  // out [x.rows, out_stride] = x w^T, at the outputs of the tiles alone; those beyond w.rows are not written. Quantised
  // types only.
  void (*multiply)(const PackedView& w, const WideInput& x, TileRange tiles, float* out, size_t out_stride);

  // Quantises blocks [0, blocks) of a row: reads 32 * blocks floats, writes as many blocks.
  void (*quantise)(const float* x, size_t blocks, WideBlock* out);
};

}  // namespace sheepop::kernel
