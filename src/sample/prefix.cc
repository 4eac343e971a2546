#include "sample/prefix.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

namespace sheepop {
namespace {

constexpr size_t kSortLimit = 256;
constexpr size_t kRadix = 1024;

struct Slot {
  uint64_t mass = 0;
  uint64_t count = 0;
};

void WeighKeys(std::span<const uint64_t> keys, const kernel::SelectKernels& select, kernel::WeightScale scale,
               uint32_t* weights) {
  std::array<float, kSortLimit> logits;
  for (size_t i = 0; i < keys.size(); ++i) logits[i] = kernel::KeyLogit(keys[i]);
  select.weights(logits.data(), keys.size(), scale, weights);
}

// Adds the sorted keys one by one.
Prefix Scan(std::span<uint64_t> keys, Prefix prefix, uint64_t target, bool counting,
            const kernel::SelectKernels& select, kernel::WeightScale scale) {
  std::array<uint32_t, kSortLimit> weights;
  std::sort(keys.begin(), keys.end(), std::greater<>());
  WeighKeys(keys, select, scale, weights.data());
  for (size_t i = 0; i < keys.size(); ++i) {
    prefix.last_key = keys[i];
    prefix.count += 1;
    prefix.mass += weights[i];
    if ((counting ? prefix.count : prefix.mass) >= target) break;
  }
  return prefix;
}

}  // namespace

Prefix SelectPrefix(std::span<uint64_t> keys, uint64_t target, bool counting, const kernel::SelectKernels& select,
                    kernel::WeightScale scale) {
  Prefix prefix;
  std::array<uint32_t, kSortLimit> weights;
  while (keys.size() > kSortLimit) {
    const auto [least, greatest] = std::minmax_element(keys.begin(), keys.end());
    const uint64_t low = *least;
    const int shift = std::max(0, static_cast<int>(std::bit_width(*greatest - low)) - 10);
    std::array<Slot, kRadix> slots = {};
    for (size_t i = 0; i < keys.size(); i += kSortLimit) {
      const auto part = keys.subspan(i, std::min(kSortLimit, keys.size() - i));
      WeighKeys(part, select, scale, weights.data());
      for (size_t j = 0; j < part.size(); ++j) {
        Slot& slot = slots[(part[j] - low) >> shift];
        slot.mass += weights[j];
        slot.count += 1;
      }
    }
    size_t chosen = kRadix;
    for (size_t s = kRadix; s-- > 0 && chosen == kRadix;) {
      if (slots[s].count == 0) continue;
      if ((counting ? prefix.count + slots[s].count : prefix.mass + slots[s].mass) >= target) {
        chosen = s;
      } else {
        prefix.mass += slots[s].mass;
        prefix.count += slots[s].count;
      }
    }
    if (chosen == kRadix) {
      prefix.last_key = low;
      return prefix;
    }
    const auto end =
        std::partition(keys.begin(), keys.end(), [&](uint64_t key) { return (key - low) >> shift == chosen; });
    keys = keys.first(static_cast<size_t>(end - keys.begin()));
  }
  return Scan(keys, prefix, target, counting, select, scale);
}

}  // namespace sheepop
