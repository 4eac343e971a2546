// Hashes for the tables of this folder. Seeded once a process, so that no file can be built to make them degenerate.
// The order of nothing depends on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sheepop {

uint64_t HashSeed();

inline uint64_t MixHash(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t LoadBytes(const char* from, size_t count) {
  uint64_t value = 0;
  std::memcpy(&value, from, count);
  return value;
}

inline uint64_t HashBytes(std::string_view text, uint64_t seed) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15, kSecond = 0xD6E8FEB86659FD93;
  const char* p = text.data();
  size_t n = text.size();
  uint64_t state = seed ^ n * kFirst;
  while (n > 16) {
    state = MixHash(LoadBytes(p, 8) ^ kSecond, LoadBytes(p + 8, 8) ^ state);
    p += 16;
    n -= 16;
  }
  uint64_t low = 0, high = 0;
  if (n >= 8) {
    low = LoadBytes(p, 8);
    high = LoadBytes(p + n - 8, 8);
  } else if (n >= 4) {
    low = LoadBytes(p, 4);
    high = LoadBytes(p + n - 4, 4);
  } else if (n > 0) {
    low = static_cast<uint8_t>(p[0]) | static_cast<uint64_t>(static_cast<uint8_t>(p[n / 2])) << 8 |
          static_cast<uint64_t>(static_cast<uint8_t>(p[n - 1])) << 16;
  }
  return MixHash(MixHash(low ^ kFirst, high ^ state) ^ kSecond, state | 1);
}

inline uint64_t HashPair(uint32_t left, uint32_t right, uint64_t seed) {
  return MixHash((static_cast<uint64_t>(left) << 32 | right) ^ seed, 0x9E3779B97F4A7C15 ^ seed << 1);
}

}  // namespace sheepop
