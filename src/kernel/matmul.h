// Products of a packed weight matrix with rows of activations.
//
// Weights of every type lie in tiles of 16 output rows x 32 inputs, so that a vector register holds one value of each of
// 16 rows and sums run vertically: no horizontal sum, and each output element adds its blocks in ascending order in every
// kernel. For quantised types, with idot the exact integer dot product of one block of weights and activations,
//     acc = fma(d_w * d_x, float(idot), acc)         then, for types with a minimum,   acc = fma(m, d_x * sum_x, acc)
// where d_w is d or, exact in fp32, d * scale, and m is m or -(dmin * min). Types with a scale for every 16 inputs put the
// integer scales into the integer dot product, which stays below 2^24 and so exact as a float:
//     idot = scale_0 * dot_0 + scale_1 * dot_1       and their minimum is   acc = fma(-dmin * d_x, float(isum), acc)
//                                                    with isum = min_0 * sum_0 + min_1 * sum_1
// Where such scales are no integers, 16 inputs are a block. For float types acc = fma(w, x, acc), inputs ascending. An
// output is therefore bit-identical whatever the instruction set, the number of rows in the call, the range of tiles and
// the thread that computes it. (Only the payload of a NaN may differ.) Callers flush denormals, or not, everywhere alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sheepop::kernel {

inline constexpr size_t kTileRows = 16;   // output rows in a tile
inline constexpr size_t kBlockSize = 32;  // inputs in a block: the span of one activation scale

// How the values of a tile are stored. packed.h describes each to the byte.
enum class PackedType : uint8_t;

// A view of bytes in the layout of packed.h, 64-byte aligned; model/weights.h owns a model's.
struct PackedView {
  PackedType type;
  size_t rows;  // outputs; padded to whole tiles in memory
  size_t cols;  // inputs; padded to whole blocks in memory, the padding weighs nothing
  const std::byte* data;

  size_t tiles() const { return (rows + kTileRows - 1) / kTileRows; }
  size_t blocks() const { return (cols + kBlockSize - 1) / kBlockSize; }
};

// 32 activations quantised to int8: d_x = max|x| / 127, values = round(x * (127 / max|x|)) (nearest, ties to even), in
// [-127, 127]. A block whose magnitudes are all below 2^-119 is a block of zeros with scale 0. A block that holds an
// infinity or a NaN has scale NaN and zero values, so that the fault reaches every output.
struct alignas(64) QuantisedBlock {
  float scale;       // d_x
  float scaled_sum;  // d_x * float(sum of the values)
  // Sums of values: [0] those with k % 4 < 2, [1] those with k % 4 >= 2; [2] and [3] the same over k >= 16 alone.
  int16_t sums[4];
  // Where a sum of products with weights stored too large by an offset begins: [0] -8 and [1] -128 times the sum of all
  // values, [2] and [3] -32 times those over k < 16 and k >= 16.
  int32_t starts[4];
  int8_t values[kBlockSize];
};

// The input of a product: quantised types read `quantised`, float types read `values`. Either may be null if not read.
struct MatMulInput {
  const float* values;              // [rows, stride]
  size_t stride;                    // at least cols
  const QuantisedBlock* quantised;  // [rows, quantised_stride]
  size_t quantised_stride;          // at least w.blocks()
  size_t rows;
};

struct MatMulOutput {
  float* values;  // [rows, stride]; element (row, output) is values[row * stride + output]
  size_t stride;
  bool add;  // add to what is there (a residual) instead of replacing it: one float addition after the complete sum
};

struct TileRange {
  size_t begin, end;  // in tiles of 16 outputs
};

struct MatMulKernels {
  // out[:, outputs of the tiles] = x w^T for every input row. `scratch` is private to the calling thread, 64-byte aligned,
  // at least kMatMulScratch bytes. Outputs beyond w.rows are not written.
  void (*multiply)(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
                   std::span<std::byte> scratch);

  // Quantises blocks [0, blocks) of a row: reads 32 * blocks floats, writes as many blocks.
  void (*quantise)(const float* x, size_t blocks, QuantisedBlock* out);
};

inline constexpr size_t kMatMulScratch = size_t{1} << 20;

}  // namespace sheepop::kernel
