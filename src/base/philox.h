// Philox4x32-10, a counter-based random number generator: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy
// as 1, 2, 3" (SC 2011). A draw is a pure function of key and counter: neither batching nor threads can shift it.
#pragma once

#include <array>
#include <cstdint>

namespace sheepop {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// The constants of the paper's table: a round multiplies words 0 and 2, then each key word grows.
inline constexpr int kPhiloxRounds = 10;
inline constexpr std::array<uint32_t, 2> kPhiloxMultipliers = {0xD2511F53, 0xCD9E8D57};
inline constexpr PhiloxKey kPhiloxKeySteps = {0x9E3779B9, 0xBB67AE85};

PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key);

// Independent streams for one (seed, sequence, position): each random step of a chain uses its own.
enum class RandomLane : uint32_t { kDraw = 0, kXtc = 1, kMirostat = 2, kTraining = 3 };

// 64 random bits for (seed, sequence, position, lane). The key is the seed; the counter is position (64 bits),
// sequence (the low 32 bits) and lane.
uint64_t RandomBits(uint64_t seed, uint32_t sequence, uint64_t position, RandomLane lane);

// The top 53 of those bits as a number in [0, 1).
double RandomUnit(uint64_t seed, uint32_t sequence, uint64_t position, RandomLane lane);

}  // namespace sheepop
