// The order of work of a product, shared by the instruction sets. It decides only which outputs are computed when, never
// in what order an output's terms are added.
//
// Each set's file includes this with its own Kernel types, which live in an unnamed namespace: so nothing compiled here for
// one instruction set can be linked into another's.
#pragma once

#include <cstring>

#include "kernel/matmul.h"
#include "kernel/packed.h"

namespace sheepop::kernel {

struct Chunk {
  size_t begin, count;
};

// Finished sums [tokens, sums_stride] -> outputs first .. first + count of the given input rows.
template <typename Kernel>
void StoreSums(const float* sums, size_t sums_stride, Chunk tokens, Chunk outputs, const MatMulOutput& out) {
  for (size_t t = 0; t < tokens.count; ++t, sums += sums_stride) {
    float* to = out.values + (tokens.begin + t) * out.stride + outputs.begin;
    if (out.add) {
      for (size_t i = 0; i < outputs.count; ++i) to[i] += sums[i];
    } else {
      for (size_t i = 0; i < outputs.count; ++i) to[i] = sums[i];
    }
  }
}

inline constexpr size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }

// Many input rows: a panel of kPanelTiles tiles is unpacked once, kPanelBlocks blocks at a time, and then used for a chunk
// of kChunkTokens input rows, whose sums wait in scratch between the runs of blocks.
//   Kernel::Unpack(tile, first block, blocks, slot, panel)
//   Kernel::Multiply(panel, tiles, blocks, x, x_stride, tokens, sums): adds to sums [tokens, 16 * kPanelTiles]
// A kernel whose sums stay in registers may also have
//   Kernel::Finish(panel, tiles, blocks, x, x_stride, tokens, out): the whole product of one run of blocks, to whole tiles
// which saves a trip through scratch.
template <typename Kernel>
void MultiplyPanels(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
                    std::byte* scratch) {
  constexpr size_t kWidth = Kernel::kPanelTiles * kTileRows;
  static_assert(Kernel::kPanelBytes + Kernel::kChunkTokens * kWidth * sizeof(float) <= kMatMulScratch);
  std::byte* panel = scratch;
  auto* sums = reinterpret_cast<float*>(scratch + Kernel::kPanelBytes);
  const size_t tile_bytes = TileBytes(w.type, w.cols);
  for (size_t token = 0; token < x.rows; token += Kernel::kChunkTokens) {
    const Chunk tokens = {token, Smaller(Kernel::kChunkTokens, x.rows - token)};
    for (size_t tile = tiles.begin; tile < tiles.end; tile += Kernel::kPanelTiles) {
      const size_t count = Smaller(Kernel::kPanelTiles, tiles.end - tile);
      const size_t output = tile * kTileRows;
      if constexpr (requires { &Kernel::Finish; }) {
        if (w.blocks() <= Kernel::kPanelBlocks && output + count * kTileRows <= w.rows) {
          for (size_t slot = 0; slot < count; ++slot) {
            Kernel::Unpack(w.data + (tile + slot) * tile_bytes, 0, w.blocks(), slot, panel);
          }
          Kernel::Finish(panel, count, w.blocks(), x.quantised + token * x.quantised_stride, x.quantised_stride,
                         tokens.count, {out.values + token * out.stride + output, out.stride, out.add});
          continue;
        }
      }
      std::memset(sums, 0, tokens.count * kWidth * sizeof(float));
      for (size_t block = 0; block < w.blocks(); block += Kernel::kPanelBlocks) {
        const size_t blocks = Smaller(Kernel::kPanelBlocks, w.blocks() - block);
        for (size_t slot = 0; slot < count; ++slot) {
          Kernel::Unpack(w.data + (tile + slot) * tile_bytes, block, blocks, slot, panel);
        }
        Kernel::Multiply(panel, count, blocks, x.quantised + token * x.quantised_stride + block, x.quantised_stride,
                         tokens.count, sums);
      }
      StoreSums<Kernel>(sums, kWidth, tokens, {output, Smaller(count * kTileRows, w.rows - output)}, out);
    }
  }
}

// Float weights are used where they lie: kPanelTiles tiles, kPanelInputs inputs at a time, for a chunk of input rows.
//   Kernel::Multiply(first tile, tile_bytes, tiles, inputs, x, x_stride, tokens, sums): adds to sums
template <typename Kernel>
void MultiplyFloats(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
                    std::byte* scratch) {
  constexpr size_t kWidth = Kernel::kPanelTiles * kTileRows;
  auto* sums = reinterpret_cast<float*>(scratch);
  const size_t tile_bytes = TileBytes(w.type, w.cols);
  const size_t input_bytes = kTileRows * static_cast<size_t>(FormatOf(w.type).bits) / 8;
  const size_t run = x.rows <= Kernel::kTokens ? w.cols : Kernel::kPanelInputs;
  for (size_t token = 0; token < x.rows; token += Kernel::kChunkTokens) {
    const Chunk tokens = {token, Smaller(Kernel::kChunkTokens, x.rows - token)};
    for (size_t tile = tiles.begin; tile < tiles.end; tile += Kernel::kPanelTiles) {
      const size_t count = Smaller(Kernel::kPanelTiles, tiles.end - tile);
      std::memset(sums, 0, tokens.count * kWidth * sizeof(float));
      for (size_t input = 0; input < w.cols; input += run) {
        Kernel::Multiply(w.data + tile * tile_bytes + input * input_bytes, tile_bytes, count,
                         Smaller(run, w.cols - input), x.values + token * x.stride + input, x.stride, tokens.count,
                         sums);
      }
      const size_t output = tile * kTileRows;
      StoreSums<Kernel>(sums, kWidth, tokens, {output, Smaller(count * kTileRows, w.rows - output)}, out);
    }
  }
}

}  // namespace sheepop::kernel
