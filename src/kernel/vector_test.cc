#include "kernel/vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "base/cpu.h"
#include "base/philox.h"
#include "kernel/kernels.h"

namespace sheepop::kernel {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

enum class Values { kUsual, kWide, kExtreme };

float Draw(uint64_t index, Values values) {
  const auto unit = static_cast<float>(RandomUnit(11, 0, index, RandomLane::kDraw) * 2 - 1);
  if (values == Values::kUsual) return unit * 3;
  if (values == Values::kWide) return unit * std::ldexp(1.0F, static_cast<int>(index % 37) - 18);
  constexpr float kSpecial[] = {0.0F,    -0.0F, kInf,   -kInf,    kNan,  1e-40F,
                                -1e-40F, 3e38F, -3e38F, 1.2e-38F, 88.8F, -87.4F};
  return index % 3 == 0 ? kSpecial[index / 3 % std::size(kSpecial)] : unit * 90;
}

std::vector<float> Vector(size_t n, uint64_t seed, Values values) {
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = Draw(seed * 100003 + i, values);
  return v;
}

// The payload of a NaN is nobody's promise; everything else is compared to the bit.
uint32_t Bits(float x) { return x != x ? 0x7fc00000 : std::bit_cast<uint32_t>(x); }
uint64_t Bits(double x) { return x != x ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(x); }

// A copy of values at an odd place between guards that must stay as they are.
class Guarded {
 public:
  explicit Guarded(const std::vector<float>& values) : storage_(values.size() + 2 * kGuard + 1, kSentinel) {
    std::copy(values.begin(), values.end(), data());
    size_ = values.size();
  }
  float* data() { return storage_.data() + kGuard + 1; }
  std::vector<float> values() { return {data(), data() + size_}; }
  bool intact() {
    for (size_t i = 0; i < storage_.size(); ++i) {
      const bool inside = i > kGuard && i <= kGuard + size_;
      if (!inside && storage_[i] != kSentinel) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr float kSentinel = 12345.5F;
  std::vector<float> storage_;
  size_t size_ = 0;
};

// What a function under test may do with its arrays: two inputs, one array read and written.
using Operation = std::function<void(const VectorKernels&, const float* a, const float* b, size_t n, float* y)>;

std::vector<size_t> Sizes() {
  std::vector<size_t> sizes;
  for (size_t n = 0; n <= 67; ++n) sizes.push_back(n);
  for (size_t n : {127, 128, 129, 576, 1000, 4099}) sizes.push_back(n);
  return sizes;
}

void ExpectSameBits(const Operation& operation) {
  FlushDenormals flush;
  for (Isa isa : AvailableIsas()) {
    for (Values values : {Values::kUsual, Values::kWide, Values::kExtreme}) {
      for (size_t n : Sizes()) {
        Guarded a(Vector(n, 1 + n, values));
        Guarded b(Vector(n, 2 + n, values));
        Guarded expected(Vector(n, 3 + n, values));
        Guarded actual(expected.values());
        operation(KernelsFor(Isa::kReference).vector, a.data(), b.data(), n, expected.data());
        operation(KernelsFor(isa).vector, a.data(), b.data(), n, actual.data());
        ASSERT_TRUE(actual.intact()) << Name(isa) << " wrote outside, n = " << n;
        const auto want = expected.values();
        const auto got = actual.values();
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(Bits(got[i]), Bits(want[i]))
              << Name(isa) << ", n = " << n << ", element " << i << ": " << got[i] << " instead of " << want[i];
        }
      }
    }
  }
}

TEST(Vector, EverySetHasTheBitsOfTheReference) {
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.rms_norm(a, b, n, 1e-5F, y); });
  ExpectSameBits([](auto& k, auto* a, auto*, size_t n, float* y) { k.rms_norm(a, nullptr, n, 1e-6F, y); });
  ExpectSameBits([](auto& k, auto*, auto* b, size_t n, float* y) { k.rms_norm(y, b, n, 1e-5F, y); });
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.layer_norm(a, b, b, n, 1e-5F, y); });
  ExpectSameBits([](auto& k, auto*, auto* b, size_t n, float* y) { k.layer_norm(y, b, nullptr, n, 1e-5F, y); });
  ExpectSameBits([](auto& k, auto* a, auto*, size_t n, float* y) { k.add(a, n, y); });
  ExpectSameBits([](auto& k, auto*, auto*, size_t n, float* y) { k.scale(0.3F, n, y); });
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.silu_multiply(a, b, n, y); });
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.gelu_multiply(a, b, n, y); });
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.clamped_swiglu(a, b, n, y); });
  ExpectSameBits([](auto& k, auto*, auto*, size_t n, float* y) { k.gelu(n, y); });
  ExpectSameBits([](auto& k, auto*, auto*, size_t n, float* y) { k.silu(n, y); });
  ExpectSameBits([](auto& k, auto* a, auto* b, size_t n, float* y) { k.sigmoid_multiply(a, b, n, y); });
  ExpectSameBits([](auto& k, auto*, auto*, size_t n, float* y) { k.softcap(30.0F, n, y); });
}

TEST(Vector, DeltaRuleHasTheBitsOfTheReference) {
  FlushDenormals flush;
  for (Isa isa : AvailableIsas()) {
    for (size_t keys : {1, 5, 16, 128}) {
      for (size_t values : {1, 7, 16, 24, 33, 128}) {
        const auto q = Vector(keys, 1, Values::kUsual), k = Vector(keys, 2, Values::kUsual);
        const auto v = Vector(values, 3, Values::kUsual);
        const size_t size = (values + 15) / 16 * 16 * keys;
        Guarded want(Vector(size, 4, Values::kUsual)), got(want.values());
        Guarded expected(std::vector<float>(values, 0.0F)), actual(expected.values());
        for (int step = 0; step < 3; ++step) {
          KernelsFor(Isa::kReference)
              .vector.delta_rule(0.9F, 0.6F, q.data(), k.data(), v.data(), keys, values, want.data(), expected.data());
          KernelsFor(isa).vector.delta_rule(0.9F, 0.6F, q.data(), k.data(), v.data(), keys, values, got.data(),
                                            actual.data());
        }
        ASSERT_TRUE(got.intact() && actual.intact());
        for (size_t i = 0; i < values; ++i) ASSERT_EQ(Bits(actual.values()[i]), Bits(expected.values()[i])) << i;
        for (size_t j = 0; j < values; ++j) {
          for (size_t i = 0; i < keys; ++i) {
            const size_t at = (j / 16 * keys + i) * 16 + j % 16;
            ASSERT_EQ(Bits(got.values()[at]), Bits(want.values()[at])) << Name(isa) << " " << i << ", " << j;
          }
        }
      }
    }
  }
}

TEST(VectorReference, DeltaRuleIsItsFormula) {
  constexpr size_t kKeys = 3, kValues = 2;
  const float q[] = {0.5F, -1, 2}, k[] = {1, 0.25F, -0.5F}, v[] = {3, -2};
  float state[16 * kKeys] = {}, out[kValues];
  double s[kKeys][kValues];
  for (size_t i = 0; i < kKeys; ++i) {
    for (size_t j = 0; j < kValues; ++j) s[i][j] = state[16 * i + j] = static_cast<float>(i + 2 * j) - 1;
  }
  KernelsFor(Isa::kReference).vector.delta_rule(0.5F, 0.75F, q, k, v, kKeys, kValues, state, out);
  for (size_t j = 0; j < kValues; ++j) {
    double seen = 0, sum = 0;
    for (size_t i = 0; i < kKeys; ++i) seen += 0.5 * s[i][j] * static_cast<double>(k[i]);
    for (size_t i = 0; i < kKeys; ++i) {
      const double next = 0.5 * s[i][j] + static_cast<double>(k[i]) * 0.75 * (static_cast<double>(v[j]) - seen);
      EXPECT_NEAR(state[16 * i + j], next, 1e-6);
      sum += next * static_cast<double>(q[i]);
    }
    EXPECT_NEAR(out[j], sum, 1e-6);
  }
}

TEST(Vector, RotateHasTheBitsOfTheReference) {
  FlushDenormals flush;
  for (Isa isa : AvailableIsas()) {
    for (bool interleaved : {false, true}) {
      for (size_t pairs = 0; pairs <= 37; ++pairs) {
        const size_t head_dim = 2 * pairs + pairs % 3;
        const size_t heads = 3;
        for (Values values : {Values::kUsual, Values::kExtreme}) {
          Guarded cosines(Vector(pairs, 1, values));
          Guarded sines(Vector(pairs, 2, values));
          Guarded expected(Vector(heads * head_dim, 3, values));
          Guarded actual(expected.values());
          auto rotate = [&](Isa with, float* x) {
            KernelsFor(with).vector.rotate(cosines.data(), sines.data(), pairs, interleaved, heads, head_dim, x);
          };
          rotate(Isa::kReference, expected.data());
          rotate(isa, actual.data());
          ASSERT_TRUE(actual.intact());
          for (size_t i = 0; i < heads * head_dim; ++i) {
            ASSERT_EQ(Bits(actual.data()[i]), Bits(expected.data()[i])) << Name(isa) << " " << pairs << " " << i;
          }
        }
      }
    }
  }
}

TEST(Vector, LogSumExpHasTheBitsOfTheReference) {
  FlushDenormals flush;
  for (Isa isa : AvailableIsas()) {
    for (Values values : {Values::kUsual, Values::kWide, Values::kExtreme}) {
      for (size_t n : Sizes()) {
        Guarded x(Vector(n, n, values));
        ASSERT_EQ(Bits(KernelsFor(isa).vector.log_sum_exp(x.data(), n)),
                  Bits(KernelsFor(Isa::kReference).vector.log_sum_exp(x.data(), n)))
            << Name(isa) << " " << n;
      }
    }
  }
}

TEST(VectorReference, NormsFollowTheirFormulas) {
  const size_t n = 100;
  const auto x = Vector(n, 1, Values::kUsual);
  const auto weight = Vector(n, 2, Values::kUsual);
  const auto bias = Vector(n, 3, Values::kUsual);
  double sum = 0;
  double squares = 0;
  for (float v : x) sum += v;
  for (float v : x) squares += static_cast<double>(v) * v;
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  std::vector<float> rms(n);
  std::vector<float> layer(n);
  const VectorKernels& k = KernelsFor(Isa::kReference).vector;
  k.rms_norm(x.data(), weight.data(), n, 0.25F, rms.data());
  k.layer_norm(x.data(), weight.data(), bias.data(), n, 0.25F, layer.data());
  for (size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(rms[i], x[i] / std::sqrt(squares / n + 0.25) * weight[i], 2e-6);
    EXPECT_NEAR(layer[i], (x[i] - mean) / std::sqrt(variance + 0.25) * weight[i] + bias[i], 4e-6);
  }
}

TEST(VectorReference, RotateTurnsPairs) {
  const float cosines[] = {0, 1};
  const float sines[] = {1, 0};
  const VectorKernels& k = KernelsFor(Isa::kReference).vector;
  std::vector<float> halves = {1, 2, 3, 4, 9};
  k.rotate(cosines, sines, 2, false, 1, 5, halves.data());
  EXPECT_EQ(halves, (std::vector<float>{-3, 2, 1, 4, 9}));
  std::vector<float> neighbours = {1, 2, 3, 4, 9};
  k.rotate(cosines, sines, 2, true, 1, 5, neighbours.data());
  EXPECT_EQ(neighbours, (std::vector<float>{-2, 1, 3, 4, 9}));
}

TEST(VectorReference, LogSumExp) {
  const VectorKernels& k = KernelsFor(Isa::kReference).vector;
  const auto x = Vector(1000, 5, Values::kUsual);
  double sum = 0;
  for (float v : x) sum += std::exp(static_cast<double>(v));
  EXPECT_NEAR(k.log_sum_exp(x.data(), x.size()), std::log(sum), 1e-6);
  const float low[] = {-kInf, -kInf};
  EXPECT_EQ(k.log_sum_exp(low, 2), -kInf);
  EXPECT_EQ(k.log_sum_exp(low, 0), -kInf);
  const float big[] = {3e38F, 1};
  EXPECT_EQ(k.log_sum_exp(big, 2), 3e38F);
  const float infinite[] = {1, kInf};
  EXPECT_EQ(k.log_sum_exp(infinite, 2), kInf);
  const float bad[] = {1, kNan, -kInf};
  EXPECT_TRUE(std::isnan(k.log_sum_exp(bad, 3)));
}

TEST(VectorReference, LogIsAccurate) {
  for (int i = -2000; i <= 2000; ++i) {
    const double x = std::pow(1.41, i);
    EXPECT_NEAR(Log(x), std::log(x), 4e-16 * std::max(1.0, std::abs(std::log(x)))) << x;
  }
  EXPECT_EQ(Log(1), 0);
}

TEST(VectorReference, ExpIsAccurate) {
  for (double x = -708; x <= 709; x += 0.37) EXPECT_NEAR(Exp(x) / std::exp(x), 1, 4e-16) << x;
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-kInf), 0);
  EXPECT_EQ(Exp(kInf), kInf);
  EXPECT_TRUE(std::isnan(Exp(kNan)));
}

TEST(VectorReference, ClampedSwigluIsItsFormula) {
  const float gates[] = {-30, -2, 0, 1.5F, 7, 9, kNan, 1}, ups[] = {3, -9, 2, 9, 7, -7, 1, kNan};
  float out[8];
  KernelsFor(Isa::kReference).vector.clamped_swiglu(gates, ups, 8, out);
  for (size_t i = 0; i < 6; ++i) {
    const double g = std::min(gates[i], 7.0F), u = std::clamp(ups[i], -7.0F, 7.0F);
    EXPECT_NEAR(out[i], (u + 1) * g / (1 + std::exp(-1.702 * g)), 1e-5) << i;
  }
  EXPECT_TRUE(std::isnan(out[6]) && std::isnan(out[7]));
}

TEST(RopeAngles, AreAccurate) {
  for (double position : {0.0, 1.0, 2.0, 17.0, 1000.0, 8191.0, 131071.0, 1048575.0, 1048576.0}) {
    std::vector<double> frequencies;
    for (int i = 0; i < 100; ++i) frequencies.push_back(std::pow(0.83, i));
    std::vector<float> cosines(frequencies.size());
    std::vector<float> sines(frequencies.size());
    RopeAngles(position, frequencies.data(), frequencies.size(), 1, cosines.data(), sines.data());
    for (size_t i = 0; i < frequencies.size(); ++i) {
      EXPECT_NEAR(cosines[i], std::cos(position * frequencies[i]), 1e-7) << position << " " << frequencies[i];
      EXPECT_NEAR(sines[i], std::sin(position * frequencies[i]), 1e-7) << position << " " << frequencies[i];
    }
    RopeAngles(position, frequencies.data(), 1, 2, cosines.data(), sines.data());
    EXPECT_NEAR(cosines[0], 2 * std::cos(position), 2e-7);
  }
}

}  // namespace
}  // namespace sheepop::kernel
