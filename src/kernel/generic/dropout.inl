// Dropout over the words of Philox. Included after a set's philox.h; internal linkage. No inline functions of others: the
// linker would keep one instruction set's for all.
#include <bit>
#include <cmath>
#include <cstring>

#include "base/philox.h"

namespace sheepop::kernel {
namespace {

// Philox4x32 of the counters {block, 0, kTraining} for blocks that follow one another: out [kPhiloxBlocks, 4].
inline void Blocks(uint64_t key, uint64_t first, uint32_t* out) {
  constexpr uint32_t kFirst = kPhiloxMultipliers[0], kSecond = kPhiloxMultipliers[1];
  constexpr uint32_t kStep0 = kPhiloxKeySteps[0], kStep1 = kPhiloxKeySteps[1];
  const PhiloxWords m0 = Words(kFirst), m2 = Words(kSecond);
  PhiloxWords c0 = Ascending(first), c1 = High(c0), c2 = Words(0);
  PhiloxWords c3 = Words(static_cast<uint32_t>(RandomLane::kTraining));
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const PhiloxWords a = Product(c0, m0), b = Product(c2, m2);
    c0 = Xor(High(b), c1, Words(k0));
    c2 = Xor(High(a), c3, Words(k1));
    c1 = b;
    c3 = a;
    k0 += kStep0;
    k1 += kStep1;
  }
  StoreBlocks(c0, c1, c2, c3, out);
}

void Dropout(uint64_t key, uint64_t first, float rate, size_t n, float* x) {
  static_assert(std::endian::native == std::endian::little);
  constexpr size_t kDraws = 8, kPass = 2 * kDraws * kPhiloxBlocks;  // 16 bits each
  const long rounded = ::lroundf(rate * 65536.0F);
  const auto threshold = static_cast<uint16_t>(rounded < 65535 ? rounded : 65535);
  const float keep = 1.0F / (1.0F - rate);
  uint32_t words[kPhiloxBlocks * 8];
  uint16_t draws[kPass];
  uint64_t block = first / kDraws;
  size_t skip = first % kDraws;
  for (size_t done = 0; done < n; block += 2 * kPhiloxBlocks, skip = 0) {
    // Two at once: a chain of ten rounds leaves room for another beside it.
    Blocks(key, block, words);
    Blocks(key, block + kPhiloxBlocks, words + kPhiloxBlocks * 4);
    std::memcpy(draws, words, sizeof(draws));
    const size_t count = kPass - skip < n - done ? kPass - skip : n - done;
    for (size_t i = 0; i < count; ++i) x[done + i] *= draws[skip + i] < threshold ? 0.0F : keep;
    done += count;
  }
}

}  // namespace
}  // namespace sheepop::kernel
