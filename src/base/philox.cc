#include "base/philox.h"

namespace sheepop {

PhiloxCounter Philox4x32(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const uint64_t a = uint64_t{kPhiloxMultipliers[0]} * c[0];
    const uint64_t b = uint64_t{kPhiloxMultipliers[1]} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += kPhiloxKeySteps[0];
    k[1] += kPhiloxKeySteps[1];
  }
  return c;
}

uint64_t RandomBits(uint64_t seed, uint32_t sequence, uint64_t position, RandomLane lane) {
  const PhiloxCounter out = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), sequence, static_cast<uint32_t>(lane)},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return uint64_t{out[1]} << 32 | out[0];
}

double RandomUnit(uint64_t seed, uint32_t sequence, uint64_t position, RandomLane lane) {
  return static_cast<double>(RandomBits(seed, sequence, position, lane) >> 11) * 0x1p-53;
}

}  // namespace sheepop
