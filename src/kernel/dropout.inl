// Dropout over the words of Philox. Included after philox_ISA.h; internal linkage.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/philox.h"

namespace sheepop::kernel {
namespace {

// Philox4x32 of the counters {block, 0, kTraining} for blocks that follow one another: out [kPhiloxBlocks, 4].
inline void Blocks(uint64_t key, uint64_t first, uint32_t* out) {
  const PhiloxWords m0 = Words(0xD2511F53), m2 = Words(0xCD9E8D57);
  PhiloxWords c0 = Ascending(first), c1 = High(c0), c2 = Words(0);
  PhiloxWords c3 = Words(static_cast<uint32_t>(RandomLane::kTraining));
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const PhiloxWords a = Product(c0, m0), b = Product(c2, m2);
    c0 = Xor(High(b), c1, Words(k0));
    c2 = Xor(High(a), c3, Words(k1));
    c1 = b;
    c3 = a;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  StoreBlocks(c0, c1, c2, c3, out);
}

void Dropout(uint64_t key, uint64_t first, float rate, size_t n, float* x) {
  static_assert(std::endian::native == std::endian::little);
  constexpr size_t kDraws = 8, kStep = 8 * kPhiloxBlocks;  // 16 bits each
  const auto threshold = static_cast<uint16_t>(std::min(65535L, std::lround(rate * 65536.0F)));
  const float keep = 1.0F / (1.0F - rate);
  uint32_t words[kPhiloxBlocks * 8];
  uint16_t draws[kPhiloxBlocks * 16];
  uint64_t block = first / kDraws;
  size_t skip = first % kDraws;
  for (size_t done = 0; done < n; block += 2 * kPhiloxBlocks, skip = 0) {
    // Two at once: a chain of ten rounds leaves room for another beside it.
    Blocks(key, block, words);
    Blocks(key, block + kPhiloxBlocks, words + kPhiloxBlocks * 4);
    std::memcpy(draws, words, sizeof(draws));
    const size_t count = std::min(2 * kStep - skip, n - done);
    for (size_t i = 0; i < count; ++i) x[done + i] *= draws[skip + i] < threshold ? 0.0F : keep;
    done += count;
  }
}

}  // namespace
}  // namespace sheepop::kernel
