// EditableRow against a vector that is changed in place.
#include "sample/editable_row.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

using kernel::OrderKey;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Keys of the logits that `wanted` picks, ascending.
template <typename Wanted>
std::vector<uint64_t> KeysOf(const std::vector<float>& row, const Wanted& wanted) {
  std::vector<uint64_t> keys;
  for (size_t id = 0; id < row.size(); ++id) {
    if (row[id] > -kInfinity && wanted(row[id])) keys.push_back(OrderKey(row[id], static_cast<uint32_t>(id)));
  }
  std::ranges::sort(keys);
  return keys;
}

std::vector<float> MaximaOf(const std::vector<float>& row) {
  std::vector<float> maxima;
  for (size_t begin = 0; begin < row.size(); begin += 64) {
    float greatest = -kInfinity;
    for (size_t i = begin; i < std::min(row.size(), begin + 64); ++i) greatest = row[i] > greatest ? row[i] : greatest;
    maxima.push_back(greatest);
  }
  return maxima;
}

// The row and, for each row of changes, what it should be afterwards.
class Rows : public ::testing::TestWithParam<Isa> {
 protected:
  void Start(size_t size, bool with_maxima) {
    std::normal_distribution<float> bell(0, 1);
    given_.resize(size);
    const auto kind = random_() % 4;
    for (float& logit : given_) {
      logit = bell(random_);
      if (kind == 1) logit = std::round(logit);
      if (kind == 2 && random_() % 4 != 0) logit = random_() % 2 ? -kInfinity : NAN;
    }
    given_[random_() % size] = 0.25f;
    plain_ = given_;
    maxima_ = MaximaOf(given_);
    row_.Reset({given_, with_maxima ? std::span<const float>(maxima_) : std::span<const float>()});
  }

  void Set() {
    const auto token = static_cast<Token>(random_() % plain_.size());
    float& logit = plain_[static_cast<size_t>(token)];
    const float value = random_() % 3 ? static_cast<float>(random_() % 8) : -kInfinity;
    if (logit > -kInfinity) logit = value;  // what is no candidate is never set to one
    row_.Set(token, logit);
  }

  void KeepOnly() {
    std::vector<uint64_t> mask(kernel::SelectGroups(plain_.size()));
    for (uint64_t& word : mask) word = random_() % 2 ? ~uint64_t{0} : random_() % 2 ? random_() | random_() << 32 : 0;
    row_.KeepOnly(mask);
    for (size_t id = 0; id < plain_.size(); ++id) {
      if (!(mask[id / 64] >> (id % 64) & 1)) plain_[id] = -kInfinity;
    }
  }

  std::vector<uint64_t> Gathered(float threshold, size_t limit, bool expected) const {
    std::vector<uint64_t> keys = {7};
    EXPECT_EQ(row_.Gather(threshold, limit, keys), expected) << threshold << " " << limit;
    EXPECT_EQ(keys.front(), 7U) << "what is there stays";
    keys.erase(keys.begin());
    std::ranges::sort(keys);
    return keys;
  }

  void ExpectLogits() {
    ASSERT_EQ(row_.size(), plain_.size());
    std::vector<std::pair<Token, float>> visited, expected;
    row_.ForEach([&](Token token, float logit) { visited.emplace_back(token, logit); });
    for (size_t id = 0; id < plain_.size(); ++id) {
      const auto token = static_cast<Token>(id);
      const float logit = plain_[id] > -kInfinity ? plain_[id] : -kInfinity;
      ASSERT_EQ(row_.logit(token), logit) << id;
      if (logit > -kInfinity) expected.emplace_back(token, logit);
    }
    ASSERT_EQ(visited, expected);
  }

  void ExpectMaxima() {
    std::vector<float> maxima = MaximaOf(plain_);
    std::erase(maxima, -kInfinity);
    std::ranges::sort(maxima, std::greater<>());
    ASSERT_EQ(row_.best(), maxima.empty() ? -kInfinity : maxima[0]);
    for (const size_t k : {size_t{1}, size_t{2}, size_t{5}, maxima.size(), maxima.size() + 1}) {
      if (k == 0) continue;
      ASSERT_EQ(row_.KthMaximum(k), k <= maxima.size() ? maxima[k - 1] : -kInfinity) << k;
    }
  }

  void ExpectGathering() {
    for (const float threshold : {-3.0f, 0.0f, 1.0f}) {
      const auto above = [&](float logit) { return logit >= threshold; };
      const std::vector<uint64_t> all = KeysOf(plain_, above);
      ASSERT_EQ(Gathered(threshold, all.size(), true), all);
      ASSERT_EQ(Gathered(threshold, plain_.size() + 9, true), all);
      if (!all.empty()) Gathered(threshold, all.size() - 1, false);
      std::vector<uint64_t> by_id = all, first;
      std::ranges::sort(by_id, {}, kernel::KeyId);
      for (const size_t count : {size_t{1}, all.size() / 2, all.size() + 1}) {
        first.clear();
        row_.GatherFirst(threshold, count, first);
        ASSERT_TRUE(std::ranges::all_of(first, [&](uint64_t key) { return std::ranges::binary_search(all, key); }));
        for (size_t i = 0; i < std::min(count, by_id.size()); ++i) {
          ASSERT_EQ(std::ranges::count(first, by_id[i]), 1) << "the " << i << "th of " << count;
        }
      }
    }
  }

  void ExpectWeights() {
    const auto& plain = kernel::KernelsFor(Isa::kReference).select;
    const kernel::WeightScale scale{std::max(row_.best(), 0.0f), 0.8f};
    std::vector<uint32_t> weights(plain_.size());
    plain.weights(plain_.data(), plain_.size(), scale, weights.data());
    uint64_t mass = 0;
    std::vector<kernel::SelectBucket> expected(kernel::kSelectBuckets), buckets(kernel::kSelectBuckets, {9, 9});
    for (size_t id = 0; id < plain_.size(); ++id) {
      if (!(plain_[id] > -kInfinity)) continue;
      mass += weights[id];
      kernel::SelectBucket& bucket = expected[kernel::BucketOf(plain_[id], scale)];
      bucket.mass += weights[id];
      ++bucket.count;
    }
    ASSERT_EQ(row_.Mass(scale), mass);
    row_.Histogram(scale, buckets);
    for (uint32_t b = 0; b < kernel::kSelectBuckets; ++b) {
      ASSERT_EQ(buckets[b].mass, expected[b].mass) << b;
      ASSERT_EQ(buckets[b].count, expected[b].count) << b;
      if (expected[b].count == 0 || (random_() % 64 != 0 && expected[b].count < 100)) continue;
      std::vector<uint64_t> keys;
      row_.GatherBucket(scale, b, buckets[b].count, keys);
      std::ranges::sort(keys);
      ASSERT_EQ(keys, KeysOf(plain_, [&](float logit) { return kernel::BucketOf(logit, scale) == b; }));
    }
  }

  std::mt19937 random_{5};
  std::vector<float> given_, plain_, maxima_;
  EditableRow row_{kernel::KernelsFor(GetParam()).select};
};

TEST_P(Rows, AreWhatTheChangesMakeOfThem) {
  for (int round = 0; round < 25; ++round) {
    Start(std::array<size_t, 5>{1, 64, 65, 700, 3000}[random_() % 5], random_() % 2);
    for (int step = 0; step < 4; ++step) {
      SCOPED_TRACE(::testing::Message() << "round " << round << " step " << step << " of " << plain_.size());
      ExpectLogits();
      ExpectMaxima();
      ExpectGathering();
      ExpectWeights();
      if (HasFatalFailure()) return;
      for (size_t sets = random_() % 12; sets > 0; --sets) Set();
      if (random_() % 3 == 0) KeepOnly();
    }
    ASSERT_TRUE(std::ranges::equal(given_, given_, [](float a, float b) { return a == b || (a != a && b != b); }));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Rows, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()),
                         [](const auto& isa) { return std::string(Name(isa.param)); });

}  // namespace
}  // namespace sheepop
