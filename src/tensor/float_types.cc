// Types without blocks: one number after the other.
#include <array>

#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::PackedType;

template <typename Element>
void PackFloatTile(const TileToPack& tile) {
  const size_t padded = (tile.cols + kernel::kBlockSize - 1) / kernel::kBlockSize * kernel::kBlockSize;
  if (tile.rows < kernel::kTileRows || tile.cols < padded)
    std::memset(tile.packed, 0, padded * kernel::kTileRows * sizeof(Element));
  // Inputs in short runs, so that the lines being filled stay in the first-level cache.
  for (size_t begin = 0; begin < tile.cols; begin += kernel::kBlockSize) {
    const size_t count = std::min(kernel::kBlockSize, tile.cols - begin);
    for (size_t row = 0; row < tile.rows; ++row) {
      const uint8_t* in = tile.source + row * tile.row_bytes + begin * sizeof(Element);
      uint8_t* out = tile.packed + (begin * kernel::kTileRows + row) * sizeof(Element);
      for (size_t k = 0; k < count; ++k) {
        std::memcpy(out + k * kernel::kTileRows * sizeof(Element), in + k * sizeof(Element), sizeof(Element));
      }
    }
  }
}

struct F32 {
  static constexpr DTypeInfo kInfo = {DType::kF32, "F32", 1, 4, false};
  static constexpr PackedType kPacked = PackedType::kF32;

  static void Dequantise(const uint8_t* in, float* out) { std::memcpy(out, in, sizeof(float)); }
  static void Quantise(const float* x, uint8_t* out) { std::memcpy(out, x, sizeof(float)); }
  static void PackTile(const TileToPack& tile) { PackFloatTile<uint32_t>(tile); }
};

struct F16 {
  static constexpr DTypeInfo kInfo = {DType::kF16, "F16", 1, 2, false};
  static constexpr PackedType kPacked = PackedType::kF16;

  static void Dequantise(const uint8_t* in, float* out) { *out = LoadHalf(in); }
  static void Quantise(const float* x, uint8_t* out) { StoreHalf(*x, out); }
  static void PackTile(const TileToPack& tile) { PackFloatTile<uint16_t>(tile); }
};

struct BF16 {
  static constexpr DTypeInfo kInfo = {DType::kBF16, "BF16", 1, 2, false};
  static constexpr PackedType kPacked = PackedType::kBf16;

  static void Dequantise(const uint8_t* in, float* out) {
    uint16_t bits;
    std::memcpy(&bits, in, sizeof(bits));
    *out = Bf16ToFloat(bits);
  }
  static void Quantise(const float* x, uint8_t* out) {
    const uint16_t bits = FloatToBf16(*x);
    std::memcpy(out, &bits, sizeof(bits));
  }
  static void PackTile(const TileToPack& tile) { PackFloatTile<uint16_t>(tile); }
};

constexpr std::array kRows = {type_row::Row<F32>(), type_row::Row<F16>(), type_row::Row<BF16>()};

}  // namespace

std::span<const TypeRow> FloatTypes() { return kRows; }

}  // namespace sheepop
