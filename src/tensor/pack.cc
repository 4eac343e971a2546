#include "tensor/pack.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "tensor/dequantise.h"
#include "tensor/k_scales.h"

namespace sheepop {
namespace {

using kernel::kBlockSize;
using kernel::kTileRows;
using kernel::PackedFormat;
using kernel::PackedType;
using kernel::ScaleForm;

constexpr uint32_t kLowHalves = 0x0f0f0f0f;

uint32_t Word(const uint8_t* bytes, size_t index) {
  uint32_t word;
  std::memcpy(&word, bytes + 4 * index, 4);
  return word;
}

// A row's 4 bytes of a line.
void StoreWord(uint8_t* line, size_t row, uint32_t word) { std::memcpy(line + 4 * row, &word, 4); }

void CopyHalf(uint8_t* to, size_t row, const uint8_t* from) { std::memcpy(to + 2 * row, from, 2); }

// Byte c of the result gathers bits c, c + 4, c + 8, ... of `bits`: the order of the line of fifth bits.
uint32_t FifthBits(uint32_t bits) {
  uint32_t word = 0;
  for (uint32_t c = 0; c < 4; ++c) {
    uint32_t every_fourth = bits >> c & 0x11111111;
    every_fourth = (every_fourth | every_fourth >> 3) & 0x03030303;
    every_fourth = (every_fourth | every_fourth >> 6) & 0x000f000f;
    word |= ((every_fourth | every_fourth >> 12) & 0xff) << (8 * c);
  }
  return word;
}

// 16 bytes that already hold input k in their low and input k + 16 in their high half.
void PackHalves(const uint8_t* codes, size_t row, uint8_t* block) {
  for (size_t i = 0; i < 4; ++i) StoreWord(block + 64 * i, row, Word(codes, i));
}

// A packer moves one source block of one row into its group. `part` is the source block's place in the group, for types
// whose groups hold several; K types have one.

void PackQ4_0(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 32 * part, row, in);
  PackHalves(in + 2, row, group + 64 + 256 * part);
}

void PackQ4_1(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 64 * part, row, in);
  CopyHalf(group + 64 * part + 32, row, in + 2);
  PackHalves(in + 4, row, group + 128 + 256 * part);
}

void PackQ5_0(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 32 * part, row, in);
  uint8_t* block = group + 64 + 320 * part;
  PackHalves(in + 6, row, block);
  StoreWord(block + 256, row, FifthBits(Word(in + 2, 0)));
}

void PackQ5_1(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 64 * part, row, in);
  CopyHalf(group + 64 * part + 32, row, in + 2);
  uint8_t* block = group + 128 + 320 * part;
  PackHalves(in + 8, row, block);
  StoreWord(block + 256, row, FifthBits(Word(in + 4, 0)));
}

void PackQ8_0(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 32 * part, row, in);
  for (size_t i = 0; i < 8; ++i) StoreWord(group + 64 + 512 * part + 64 * i, row, Word(in + 2, i) ^ 0x80808080);
}

void PackIQ4_NL(const uint8_t* in, size_t part, size_t row, uint8_t* group) {
  CopyHalf(group + 32 * part, row, in);
  uint8_t* block = group + 64 + 512 * part;
  for (size_t i = 0; i < 8; ++i) {
    uint32_t word = 0;
    for (size_t c = 0; c < 4; ++c) {
      const int code = in[2 + (4 * i + c) % 16] >> (i / 4 * 4) & 15;
      word |= static_cast<uint32_t>(kIq4NlValues[code] + 128) << (8 * c);
    }
    StoreWord(block + 64 * i, row, word);
  }
}

// Eight words of one block, each the values of 4 consecutive inputs, into lines of halves.
void StoreHalves(const uint32_t (&words)[8], size_t row, uint8_t* block) {
  for (size_t i = 0; i < 4; ++i)
    StoreWord(block + 64 * i, row, (words[i] & kLowHalves) | (words[4 + i] & kLowHalves) << 4);
}

void PackKScaleBytes(const uint8_t* scales /* [12] */, size_t row, uint8_t* group) {
  const KScales unpacked = UnpackKScales(scales);
  for (size_t b = 0; b < 8; ++b) {
    group[64 + 32 * b + row] = unpacked.scales[b];
    group[64 + 32 * b + 16 + row] = unpacked.minimums[b];
  }
}

// Q4_K and Q5_K: block b's codes are half b % 2 of the 32 bytes at 32 * (b / 2).
void KCodes(const uint8_t* codes, size_t b, uint32_t (&words)[8]) {
  for (size_t i = 0; i < 8; ++i) words[i] = Word(codes + 32 * (b / 2), i) >> (4 * (b % 2));
}

void PackQ4_K(const uint8_t* in, size_t, size_t row, uint8_t* group) {
  CopyHalf(group, row, in);
  CopyHalf(group + 32, row, in + 2);
  PackKScaleBytes(in + 4, row, group);
  for (size_t b = 0; b < 8; ++b) {
    uint32_t words[8];
    KCodes(in + 16, b, words);
    StoreHalves(words, row, group + 320 + 256 * b);
  }
}

void PackQ5_K(const uint8_t* in, size_t, size_t row, uint8_t* group) {
  CopyHalf(group, row, in);
  CopyHalf(group + 32, row, in + 2);
  PackKScaleBytes(in + 4, row, group);
  for (size_t b = 0; b < 8; ++b) {
    uint8_t* block = group + 320 + 320 * b;
    uint32_t words[8], fifth = 0;
    KCodes(in + 48, b, words);
    StoreHalves(words, row, block);
    for (size_t i = 0; i < 8; ++i) fifth |= (Word(in + 16, i) >> b & 0x01010101) << i;
    StoreWord(block + 256, row, fifth);
  }
}

// Bits 2j and 2j + 1 of the 32 bytes of half b / 4, j = b % 4: the two-bit codes of block b, one byte each.
uint32_t TwoBits(const uint8_t* codes, size_t b, size_t i) {
  return Word(codes + 32 * (b / 4), i) >> (2 * (b % 4)) & 0x03030303;
}

void PackQ6_K(const uint8_t* in, size_t, size_t row, uint8_t* group) {
  CopyHalf(group, row, in + 208);
  for (size_t s = 0; s < 16; ++s) group[64 + 16 * s + row] = in[192 + s];
  for (size_t b = 0; b < 8; ++b) {
    uint8_t* block = group + 320 + 384 * b;
    uint32_t words[8], upper[2] = {0, 0};
    for (size_t i = 0; i < 8; ++i) {
      words[i] = Word(in + 64 * (b / 4) + 32 * (b % 2), i) >> (b % 4 / 2 * 4);
      upper[i / 4] |= TwoBits(in + 128, b, i) << (2 * (i % 4));
    }
    StoreHalves(words, row, block);
    StoreWord(block + 256, row, upper[0]);
    StoreWord(block + 320, row, upper[1]);
  }
}

// The code less 4 where its high bit is 0, and 8 added: the code and 4, 8 with the high bit.
void PackQ3_K(const uint8_t* in, size_t, size_t row, uint8_t* group) {
  CopyHalf(group, row, in + 108);
  const uint8_t* packed = in + 96;
  for (size_t s = 0; s < 16; ++s) {
    const int low = packed[s % 8] >> (s / 8 * 4) & 15;
    const int high = packed[8 + s % 4] >> (s / 4 * 2) & 3;
    group[64 + 16 * s + row] = static_cast<uint8_t>((low | high << 4) - 32);
  }
  for (size_t b = 0; b < 8; ++b) {
    uint32_t words[8];
    for (size_t i = 0; i < 8; ++i) {
      words[i] = TwoBits(in + 32, b, i) + 0x04040404 + ((Word(in, i) >> b & 0x01010101) << 2);
    }
    StoreHalves(words, row, group + 320 + 256 * b);
  }
}

void PackQ2_K(const uint8_t* in, size_t, size_t row, uint8_t* group) {
  CopyHalf(group, row, in + 80);
  CopyHalf(group + 32, row, in + 82);
  for (size_t s = 0; s < 16; ++s) {
    uint8_t* own = group + 64 + 64 * (s / 2) + 16 * (s % 2) + row;
    own[0] = in[s] & 15;
    own[32] = in[s] >> 4;
  }
  for (size_t b = 0; b < 8; ++b) {
    uint32_t words[8];
    for (size_t i = 0; i < 8; ++i) words[i] = TwoBits(in + 16, b, i);
    StoreHalves(words, row, group + 576 + 256 * b);
  }
}

using Packer = void (*)(const uint8_t* in, size_t part, size_t row, uint8_t* group);

struct Tile {
  const uint8_t* source;  // of the tile's first row
  size_t row_bytes;
  size_t rows;  // 1 .. 16
  size_t cols;
  uint8_t* packed;
};

template <Packer kPack>
void PackTile(DType type, const Tile& tile) {
  const PackedFormat format = FormatOf(PackedTypeOf(type));
  const DTypeInfo& info = Info(type);
  const size_t parts = format.blocks * kBlockSize / info.block_size;
  const size_t blocks = tile.cols / info.block_size;
  uint8_t* group = tile.packed;
  for (size_t begin = 0; begin < blocks; begin += parts, group += format.group_bytes()) {
    const size_t count = std::min(parts, blocks - begin);
    if (tile.rows < kTileRows || count < parts) std::memset(group, 0, format.group_bytes());
    if (format.scales == ScaleForm::kSixteenths) std::memset(group + 32, 0, 32);
    for (size_t row = 0; row < tile.rows; ++row) {
      const uint8_t* in = tile.source + row * tile.row_bytes + begin * info.block_bytes;
      for (size_t part = 0; part < count; ++part) kPack(in + part * info.block_bytes, part, row, group);
    }
  }
}

template <typename Element>
void PackFloatTile(const Tile& tile) {
  const size_t padded = (tile.cols + kBlockSize - 1) / kBlockSize * kBlockSize;
  if (tile.rows < kTileRows || tile.cols < padded) std::memset(tile.packed, 0, padded * kTileRows * sizeof(Element));
  // Inputs in short runs, so that the lines being filled stay in the first-level cache.
  for (size_t begin = 0; begin < tile.cols; begin += kBlockSize) {
    const size_t count = std::min(kBlockSize, tile.cols - begin);
    for (size_t row = 0; row < tile.rows; ++row) {
      const uint8_t* in = tile.source + row * tile.row_bytes + begin * sizeof(Element);
      uint8_t* out = tile.packed + (begin * kTileRows + row) * sizeof(Element);
      for (size_t k = 0; k < count; ++k) {
        std::memcpy(out + k * kTileRows * sizeof(Element), in + k * sizeof(Element), sizeof(Element));
      }
    }
  }
}

void PackOneTile(DType type, const Tile& tile) {
  switch (type) {
    case DType::kF32: return PackFloatTile<uint32_t>(tile);
    case DType::kF16:
    case DType::kBF16: return PackFloatTile<uint16_t>(tile);
    case DType::kQ4_0: return PackTile<PackQ4_0>(type, tile);
    case DType::kQ4_1: return PackTile<PackQ4_1>(type, tile);
    case DType::kQ5_0: return PackTile<PackQ5_0>(type, tile);
    case DType::kQ5_1: return PackTile<PackQ5_1>(type, tile);
    case DType::kQ8_0: return PackTile<PackQ8_0>(type, tile);
    case DType::kQ2_K: return PackTile<PackQ2_K>(type, tile);
    case DType::kQ3_K: return PackTile<PackQ3_K>(type, tile);
    case DType::kQ4_K: return PackTile<PackQ4_K>(type, tile);
    case DType::kQ5_K: return PackTile<PackQ5_K>(type, tile);
    case DType::kQ6_K: return PackTile<PackQ6_K>(type, tile);
    case DType::kIQ4_NL: return PackTile<PackIQ4_NL>(type, tile);
  }
}

float LoadHalf(const uint8_t* halves, size_t index) {
  uint16_t half;
  std::memcpy(&half, halves + 2 * index, 2);
  return HalfToFloat(half);
}

struct Line {
  float scale, minimum;  // a stored value v stands for (v - offset) * scale + minimum
};

// The scale and minimum of a row for the 16 inputs `half` of block `index` of a group.
Line ScaleOf(const PackedFormat& format, const uint8_t* group, size_t index, size_t half, size_t row) {
  const uint8_t* scales = group + 64;
  const float d = LoadHalf(group, row), dmin = LoadHalf(group, 16 + row);
  const auto signed_scale = [](uint8_t byte) { return static_cast<float>(static_cast<int8_t>(byte)); };
  switch (format.scales) {
    case ScaleForm::kHalf: return {LoadHalf(group, index * 16 + row), 0};
    case ScaleForm::kHalfMin: return {LoadHalf(group, index * 32 + row), LoadHalf(group, index * 32 + 16 + row)};
    case ScaleForm::kSuper: {
      const uint8_t* own = scales + 32 * index + row;
      return {d * static_cast<float>(own[0]), -dmin * static_cast<float>(own[16])};
    }
    case ScaleForm::kSixteenths: return {d * signed_scale(scales[32 * index + 16 * half + row]), 0};
    case ScaleForm::kSixteenthsMin: {
      const uint8_t* own = scales + 64 * index + 16 * half + row;
      return {d * signed_scale(own[0]), -dmin * static_cast<float>(own[32])};
    }
    case ScaleForm::kNone: break;
  }
  return {0, 0};
}

bool HasMinimum(ScaleForm form) {
  return form == ScaleForm::kHalfMin || form == ScaleForm::kSuper || form == ScaleForm::kSixteenthsMin;
}

void UnpackQuantised(PackedType type, const uint8_t* tile, size_t row, size_t cols, float* out) {
  const PackedFormat format = FormatOf(type);
  for (size_t begin = 0; begin < cols; begin += 16) {
    const size_t block = begin / kBlockSize, index = block % format.blocks, half = begin % kBlockSize / 16;
    const uint8_t* group = tile + block / format.blocks * format.group_bytes();
    const uint8_t* values = group + format.header_bytes + index * format.block_bytes;
    const Line line = ScaleOf(format, group, index, half, row);
    for (size_t i = 0; i < 16 && begin + i < cols; ++i) {
      const int value = StoredValue(format, values, row, 16 * half + i) - format.offset;
      const float product = line.scale * static_cast<float>(value);
      // Adding a zero would lose the sign of a product that is -0.
      out[begin + i] = HasMinimum(format.scales) ? product + line.minimum : product;
    }
  }
}

}  // namespace

PackedType PackedTypeOf(DType type) {
  switch (type) {
    case DType::kF32: return PackedType::kF32;
    case DType::kF16: return PackedType::kF16;
    case DType::kBF16: return PackedType::kBf16;
    case DType::kQ4_0: return PackedType::kQ4_0;
    case DType::kQ4_1: return PackedType::kQ4_1;
    case DType::kQ5_0: return PackedType::kQ5_0;
    case DType::kQ5_1: return PackedType::kQ5_1;
    case DType::kQ8_0:
    case DType::kIQ4_NL: return PackedType::kQ8_0;
    case DType::kQ2_K: return PackedType::kQ2_K;
    case DType::kQ3_K: return PackedType::kQ3_K;
    case DType::kQ4_K: return PackedType::kQ4_K;
    case DType::kQ5_K: return PackedType::kQ5_K;
    case DType::kQ6_K: return PackedType::kQ6_K;
  }
  assert(false);
  return PackedType::kF32;
}

size_t PackedBytes(DType type, size_t rows, size_t cols) {
  return (rows + kTileRows - 1) / kTileRows * kernel::TileBytes(PackedTypeOf(type), cols);
}

void PackTiles(DType type, const std::byte* source, size_t rows, size_t cols, kernel::TileRange tiles,
               std::byte* packed) {
  assert(cols % Info(type).block_size == 0);
  const size_t row_bytes = cols / Info(type).block_size * Info(type).block_bytes;
  const size_t tile_bytes = kernel::TileBytes(PackedTypeOf(type), cols);
  for (size_t t = tiles.begin; t < tiles.end; ++t) {
    const size_t first = t * kTileRows;
    PackOneTile(type, {reinterpret_cast<const uint8_t*>(source) + first * row_bytes, row_bytes,
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
    if (matrix.type == PackedType::kF16) out[i] = LoadHalf(tile, index);
    if (matrix.type == PackedType::kBf16) {
      uint16_t bits;
      std::memcpy(&bits, tile + 2 * index, 2);
      out[i] = Bf16ToFloat(bits);
    }
  }
}

}  // namespace sheepop
