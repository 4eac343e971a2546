#include "sample/prefix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

const kernel::SelectKernels& Select() { return kernel::KernelsFor(Isa::kReference).select; }

// The definition: sorted, and added one by one.
class Sorted {
 public:
  Sorted(const std::vector<uint64_t>& keys, kernel::WeightScale scale)
      : given_(keys), keys_(keys), weights_(keys.size()), scale_(scale) {
    std::ranges::sort(keys_, std::greater<>());
    std::vector<float> logits;
    for (const uint64_t key : keys_) logits.push_back(kernel::KeyLogit(key));
    Select().weights(logits.data(), logits.size(), scale, weights_.data());
  }

  uint64_t mass() const { return Shortest(UINT64_MAX, false).mass; }

  Prefix Shortest(uint64_t target, bool counting) const {
    Prefix prefix;
    for (size_t i = 0; i < keys_.size(); ++i) {
      prefix = {keys_[i], prefix.count + 1, prefix.mass + weights_[i]};
      if ((counting ? prefix.count : prefix.mass) >= target) break;
    }
    return prefix;
  }

  void ExpectSame(uint64_t target, bool counting) const {
    std::vector<uint64_t> keys = given_;
    const Prefix expected = Shortest(target, counting), prefix = SelectPrefix(keys, target, counting, Select(), scale_);
    ASSERT_EQ(prefix.last_key, expected.last_key) << keys.size() << " " << target << " " << counting;
    ASSERT_EQ(prefix.count, expected.count);
    ASSERT_EQ(prefix.mass, expected.mass);
    std::ranges::sort(keys, std::greater<>());
    ASSERT_EQ(keys, keys_) << "they are reordered, not changed";
  }

 private:
  std::vector<uint64_t> given_, keys_;  // as they were, and sorted
  std::vector<uint32_t> weights_;       // of the sorted
  kernel::WeightScale scale_;
};

TEST(SelectPrefix, IsTheShortestThatReachesTheTarget) {
  std::mt19937 random(3);
  std::normal_distribution<float> bell(0, 1);
  for (int round = 0; round < 120; ++round) {
    const size_t size = std::array<size_t, 6>{1, 20, 256, 257, 1000, 5000}[random() % 6];
    const auto kind = random() % 5;
    std::vector<uint64_t> keys;
    for (size_t id = 0; id < size; ++id) {
      float logit = bell(random);
      if (kind == 1) logit = std::round(logit);
      if (kind == 2) logit = -2;
      if (kind == 3) logit = id % 3 ? -1.0f : -30.0f;                         // many of no weight
      if (kind == 4) logit = -1 - 1e-6f * static_cast<float>(random() % 64);  // within one bucket
      keys.push_back(kernel::OrderKey(logit, static_cast<uint32_t>(id)));
    }
    if (random() % 2) std::ranges::shuffle(keys, random);
    const kernel::WeightScale scale{kernel::KeyLogit(std::ranges::max(keys)), 1.25f};
    const Sorted sorted(keys, scale);
    const uint64_t mass = sorted.mass();
    for (const uint64_t target : {uint64_t{1}, uint64_t{2}, size / 2 + 1, size, size + 1}) {
      sorted.ExpectSame(target, true);
    }
    for (const uint64_t target : {uint64_t{1}, mass / 3 + 1, mass - 1, mass, mass + 1, UINT64_MAX}) {
      sorted.ExpectSame(target, false);
    }
    if (HasFatalFailure()) return;
  }
}

// The keys of one logit are picked by their place: the target falls on one of them, between two, and behind the last.
TEST(SelectPrefix, OfManyEqualKeysTheLowestIdsComeFirst) {
  std::vector<uint64_t> keys;
  for (uint32_t id = 0; id < 1000; ++id) keys.push_back(kernel::OrderKey(id == 700 ? 1.0f : 0.5f, id));
  const kernel::WeightScale scale{1, 1};
  uint32_t weight = 0;
  const float half = 0.5f;
  Select().weights(&half, 1, scale, &weight);
  for (const uint64_t more : {uint64_t{0}, uint64_t{1}, uint64_t{weight} - 1}) {
    const Prefix prefix = SelectPrefix(keys, kernel::kFullWeight + 9 * uint64_t{weight} + more, false, Select(), scale);
    const uint64_t equal = more == 0 ? 9 : 10;
    EXPECT_EQ(prefix.count, 1 + equal);
    EXPECT_EQ(kernel::KeyId(prefix.last_key), equal - 1);
    EXPECT_EQ(prefix.mass, kernel::kFullWeight + equal * weight);
  }
  EXPECT_EQ(kernel::KeyId(SelectPrefix(keys, 5, true, Select(), scale).last_key), 3U);
}

}  // namespace
}  // namespace sheepop
