// One row a type: all that tensor/ knows of it. A type is a struct that has
//   kInfo         its entry of dtype.h
//   kPacked       its packed form (kernel/packed.h)
//   Dequantise    one block to kInfo.block_size values
//   Quantise      the reverse; a type without it is only read
//   Pack          one block of one row to its place in a group; float types have PackTile instead
//   kWordsAt      where in a block of 32 the words of its first lines lie, if they are as in packed tiles (signed bytes of 8
//                 bits alone get their offset): Pack then leaves these lines alone
// A new type: its number in dtype.h, its struct and row beside those of its kin, its values in dequantise_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/half.h"
#include "kernel/packed.h"
#include "tensor/dtype.h"
#include "tensor/word_lines.h"

namespace sheepop {

// 16 rows of a matrix, or the last ones, and their tile.
struct TileToPack {
  const uint8_t* source;  // of the tile's first row
  size_t row_bytes;
  size_t rows;  // 1 .. 16
  size_t cols;
  uint8_t* packed;  // written whole
};

struct TypeRow {
  DTypeInfo info;
  kernel::PackedType packed;
  void (*dequantise)(const uint8_t* blocks, size_t count, float* out);
  void (*quantise)(const float* values, size_t count, uint8_t* blocks);  // null: the type is only read
  void (*pack)(const TileToPack& tile);
};

const TypeRow& RowOf(DType type);

// The rows of every type, by kin.
std::span<const TypeRow> FloatTypes();
std::span<const TypeRow> Block32Types();
std::span<const TypeRow> KTypes();
std::span<const TypeRow> CodeTypes();
std::span<const TypeRow> FewBitTypes();

// Where a packer puts one source block of one row: `first` is the first of its blocks of 32 inputs in the group, 0 for
// types whose blocks are groups.
template <kernel::PackedType kPacked>
struct PackedPlace {
  static constexpr kernel::PackedFormat kFormat = kernel::FormatOf(kPacked);
  static constexpr kernel::ScaleForm kForm = kFormat.scales;

  uint8_t* group;
  size_t first, row;

  // The lines of a block of 32 inputs.
  uint8_t* Lines(size_t block) const { return group + kFormat.header_bytes + block * kFormat.block_bytes; }
  // The row's 4 bytes of a line.
  void StoreWord(size_t block, size_t line, uint32_t word) const {
    std::memcpy(Lines(block) + 64 * line + 4 * row, &word, 4);
  }
  void CopyScale(const uint8_t* half) const { CopyHalf(kernel::HalfOffset(kFormat, first), half); }
  void CopyMin(const uint8_t* half) const { CopyHalf(kernel::MinHalfOffset(kFormat, first), half); }
  // The one-byte scale and minimum of a half of a block.
  uint8_t& Scale(size_t block, size_t half) const { return group[kernel::ScaleOffset(kForm, block, half) + row]; }
  uint8_t& Min(size_t block, size_t half) const { return group[kernel::MinOffset(kForm, block, half) + row]; }

 private:
  void CopyHalf(size_t offset, const uint8_t* half) const { std::memcpy(group + offset + 2 * row, half, 2); }
};

inline uint32_t Word(const uint8_t* bytes, size_t index) {
  uint32_t word;
  std::memcpy(&word, bytes + 4 * index, 4);
  return word;
}

namespace type_row {

template <typename Type>
void Dequantise(const uint8_t* blocks, size_t count, float* out) {
  constexpr DTypeInfo kInfo = Type::kInfo;
  for (size_t i = 0; i < count; ++i) Type::Dequantise(blocks + i * kInfo.block_bytes, out + i * kInfo.block_size);
}

template <typename Type>
void Quantise(const float* values, size_t count, uint8_t* blocks) {
  constexpr DTypeInfo kInfo = Type::kInfo;
  for (size_t i = 0; i < count; ++i) Type::Quantise(values + i * kInfo.block_size, blocks + i * kInfo.block_bytes);
}

// The lines that blocks of 32 hold as they are.
template <typename Type>
struct StoredLines {
  static constexpr size_t kCount = 0, kAt = 0;
  static constexpr uint32_t kFlip = 0;
};
template <typename Type>
  requires requires { Type::kWordsAt; }
struct StoredLines<Type> {
  static constexpr size_t kCount = kernel::FormatOf(Type::kPacked).bits == 8 ? 8 : 4, kAt = Type::kWordsAt;
  static constexpr uint32_t kFlip = Type::kPacked == kernel::PackedType::kQ8_0 ? 0x80808080 : 0;
};

template <typename Type>
void PackBlock(const uint8_t* in, PackedPlace<Type::kPacked> place, size_t lines) {
  using Lines = StoredLines<Type>;
  Type::Pack(in, place);
  for (size_t i = 0; i < lines; ++i) place.StoreWord(place.first, i, Word(in + Lines::kAt, i) ^ Lines::kFlip);
}

// Of `count` blocks from `begin` on, the lines of all rows of a whole tile.
template <typename Type>
void PackLines(const TileToPack& tile, size_t begin, size_t count, uint8_t* group) {
  using Lines = StoredLines<Type>;
  constexpr kernel::PackedFormat kFormat = kernel::FormatOf(Type::kPacked);
  for (size_t row = 0; row < kernel::kTileRows; row += 4) {
    for (size_t block = 0; block < count; ++block) {
      const uint8_t* in = tile.source + row * tile.row_bytes + (begin + block) * Type::kInfo.block_bytes + Lines::kAt;
      uint8_t* out = group + kFormat.header_bytes + block * kFormat.block_bytes + 4 * row;
      for (size_t line = 0; line < Lines::kCount; line += 4) {
        TransposeWords(in + 4 * line, tile.row_bytes, Lines::kFlip, out + 64 * line, 64);
      }
    }
  }
}

template <typename Type>
void Pack(const TileToPack& tile) {
  using Place = PackedPlace<Type::kPacked>;
  constexpr kernel::PackedFormat kFormat = Place::kFormat;
  constexpr DTypeInfo kInfo = Type::kInfo;
  constexpr size_t kParts = kFormat.blocks * kernel::kBlockSize / kInfo.block_size;
  const size_t blocks = tile.cols / kInfo.block_size;
  const bool whole = tile.rows == kernel::kTileRows;
  uint8_t* group = tile.packed;
  for (size_t begin = 0; begin < blocks; begin += kParts, group += kFormat.group_bytes()) {
    const size_t count = std::min(kParts, blocks - begin);
    if (!whole || count < kParts) std::memset(group, 0, kFormat.group_bytes());
    if (kFormat.has_padded_header()) std::memset(group + 32, 0, 32);
    for (size_t row = 0; row < tile.rows; ++row) {
      const uint8_t* in = tile.source + row * tile.row_bytes + begin * kInfo.block_bytes;
      for (size_t part = 0; part < count; ++part) {
        PackBlock<Type>(in + part * kInfo.block_bytes, Place{group, part * kInfo.block_size / kernel::kBlockSize, row},
                        whole ? 0 : StoredLines<Type>::kCount);
      }
    }
    if (whole) PackLines<Type>(tile, begin, count, group);
  }
}

template <typename Type>
constexpr TypeRow Row() {
  TypeRow row{Type::kInfo, Type::kPacked, Dequantise<Type>, nullptr, nullptr};
  if constexpr (requires { &Type::Quantise; }) row.quantise = Quantise<Type>;
  if constexpr (requires { &Type::PackTile; }) {
    row.pack = Type::PackTile;
  } else {
    row.pack = Pack<Type>;
  }
  return row;
}

}  // namespace type_row

// What the blocks of most types hold.
inline float LoadHalf(const uint8_t* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return HalfToFloat(half);
}

inline void StoreHalf(float value, uint8_t* out) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(out, &half, sizeof(half));
}

}  // namespace sheepop
