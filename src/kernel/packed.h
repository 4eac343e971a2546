// The bytes of packed weights, for packing and for kernels.
//
// A matrix [rows, cols] is ceil(rows / 16) tiles of 16 rows, one after the other. A tile is a run of groups along the
// inputs. A group of a quantised type holds `blocks` blocks of 32 inputs: first a header with the scales, then the values
// of each block in 64-byte lines of 16 rows x 4 consecutive inputs (byte 4 * row + k % 4), so that every line is one
// aligned cache line. Rows beyond the last and inputs beyond `cols` are zero bytes with zero scales: they weigh nothing.
//
// Values are stored unsigned, `offset` above what they stand for:
//   1 bit   one line; bit i of a byte belongs to input 4i + (byte % 4) and counts 2
//   2 bits  two lines, for inputs 0 .. 15 and 16 .. 31: bits 2i and 2i + 1 of a byte belong to input 4i + (byte % 4) of
//           its sixteen
//   4 bits  4 lines; line i holds inputs 4i .. 4i + 3 in the low halves of its bytes, inputs 16 + 4i .. in the high halves
//   5 bits  the same, then one line as of 1 bit with the fifth bits
//   6 bits  the same as 4 bits, then two lines as of 2 bits with the upper bits
//   8 bits  8 lines; line i holds inputs 4i .. 4i + 3
// or, 4 bits alone, as codes whose values stand in a table (Codes): a byte shuffle looks them up as they are loaded.
// Headers, all little-endian, [.., 16] being the rows; `span` is the number of blocks that share an fp16 number:
//   kHalf            fp16 d[blocks / span][16], padded to 64 bytes     value * d
//   kHalfMin         fp16 (d[16], m[16])[2]                     2 blocks; value * d + m
//   kPower           u8 e[4][16]                                4 blocks; value * 2^(e - 128)
//   kE4m3Sixteenths  u8 s[2][2][16]                             2 blocks; value * s / 2, a scale for 16 inputs, s of 4 bits
//                    of exponent, whose bias is 7, and 3 of mantissa, without sign, infinities or NaNs
//   kSuper           fp16 d[16], fp16 dmin[16], u8 (scale[16], min[16])[8]
//                                                               8 blocks; value * (d * scale) - dmin * min
//   kEighths         fp16 d[16], 32 bytes of zeros, i8 scale[8][16]
//                                                               8 blocks; value * (d * scale)
//   kSixteenths      fp16 d[16], 32 bytes of zeros, i8 scale[8][2][16]
//                                                               8 blocks; value * d * scale, a scale for 16 inputs
//   kSixteenthsMin   fp16 d[16], fp16 dmin[16], (i8 scale[2][16], u8 min[2][16])[8]
//                                                               8 blocks; value * d * scale - dmin * min
// Float types have no header: element (input, row) of a tile is at input * 16 + row, `cols` padded to a multiple of 32.
//
// Every number is the file's own: packing moves bits and neither rounds nor rescales. A new form of tile is an enumerator
// and a row of kPackedRows.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

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
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  kNVFP4,
  kQ1_0,
  kQ2_0,
  kTQ2_0,
};

enum class ScaleForm : uint8_t {
  kNone,
  kHalf,
  kHalfMin,
  kPower,
  kE4m3Sixteenths,
  kSuper,
  kEighths,
  kSixteenths,
  kSixteenthsMin
};

constexpr bool HasMin(ScaleForm form) {
  return form == ScaleForm::kHalfMin || form == ScaleForm::kSuper || form == ScaleForm::kSixteenthsMin;
}
// A scale for 16 inputs; a whole number, which the integer dot product takes in, or not.
constexpr bool HasWholeSixteenths(ScaleForm form) {
  return form == ScaleForm::kSixteenths || form == ScaleForm::kSixteenthsMin;
}
constexpr bool HasSixteenths(ScaleForm form) { return form == ScaleForm::kE4m3Sixteenths || HasWholeSixteenths(form); }

// What the codes of a format stand for.
enum class Codes : uint8_t { kThemselves, kIq4, kE2m1 };

// The 4-bit numbers of IQ4_NL and IQ4_XS, spaced as normally distributed weights want them.
inline constexpr std::array<int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};
// Twice the numbers of 2 bits of exponent and 1 of mantissa (OCP Microscaling Formats 1.0, section 5.3.3).
inline constexpr std::array<int8_t, 16> kE2m1Values = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// Of an offset, all of which are powers of two; 0 for none.
constexpr int Log2(int power) { return power <= 1 ? 0 : 1 + Log2(power / 2); }

struct PackedFormat {
  ScaleForm scales;
  int bits;             // of a value as it is stored
  int offset;           // a stored value stands for itself minus this
  size_t blocks;        // in a group
  size_t header_bytes;  // of a group
  size_t block_bytes;   // of the values of one block
  size_t span = 1;      // blocks that share an fp16 scale
  Codes codes = Codes::kThemselves;

  constexpr size_t group_bytes() const { return header_bytes + blocks * block_bytes; }
  // Of a value, its offset added, once it is looked up.
  constexpr int value_bits() const { return codes == Codes::kIq4 ? 8 : codes == Codes::kE2m1 ? 5 : bits; }
  // Nothing lies at the second half of the first line.
  constexpr bool has_padded_header() const {
    return scales == ScaleForm::kEighths || scales == ScaleForm::kSixteenths ||
           (scales == ScaleForm::kHalf && span == blocks);
  }
};

struct PackedRow {
  std::string_view name;
  PackedFormat format;
};

// In the order of PackedType.
inline constexpr PackedRow kPackedRows[] = {
    {"F32", {ScaleForm::kNone, 32, 0, 1, 0, 2048}},
    {"F16", {ScaleForm::kNone, 16, 0, 1, 0, 1024}},
    {"BF16", {ScaleForm::kNone, 16, 0, 1, 0, 1024}},
    {"Q4_0", {ScaleForm::kHalf, 4, 8, 2, 64, 256}},
    {"Q4_1", {ScaleForm::kHalfMin, 4, 0, 2, 128, 256}},
    {"Q5_0", {ScaleForm::kHalf, 5, 16, 2, 64, 320}},
    {"Q5_1", {ScaleForm::kHalfMin, 5, 0, 2, 128, 320}},
    {"Q8_0", {ScaleForm::kHalf, 8, 128, 2, 64, 512}},
    {"Q2_K", {ScaleForm::kSixteenthsMin, 4, 0, 8, 576, 256, 8}},
    {"Q3_K", {ScaleForm::kSixteenths, 4, 8, 8, 320, 256, 8}},
    {"Q4_K", {ScaleForm::kSuper, 4, 0, 8, 320, 256, 8}},
    {"Q5_K", {ScaleForm::kSuper, 5, 0, 8, 320, 320, 8}},
    {"Q6_K", {ScaleForm::kSixteenths, 6, 32, 8, 320, 384, 8}},
    {"IQ4_NL", {ScaleForm::kHalf, 4, 128, 2, 64, 256, 1, Codes::kIq4}},
    {"IQ4_XS", {ScaleForm::kEighths, 4, 128, 8, 192, 256, 8, Codes::kIq4}},
    {"MXFP4", {ScaleForm::kPower, 4, 16, 4, 64, 256, 1, Codes::kE2m1}},
    {"NVFP4", {ScaleForm::kE4m3Sixteenths, 4, 16, 2, 64, 256, 1, Codes::kE2m1}},
    {"Q1_0", {ScaleForm::kHalf, 1, 1, 8, 64, 64, 4}},
    {"Q2_0", {ScaleForm::kHalf, 2, 1, 4, 64, 128, 2}},
    {"TQ2_0", {ScaleForm::kHalf, 2, 1, 8, 64, 128, 8}},
};
inline constexpr size_t kPackedTypes = std::size(kPackedRows);

constexpr std::string_view NameOf(PackedType type) { return kPackedRows[static_cast<size_t>(type)].name; }
constexpr PackedFormat FormatOf(PackedType type) { return kPackedRows[static_cast<size_t>(type)].format; }

// Calls visit(std::integral_constant<PackedType, type>()): what is written for any type, at one that only a run knows. Give
// it a lambda that is always_inline, and the code is that of a switch.
template <typename Visit>
[[gnu::always_inline]] constexpr void VisitPacked(PackedType type, const Visit& visit) {
  const auto visit_one_of = [&]<size_t... kTypes>(std::index_sequence<kTypes...>) __attribute__((always_inline)) {
    ((type == PackedType{kTypes} ? visit(std::integral_constant<PackedType, PackedType{kTypes}>()) : void()), ...);
  };
  visit_one_of(std::make_index_sequence<kPackedTypes>());
}

// Where a header keeps the numbers of its tile's first row, in bytes; those of the next row stand behind, 2 bytes on or 1.
// The fp16 scale and minimum of a block, or of the blocks that share them:
[[gnu::always_inline]] constexpr size_t HalfOffset(const PackedFormat& format, size_t block) {
  return (format.scales == ScaleForm::kHalfMin ? 64 : 32) * (block / format.span);
}
constexpr size_t MinHalfOffset(const PackedFormat& format, size_t block) { return HalfOffset(format, block) + 32; }
// The one-byte scales and minimums of the 16 inputs `half` of a block, or of all 32:
[[gnu::always_inline]] constexpr size_t ScaleOffset(ScaleForm form, size_t block, size_t half) {
  switch (form) {
    case ScaleForm::kPower: return 16 * block;
    case ScaleForm::kE4m3Sixteenths: return 32 * block + 16 * half;
    case ScaleForm::kSuper: return 64 + 32 * block;
    case ScaleForm::kEighths: return 64 + 16 * block;
    case ScaleForm::kSixteenthsMin: return 64 + 64 * block + 16 * half;
    default: return 64 + 32 * block + 16 * half;
  }
}
constexpr size_t MinOffset(ScaleForm form, size_t block, size_t half) {
  return ScaleOffset(form, block, half) + (form == ScaleForm::kSixteenthsMin ? 32 : 16);
}

// 2^(e - 128), the two smallest of which are denormal.
constexpr float PowerScale(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? uint32_t{0x200000} << e : static_cast<uint32_t>(e - 1) << 23);
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
  const size_t byte = 4 * row + input % 4, half = input / 16, line = input % 16 / 4;
  if (format.bits == 1) return (block[byte] >> (input / 4) & 1) << 1;
  if (format.bits == 2) return block[half * 64 + byte] >> (2 * line) & 3;
  if (format.bits == 8) return block[input / 4 * 64 + byte];
  int value = block[line * 64 + byte] >> (4 * half) & 15;
  if (format.codes == Codes::kIq4) return kIq4Values[static_cast<size_t>(value)] + format.offset;
  if (format.codes == Codes::kE2m1) return kE2m1Values[static_cast<size_t>(value)] + format.offset;
  if (format.bits == 5) value |= (block[256 + byte] >> (input / 4) & 1) << 4;
  if (format.bits == 6) value |= (block[256 + half * 64 + byte] >> (2 * line) & 3) << 4;
  return value;
}

}  // namespace sheepop::kernel
