// Four words of four rows become four lines: a 4 x 4 transposition in registers, for packing is otherwise bound by its stores
// of single words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sheepop {

// Reads 16 bytes of each of four rows, `row_bytes` apart; word i of them goes, each bit of `flip` flipped, to line i,
// `line_bytes` behind the one before.
inline void TransposeWords(const uint8_t* in, size_t row_bytes, uint32_t flip, uint8_t* out, size_t line_bytes) {
  using Words = uint32_t __attribute__((vector_size(16)));
  Words rows[4];
  for (size_t i = 0; i < 4; ++i) {
    std::memcpy(&rows[i], in + i * row_bytes, sizeof(Words));
    rows[i] ^= flip;
  }
  const Words low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Words low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Words high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Words high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  const Words lines[4] = {
      __builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
      __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
  for (size_t i = 0; i < 4; ++i) std::memcpy(out + i * line_bytes, &lines[i], sizeof(Words));
}

}  // namespace sheepop
