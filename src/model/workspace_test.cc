#include "model/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

TEST(TileChunks, EachTileLiesInOneChunkOfWholePairs) {
  for (size_t tiles = 1; tiles < 70; ++tiles) {
    for (const size_t threads : {1, 2, 3, 8}) {
      for (const size_t rows : {size_t{1}, kSplitRows, kSplitRows + 1, size_t{500}}) {
        const size_t chunks = TileChunks(rows, tiles, threads);
        size_t next = 0;
        for (size_t chunk = 0; chunk < chunks; ++chunk) {
          const kernel::TileRange range = ChunkOfTiles(chunk, chunks, tiles);
          ASSERT_EQ(range.begin, next) << chunk << " of " << chunks << ", " << tiles << " tiles";
          ASSERT_EQ(range.begin % 2, 0U);
          ASSERT_LT(range.begin, range.end);
          next = range.end;
        }
        ASSERT_EQ(next, tiles);
      }
    }
  }
}

TEST(TileChunks, FewRowsTakeTwoAThreadManyRowsEightOrMore) {
  for (const size_t threads : {1, 2, 6}) {
    EXPECT_EQ(TileChunks(1, 1000, threads), 2 * threads);
    EXPECT_EQ(TileChunks(kSplitRows, 1000, threads), 2 * threads);
    EXPECT_GE(TileChunks(kSplitRows + 1, 1000, threads), 8 * threads);
    EXPECT_LE(TileChunks(kSplitRows + 1, 1000, threads), 10 * threads);
  }
  EXPECT_EQ(TileChunks(1, 5, 8), 3U) << "no more than there are pairs";
  EXPECT_EQ(TileChunks(100, 5, 8), 3U);
}

// Rows are whole blocks, apart from each other, and quantised where they lie.
TEST(ActivationBuffer, RowsAreWholeBlocks) {
  ActivationBuffer buffer(3, 70);
  EXPECT_EQ(buffer.stride(), 96U);
  EXPECT_EQ(buffer.row(2) - buffer.row(0), 192);
  const kernel::MatMulInput input = buffer.Input(2);
  EXPECT_EQ(input.rows, 2U);
  const auto& kernels = kernel::KernelsFor(Isa::kReference).matmul;
  for (size_t r = 0; r < 3; ++r) {
    std::fill_n(buffer.row(r), 96, static_cast<float>(r + 1));
    buffer.Quantise(kernels, r);
  }
  const auto scales = [&] {
    std::vector<float> out;
    for (size_t block = 0; block < 9; ++block) out.push_back(static_cast<float>(input.quantised[block].scale) * 127);
    return out;
  };
  for (size_t block = 0; block < 9; ++block) {
    const size_t row = block / 3;
    EXPECT_NEAR(scales()[block], static_cast<float>(row + 1), 1e-2);
  }
  // Columns 32 to 63 of the row in the middle, and the block that holds the 65th.
  std::fill_n(buffer.row(1), 96, 10.0f);
  buffer.Quantise(kernels, 1, 32, 33);
  EXPECT_NEAR(scales()[3], 2, 2e-2);
  EXPECT_NEAR(scales()[4], 10, 0.1);
  EXPECT_NEAR(scales()[5], 10, 0.1);
  EXPECT_NEAR(scales()[6], 3, 3e-2);
}

}  // namespace
}  // namespace sheepop
