// Fields of few bits, as several block layouts hold them, and as the lines of packed tiles do (kernel/packed.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/type_row.h"

namespace sheepop {

// The 32-value types share one order: byte i holds value i in its low half and value i + 16 in its high half.
template <typename Decode>
void Nibbles32(const uint8_t* codes /* [16] */, float* out, const Decode& decode) {
  for (int i = 0; i < 16; ++i) {
    out[i] = decode(codes[i] & 15, i);
    out[i + 16] = decode(codes[i] >> 4, i + 16);
  }
}

// Those 16 bytes are what the lines of `block` hold.
template <kernel::PackedType kPacked>
void PackHalves(const uint8_t* codes, size_t block, PackedPlace<kPacked> to) {
  for (size_t i = 0; i < 4; ++i) to.StoreWord(block, i, Word(codes, i));
}

// Byte c of the result gathers bits c, c + 4, c + 8, ... of `bits`: the order of a line of single bits.
inline uint32_t EveryFourthBit(uint32_t bits) {
  uint32_t word = 0;
  for (uint32_t c = 0; c < 4; ++c) {
    uint32_t every_fourth = bits >> c & 0x11111111;
    every_fourth = (every_fourth | every_fourth >> 3) & 0x03030303;
    every_fourth = (every_fourth | every_fourth >> 6) & 0x000f000f;
    word |= ((every_fourth | every_fourth >> 12) & 0xff) << (8 * c);
  }
  return word;
}

// 256 two-bit codes in two halves of 32 bytes: bits 2k and 2k + 1 of byte i of half h belong to value 128 h + 32 k + i.
inline int TwoBits(const uint8_t* codes /* [64] */, int i) {
  return codes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

// Those of values 4i to 4i + 3 of block b, one byte each.
inline uint32_t TwoBitsOfBlock(const uint8_t* codes /* [64] */, size_t b, size_t i) {
  return Word(codes + 32 * (b / 4), i) >> (2 * (b % 4)) & 0x03030303;
}

// The two lines of two-bit codes of a block, from first_line on.
template <kernel::PackedType kPacked>
void PackTwoBits(const uint8_t* codes /* [64] */, size_t block, size_t first_line, PackedPlace<kPacked> to) {
  uint32_t lines[2] = {0, 0};
  for (size_t i = 0; i < 8; ++i) lines[i / 4] |= TwoBitsOfBlock(codes, block, i) << (2 * (i % 4));
  to.StoreWord(block, first_line, lines[0]);
  to.StoreWord(block, first_line + 1, lines[1]);
}

}  // namespace sheepop
