#include "kernel/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernel/kernels.h"

namespace sheepop::kernel {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Row {
  std::vector<float> logits, maxima;
  float best = -kInfinity;
  LogitGroups groups() const { return {logits.data(), maxima.data(), maxima.size()}; }
  WeightScale scale(float temperature = 1) const {
    return {std::min(best, std::numeric_limits<float>::max()), 1 / temperature};
  }
};

// Rows of every kind: bell-shaped, all equal, ties, one finite, denormals, with NaN and infinities strewn in.
Row RandomRow(uint32_t seed, size_t groups) {
  std::mt19937 random(seed);
  std::normal_distribution<float> bell(0, 1.0f + static_cast<float>(seed % 7));
  Row row;
  const float special[] = {NAN, -NAN, kInfinity, -kInfinity, 0.0f, -0.0f, 1e-42f, -1e-42f, 3e38f, -3e38f};
  for (size_t i = 0; i < groups * kSelectGroup; ++i) {
    float logit = bell(random);
    if (seed % 5 == 1) logit = 2.5f;
    if (seed % 5 == 2) logit = std::round(logit);
    if (seed % 5 == 3) logit = -kInfinity;
    if (seed % 5 == 4 && random() % 8 == 0) logit = special[random() % 10];
    row.logits.push_back(logit);
  }
  if (groups && seed % 5 == 3) row.logits[random() % row.logits.size()] = -4;
  row.maxima.resize(groups);
  KernelsFor(Isa::kReference).select.group_maxima(row.logits.data(), row.logits.size(), row.maxima.data());
  for (float m : row.maxima) row.best = std::max(row.best, m);
  return row;
}

TEST(Select, KeysOrderByLogitThenId) {
  const float ascending[] = {-kInfinity, -3e38f, -1.0f, -1e-42f, 0.0f, 1e-42f, 1.0f, 3e38f, kInfinity};
  for (size_t i = 0; i + 1 < std::size(ascending); ++i) {
    EXPECT_LT(OrderKey(ascending[i], 0), OrderKey(ascending[i + 1], 9));
    EXPECT_EQ(KeyLogit(OrderKey(ascending[i], 5)), ascending[i]);
  }
  EXPECT_GT(OrderKey(1, 4), OrderKey(1, 5));
  EXPECT_EQ(OrderKey(-0.0f, 7), OrderKey(0.0f, 7));
  EXPECT_EQ(KeyId(OrderKey(-2, 12345)), 12345u);
}

TEST(Select, WeightsAreExp) {
  const SelectKernels& select = KernelsFor(Isa::kReference).select;
  std::vector<float> logits;
  for (int i = 0; i <= 3000; ++i) logits.push_back(-0.01f * static_cast<float>(i));
  std::vector<uint32_t> weights(logits.size());
  select.weights(logits.data(), logits.size(), {0, 1}, weights.data());
  EXPECT_EQ(weights[0], kFullWeight);
  for (size_t i = 0; i < logits.size(); ++i) {
    const double exact = 0x1p31 * std::exp(static_cast<double>(logits[i]));
    EXPECT_NEAR(weights[i], exact, 0.5001 + exact * 2e-7) << logits[i];
  }
  const float extremes[] = {NAN, -kInfinity, -3e38f, kInfinity, 3.4028235e38f};
  select.weights(extremes, 5, {3.4028235e38f, 1e30f}, weights.data());
  EXPECT_EQ(std::vector<uint32_t>(weights.begin(), weights.begin() + 5),
            (std::vector<uint32_t>{0, 0, 0, kFullWeight, kFullWeight}));
}

TEST(Select, BucketsCoverEveryCandidateOnce) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Row row = RandomRow(seed, 9);
    const SelectKernels& select = KernelsFor(Isa::kReference).select;
    std::vector<SelectBucket> buckets(kSelectBuckets);
    select.histogram(row.groups(), row.scale(), buckets.data());
    uint64_t mass = 0, count = 0;
    std::vector<uint64_t> keys(row.logits.size());
    for (uint32_t b = 0; b < kSelectBuckets; ++b) {
      mass += buckets[b].mass;
      count += buckets[b].count;
      ASSERT_EQ(select.gather_bucket(row.groups(), row.scale(), b, keys.data()), buckets[b].count);
    }
    EXPECT_EQ(mass, select.mass(row.groups(), row.scale()));
    EXPECT_EQ(count, std::count_if(row.logits.begin(), row.logits.end(), [](float l) { return l > -kInfinity; }));
  }
}

TEST(Select, MaximaTreatNanAsAbsent) {
  std::vector<float> logits(130, -5);
  logits[3] = NAN;
  logits[63] = 7;
  for (size_t i = 64; i < 128; ++i) logits[i] = NAN;
  logits[129] = 2;
  std::vector<float> maxima(3);
  KernelsFor(Isa::kReference).select.group_maxima(logits.data(), logits.size(), maxima.data());
  EXPECT_EQ(maxima, (std::vector<float>{7, -kInfinity, 2}));
}

class SelectVariant : public ::testing::TestWithParam<Isa> {};

TEST_P(SelectVariant, EqualsTheReference) {
  const SelectKernels& reference = KernelsFor(Isa::kReference).select;
  const SelectKernels& variant = KernelsFor(GetParam()).select;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const Row row = RandomRow(seed, seed % 35);
    if (!(row.best > -kInfinity)) continue;
    std::vector<float> maxima(row.maxima.size());
    variant.group_maxima(row.logits.data(), row.logits.size(), maxima.data());
    ASSERT_EQ(maxima, row.maxima);
    const WeightScale scale = row.scale(0.25f + 0.25f * static_cast<float>(seed % 9));
    ASSERT_EQ(reference.mass(row.groups(), scale), variant.mass(row.groups(), scale));

    const size_t n = row.logits.size() - seed % 17;
    std::vector<uint32_t> a(n), b(n);
    reference.weights(row.logits.data(), n, scale, a.data());
    variant.weights(row.logits.data(), n, scale, b.data());
    ASSERT_EQ(a, b);

    std::vector<SelectBucket> left(kSelectBuckets), right(kSelectBuckets);
    reference.histogram(row.groups(), scale, left.data());
    variant.histogram(row.groups(), scale, right.data());
    std::vector<uint64_t> x(row.logits.size() + 64), y(x.size());
    for (uint32_t i = 0; i < kSelectBuckets; ++i) {
      ASSERT_EQ(left[i].mass, right[i].mass);
      ASSERT_EQ(left[i].count, right[i].count);
      if (left[i].count == 0) continue;
      const size_t count = reference.gather_bucket(row.groups(), scale, i, x.data());
      ASSERT_EQ(count, variant.gather_bucket(row.groups(), scale, i, y.data()));
      ASSERT_TRUE(std::equal(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count), y.begin()));
    }
    for (float threshold : {-3e38f, -2.0f, 0.0f, 2.0f, 2.5f, kInfinity}) {
      for (size_t limit : {size_t{0}, size_t{100}, row.logits.size()}) {
        const size_t count = reference.gather(row.groups(), threshold, limit, x.data());
        ASSERT_EQ(count, variant.gather(row.groups(), threshold, limit, y.data()));
        ASSERT_LE(count, limit + 64);
        ASSERT_TRUE(std::equal(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count), y.begin()));
      }
    }
  }
}

TEST_P(SelectVariant, MaximaAreTheReferencesToTheBit) {
  for (size_t n = 0; n <= 200; ++n) {
    std::vector<float> logits = RandomRow(static_cast<uint32_t>(n), 4).logits;
    logits.resize(n);
    // One more than there are groups: it must stay as it is.
    std::vector<float> expected(SelectGroups(n) + 1, 5), actual = expected;
    KernelsFor(Isa::kReference).select.group_maxima(logits.data(), n, expected.data());
    KernelsFor(GetParam()).select.group_maxima(logits.data(), n, actual.data());
    ASSERT_EQ(std::memcmp(expected.data(), actual.data(), expected.size() * sizeof(float)), 0) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, SelectVariant, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()),
                         [](const auto& isa) { return std::string(Name(isa.param)); });

}  // namespace
}  // namespace sheepop::kernel
