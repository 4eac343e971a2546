#include "tensor/pack.h"

#include <algorithm>
#include <cassert>

#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::kBlockSize;
using kernel::kTileRows;
using kernel::PackedFormat;
using kernel::PackedType;
using kernel::ScaleForm;

struct Line {
  float scale, minimum;  // a stored value v stands for (v - offset) * scale + minimum
};

// Of a row, for the 16 inputs `half` of block `index` of a group.
Line LineOf(const PackedFormat& format, const uint8_t* group, size_t index, size_t half, size_t row) {
  const ScaleForm form = format.scales;
  const uint8_t scale = group[ScaleOffset(form, index, half) + row];
  const auto d = [&] { return LoadHalf(group + HalfOffset(format, index) + 2 * row); };
  const auto m = [&] { return LoadHalf(group + MinHalfOffset(format, index) + 2 * row); };
  const auto minimum = [&] { return -m() * static_cast<float>(group[MinOffset(form, index, half) + row]); };
  switch (form) {
    case ScaleForm::kHalf: return {d(), 0};
    case ScaleForm::kHalfMin: return {d(), m()};
    case ScaleForm::kPower: return {kernel::PowerScale(scale), 0};
    case ScaleForm::kE4m3Sixteenths: return {HalfToFloat(static_cast<uint16_t>(scale << 7)) * 128, 0};
    case ScaleForm::kSuper: return {d() * static_cast<float>(scale), minimum()};
    case ScaleForm::kEighths:
    case ScaleForm::kSixteenths: return {d() * static_cast<float>(static_cast<int8_t>(scale)), 0};
    case ScaleForm::kSixteenthsMin: return {d() * static_cast<float>(static_cast<int8_t>(scale)), minimum()};
    case ScaleForm::kNone: break;
  }
  return {};
}

void UnpackQuantised(PackedType type, const uint8_t* tile, size_t row, size_t cols, float* out) {
  const PackedFormat format = FormatOf(type);
  for (size_t begin = 0; begin < cols; begin += 16) {
    const size_t block = begin / kBlockSize, index = block % format.blocks, half = begin % kBlockSize / 16;
    const uint8_t* group = tile + block / format.blocks * format.group_bytes();
    const uint8_t* values = group + format.header_bytes + index * format.block_bytes;
    const Line line = LineOf(format, group, index, half, row);
    for (size_t i = 0; i < 16 && begin + i < cols; ++i) {
      const int value = StoredValue(format, values, row, 16 * half + i) - format.offset;
      const float product = line.scale * static_cast<float>(value);
      // Adding a zero would lose the sign of a product that is -0.
      out[begin + i] = HasMin(format.scales) ? product + line.minimum : product;
    }
  }
}

}  // namespace

PackedType PackedTypeOf(DType type) { return RowOf(type).packed; }

size_t PackedBytes(DType type, size_t rows, size_t cols) {
  return (rows + kTileRows - 1) / kTileRows * kernel::TileBytes(PackedTypeOf(type), cols);
}

void PackTiles(DType type, const std::byte* source, size_t rows, size_t cols, kernel::TileRange tiles,
               std::byte* packed) {
  const TypeRow& row = RowOf(type);
  assert(cols % row.info.block_size == 0);
  const size_t row_bytes = RowBytes(type, cols), tile_bytes = kernel::TileBytes(row.packed, cols);
  for (size_t t = tiles.begin; t < tiles.end; ++t) {
    const size_t first = t * kTileRows;
    row.pack({reinterpret_cast<const uint8_t*>(source) + first * row_bytes, row_bytes,
              std::min(kTileRows, rows - first), cols, reinterpret_cast<uint8_t*>(packed) + t * tile_bytes});
  }
}

void UnpackRow(const kernel::PackedView& matrix, size_t row, float* out) {
  assert(row < matrix.rows);
  const auto* tile =
      reinterpret_cast<const uint8_t*>(matrix.data) + row / kTileRows * TileBytes(matrix.type, matrix.cols);
  const size_t lane = row % kTileRows;
  if (kernel::IsQuantised(matrix.type)) return UnpackQuantised(matrix.type, tile, lane, matrix.cols, out);
  for (size_t i = 0; i < matrix.cols; ++i) {
    const size_t index = i * kTileRows + lane;
    if (matrix.type == PackedType::kF32) std::memcpy(out + i, tile + 4 * index, 4);
    if (matrix.type == PackedType::kF16) out[i] = LoadHalf(tile + 2 * index);
    if (matrix.type == PackedType::kBf16) {
      uint16_t bits;
      std::memcpy(&bits, tile + 2 * index, 2);
      out[i] = Bf16ToFloat(bits);
    }
  }
}

}  // namespace sheepop
