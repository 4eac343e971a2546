// What one forward and backward pass works on: whole sequences of equal length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/token.h"

namespace sheepop {

inline constexpr Token kNoTarget =
    -1;  // nothing is learned at this position: padding, a prompt, a document's last token

struct Batch {
  size_t sequences = 0, length = 0;
  std::vector<Token> inputs;        // [sequences, length]
  std::vector<Token> targets;       // [sequences, length], the next token or kNoTarget
  std::vector<uint32_t> positions;  // [sequences, length], for rotary or learned positions
  std::vector<uint32_t> first;  // [sequences, length], ascending within a sequence: the first row that each row sees

  size_t rows() const { return sequences * length; }
  size_t trained() const;  // positions with a target

  // All rows see all earlier ones of their sequence, positions count from 0, no targets.
  static Batch Plain(size_t sequences, size_t length);
};

}  // namespace sheepop
