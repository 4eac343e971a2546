// The 6-bit scales and minimums that Q4_K and Q5_K blocks hold for their 8 groups of 32 values, packed into 12 bytes:
// groups 0..3 keep theirs in the low 6 bits of bytes 0..3 (scales) and 4..7 (minimums); groups 4..7 keep the low 4 bits
// in bytes 8..11 (scale in the low half, minimum in the high half) and the top 2 bits in bits 6 and 7 of bytes 0..7.
#pragma once

#include <array>
#include <cstdint>

namespace sheepop {

struct KScales {
  std::array<uint8_t, 8> scales;    // [groups], 0..63
  std::array<uint8_t, 8> minimums;  // [groups], 0..63
};

inline KScales UnpackKScales(const uint8_t* packed /* [12] */) {
  KScales out;
  for (int group = 0; group < 4; ++group) {
    out.scales[group] = packed[group] & 63;
    out.minimums[group] = packed[group + 4] & 63;
    out.scales[group + 4] = static_cast<uint8_t>((packed[group + 8] & 15) | packed[group] >> 6 << 4);
    out.minimums[group + 4] = static_cast<uint8_t>(packed[group + 8] >> 4 | packed[group + 4] >> 6 << 4);
  }
  return out;
}

inline void PackKScales(const KScales& in, uint8_t* packed /* [12] */) {
  for (int group = 0; group < 4; ++group) {
    packed[group] = static_cast<uint8_t>(in.scales[group] | in.scales[group + 4] >> 4 << 6);
    packed[group + 4] = static_cast<uint8_t>(in.minimums[group] | in.minimums[group + 4] >> 4 << 6);
    packed[group + 8] = static_cast<uint8_t>((in.scales[group + 4] & 15) | (in.minimums[group + 4] & 15) << 4);
  }
}

}  // namespace sheepop
