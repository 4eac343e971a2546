// The bytes of packed weights, for packing and for kernels.
//
// A matrix [rows, cols] is ceil(rows / 16) tiles of 16 rows, one after the other. A tile is a run of groups along the
// inputs. A group of a quantised type holds `blocks` blocks of 32 inputs: first a header with the scales, then the values
// of each block in 64-byte lines of 16 rows x 4 consecutive inputs (byte 4 * row + k % 4), so that every line is one
// aligned cache line. Rows beyond the last and inputs beyond `cols` are zero bytes with zero scales: they weigh nothing.
//
// Values are stored unsigned, `offset` above what they stand for:
//   4 bits  4 lines; line i holds inputs 4i .. 4i + 3 in the low halves of its bytes, inputs 16 + 4i .. in the high halves
//   5 bits  the same, then one line of fifth bits: bit i of a byte belongs to input 4i + (byte % 4)
//   6 bits  the same as 4 bits, then two lines of upper bits, for inputs 0 .. 15 and 16 .. 31: bits 2i and 2i + 1 of a
//           byte belong to input 4i + (byte % 4) of its sixteen
//   8 bits  8 lines; line i holds inputs 4i .. 4i + 3
// Headers, all little-endian, [.., 16] being the rows:
//   kHalf           fp16 d[2][16]                              2 blocks; value * d
//   kHalfMin        fp16 (d[16], m[16])[2]                     2 blocks; value * d + m
//   kSuper          fp16 d[16], fp16 dmin[16], u8 (scale[16], min[16])[8]
//                                                              8 blocks; value * (d * scale) - dmin * min
//   kSixteenths     fp16 d[16], 32 bytes of zeros, i8 scale[8][2][16]
//                                                              8 blocks; value * d * scale, a scale for 16 inputs
//   kSixteenthsMin  fp16 d[16], fp16 dmin[16], (i8 scale[2][16], u8 min[2][16])[8]
//                                                              8 blocks; value * d * scale - dmin * min
// Float types have no header: element (input, row) of a tile is at input * 16 + row, `cols` padded to a multiple of 32.
//
// Every number is the file's own: packing moves bits and neither rounds nor rescales.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>

#include "kernel/matmul.h"

namespace sheepop::kernel {

enum class PackedType : uint8_t {
  kF32,
  kF16,
  kBf16,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
};

enum class ScaleForm : uint8_t { kNone, kHalf, kHalfMin, kSuper, kSixteenths, kSixteenthsMin };

constexpr bool HasMin(ScaleForm form) {
  return form == ScaleForm::kHalfMin || form == ScaleForm::kSuper || form == ScaleForm::kSixteenthsMin;
}
// fp16 numbers of a group, multiplied by whole numbers of its blocks; the minimum is taken off then, not added.
constexpr bool HasWholeScales(ScaleForm form) { return form >= ScaleForm::kSuper; }
constexpr bool HasSixteenths(ScaleForm form) {
  return form == ScaleForm::kSixteenths || form == ScaleForm::kSixteenthsMin;
}

// Of an offset, all of which are powers of two; 0 for none.
constexpr int Log2(int power) { return power <= 1 ? 0 : 1 + Log2(power / 2); }

struct PackedFormat {
  ScaleForm scales;
  int bits;             // of a value
  int offset;           // a stored value stands for itself minus this
  size_t blocks;        // in a group
  size_t header_bytes;  // of a group
  size_t block_bytes;   // of the values of one block

  constexpr size_t group_bytes() const { return header_bytes + blocks * block_bytes; }
};

inline constexpr std::string_view kPackedNames[] = {"F32",  "F16",  "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1",
                                                    "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"};
inline constexpr size_t kPackedTypes = std::size(kPackedNames);

constexpr std::string_view NameOf(PackedType type) { return kPackedNames[static_cast<size_t>(type)]; }

constexpr PackedFormat FormatOf(PackedType type) {
  switch (type) {
    case PackedType::kF32: return {ScaleForm::kNone, 32, 0, 1, 0, 2048};
    case PackedType::kF16: return {ScaleForm::kNone, 16, 0, 1, 0, 1024};
    case PackedType::kBf16: return {ScaleForm::kNone, 16, 0, 1, 0, 1024};
    case PackedType::kQ4_0: return {ScaleForm::kHalf, 4, 8, 2, 64, 256};
    case PackedType::kQ4_1: return {ScaleForm::kHalfMin, 4, 0, 2, 128, 256};
    case PackedType::kQ5_0: return {ScaleForm::kHalf, 5, 16, 2, 64, 320};
    case PackedType::kQ5_1: return {ScaleForm::kHalfMin, 5, 0, 2, 128, 320};
    case PackedType::kQ8_0: return {ScaleForm::kHalf, 8, 128, 2, 64, 512};
    case PackedType::kQ2_K: return {ScaleForm::kSixteenthsMin, 4, 0, 8, 576, 256};
    case PackedType::kQ3_K: return {ScaleForm::kSixteenths, 4, 8, 8, 320, 256};
    case PackedType::kQ4_K: return {ScaleForm::kSuper, 4, 0, 8, 320, 256};
    case PackedType::kQ5_K: return {ScaleForm::kSuper, 5, 0, 8, 320, 320};
    case PackedType::kQ6_K: return {ScaleForm::kSixteenths, 6, 32, 8, 320, 384};
  }
  return {};
}

// Calls visit(std::integral_constant<PackedType, type>()): what is written for any type, at one that only a run knows. Give
// it a lambda that is always_inline, and the code is that of a switch.
template <typename Visit>
[[gnu::always_inline]] constexpr void VisitPacked(PackedType type, const Visit& visit) {
  switch (type) {
    case PackedType::kF32: return visit(std::integral_constant<PackedType, PackedType::kF32>());
    case PackedType::kF16: return visit(std::integral_constant<PackedType, PackedType::kF16>());
    case PackedType::kBf16: return visit(std::integral_constant<PackedType, PackedType::kBf16>());
    case PackedType::kQ4_0: return visit(std::integral_constant<PackedType, PackedType::kQ4_0>());
    case PackedType::kQ4_1: return visit(std::integral_constant<PackedType, PackedType::kQ4_1>());
    case PackedType::kQ5_0: return visit(std::integral_constant<PackedType, PackedType::kQ5_0>());
    case PackedType::kQ5_1: return visit(std::integral_constant<PackedType, PackedType::kQ5_1>());
    case PackedType::kQ8_0: return visit(std::integral_constant<PackedType, PackedType::kQ8_0>());
    case PackedType::kQ2_K: return visit(std::integral_constant<PackedType, PackedType::kQ2_K>());
    case PackedType::kQ3_K: return visit(std::integral_constant<PackedType, PackedType::kQ3_K>());
    case PackedType::kQ4_K: return visit(std::integral_constant<PackedType, PackedType::kQ4_K>());
    case PackedType::kQ5_K: return visit(std::integral_constant<PackedType, PackedType::kQ5_K>());
    case PackedType::kQ6_K: return visit(std::integral_constant<PackedType, PackedType::kQ6_K>());
  }
}

// Where a header keeps the numbers of its tile's first row, in bytes; those of the next row stand behind, 2 bytes on or 1.
// The fp16 scale and minimum of a block, or of the whole group where whole numbers scale them:
constexpr size_t HalfOffset(ScaleForm form, size_t block) {
  return form == ScaleForm::kHalf ? 32 * block : form == ScaleForm::kHalfMin ? 64 * block : 0;
}
constexpr size_t MinHalfOffset(ScaleForm form, size_t block) { return HalfOffset(form, block) + 32; }
// The whole numbers of the 16 inputs `half` of a block, or of all 32 (kSuper):
constexpr size_t ScaleOffset(ScaleForm form, size_t block, size_t half) {
  if (form == ScaleForm::kSuper) return 64 + 32 * block;
  return 64 + (form == ScaleForm::kSixteenthsMin ? 64 : 32) * block + 16 * half;
}
constexpr size_t MinOffset(ScaleForm form, size_t block, size_t half) {
  return ScaleOffset(form, block, half) + (form == ScaleForm::kSixteenthsMin ? 32 : 16);
}

// True when products of this type read MatMulInput::quantised.
constexpr bool IsQuantised(PackedType type) { return FormatOf(type).scales != ScaleForm::kNone; }

// Bytes of one tile of 16 rows.
constexpr size_t TileBytes(PackedType type, size_t cols) {
  const PackedFormat format = FormatOf(type);
  const size_t inputs = kBlockSize * format.blocks;
  return (cols + inputs - 1) / inputs * format.group_bytes();
}

// The value that a block of a quantised type stores for a row of its tile and an input, before `offset` is taken off.
constexpr int StoredValue(const PackedFormat& format, const uint8_t* block, size_t row, size_t input) {
  const size_t byte = 4 * row + input % 4;
  if (format.bits == 8) return block[input / 4 * 64 + byte];
  const size_t half = input / 16, line = input % 16 / 4;
  int value = block[line * 64 + byte] >> (4 * half) & 15;
  if (format.bits == 5) value |= (block[256 + byte] >> (input / 4) & 1) << 4;
  if (format.bits == 6) value |= (block[256 + half * 64 + byte] >> (2 * line) & 3) << 4;
  return value;
}

}  // namespace sheepop::kernel
