#include "kernel/train_vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "base/philox.h"
#include "kernel/kernels.h"
#include "kernel/vector.h"

namespace sheepop::kernel {
namespace {

using Doubles = std::vector<double>;
using Function = std::function<double(const Doubles&)>;

std::vector<float> Random(size_t n, unsigned seed, float size = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, size);
  std::vector<float> x(n);
  for (float& value : x) value = normal(generator);
  return x;
}

Doubles Wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

// Central differences of a scalar function, in double.
Doubles Differences(const Function& f, Doubles x) {
  constexpr double kStep = 1e-5;
  Doubles out(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + kStep;
    const double above = f(x);
    x[i] = at - kStep;
    out[i] = (above - f(x)) / (2 * kStep);
    x[i] = at;
  }
  return out;
}

void ExpectClose(const std::vector<float>& got, const Doubles& expected, const std::vector<float>& added = {}) {
  double largest = 1e-3;
  for (double value : expected) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i] - (added.empty() ? 0.0 : added[i]), expected[i], 2e-6 * largest + 1e-6) << "element " << i;
  }
}

double Weighted(const Doubles& y, const std::vector<float>& weights) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += y[i] * static_cast<double>(weights[i]);
  return sum;
}

Doubles RmsNorm(const Doubles& x, const Doubles& w) {
  double squares = 0;
  for (double v : x) squares += v * v;
  const double root = std::sqrt(squares / static_cast<double>(x.size()) + 1e-5);
  Doubles y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] / root * w[i];
  return y;
}

Doubles LayerNorm(const Doubles& x, const Doubles& w, const Doubles& b) {
  double mean = 0, squares = 0;
  for (double v : x) mean += v / static_cast<double>(x.size());
  for (double v : x) squares += (v - mean) * (v - mean) / static_cast<double>(x.size());
  Doubles y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = (x[i] - mean) / std::sqrt(squares + 1e-5) * w[i] + b[i];
  return y;
}

double Silu(double x) { return x / (1 + std::exp(-x)); }
double Gelu(double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

class TrainVector : public ::testing::TestWithParam<Isa> {
 protected:
  const TrainVectorKernels& k_ = KernelsFor(GetParam()).train_vector;
};

constexpr size_t kSizes[] = {1, 2, 15, 16, 17, 40, 64};

TEST_P(TrainVector, RmsNormBackward) {
  for (size_t n : kSizes) {
    const auto x = Random(n, 1), w = Random(n, 2), dy = Random(n, 3), dx0 = Random(n, 4), dw0 = Random(n, 5);
    auto dx = dx0, dw = dw0;
    k_.rms_norm_backward(x.data(), w.data(), dy.data(), n, 1e-5F, dx.data(), dw.data());
    ExpectClose(dx, Differences([&](const Doubles& v) { return Weighted(RmsNorm(v, Wide(w)), dy); }, Wide(x)), dx0);
    ExpectClose(dw, Differences([&](const Doubles& v) { return Weighted(RmsNorm(Wide(x), v), dy); }, Wide(w)), dw0);
  }
}

TEST_P(TrainVector, LayerNormBackward) {
  for (size_t n : {2, 15, 16, 17, 40, 64}) {
    const auto x = Random(n, 1), w = Random(n, 2), b = Random(n, 6), dy = Random(n, 3);
    const auto dx0 = Random(n, 4), dw0 = Random(n, 5), db0 = Random(n, 7);
    auto dx = dx0, dw = dw0, db = db0;
    k_.layer_norm_backward(x.data(), w.data(), dy.data(), n, 1e-5F, dx.data(), dw.data(), db.data());
    ExpectClose(
        dx, Differences([&](const Doubles& v) { return Weighted(LayerNorm(v, Wide(w), Wide(b)), dy); }, Wide(x)), dx0);
    ExpectClose(
        dw, Differences([&](const Doubles& v) { return Weighted(LayerNorm(Wide(x), v, Wide(b)), dy); }, Wide(w)), dw0);
    ExpectClose(
        db, Differences([&](const Doubles& v) { return Weighted(LayerNorm(Wide(x), Wide(w), v), dy); }, Wide(b)), db0);
  }
}

TEST_P(TrainVector, SiluMultiplyBackward) {
  for (size_t n : kSizes) {
    const auto gate = Random(n, 1, 3), up = Random(n, 2), dy = Random(n, 3);
    std::vector<float> forward(n), again(n), dgate(n), dup(n);
    k_.silu_multiply_backward(gate.data(), up.data(), dy.data(), n, again.data(), dgate.data(), dup.data());
    KernelsFor(GetParam()).vector.silu_multiply(gate.data(), up.data(), n, forward.data());
    EXPECT_EQ(again, forward);
    const auto f = [&](const Doubles& g, const Doubles& u) {
      Doubles y(n);
      for (size_t i = 0; i < n; ++i) y[i] = Silu(g[i]) * u[i];
      return Weighted(y, dy);
    };
    ExpectClose(dgate, Differences([&](const Doubles& v) { return f(v, Wide(up)); }, Wide(gate)));
    ExpectClose(dup, Differences([&](const Doubles& v) { return f(Wide(gate), v); }, Wide(up)));
  }
}

TEST_P(TrainVector, GeluBackward) {
  for (size_t n : kSizes) {
    const auto x = Random(n, 1, 3);
    auto dx = Random(n, 3);
    const auto dy = dx;
    k_.gelu_backward(x.data(), dx.data(), n, dx.data());
    ExpectClose(dx, Differences(
                        [&](const Doubles& v) {
                          Doubles y(n);
                          for (size_t i = 0; i < n; ++i) y[i] = Gelu(v[i]);
                          return Weighted(y, dy);
                        },
                        Wide(x)));
  }
  std::vector<float> far = {-100, 100, -20, 20}, dx(4, 1.0F);
  k_.gelu_backward(far.data(), dx.data(), 4, dx.data());
  EXPECT_EQ(dx, (std::vector<float>{0, 1, 0, 1}));
}

Doubles SoftmaxOf(const Doubles& x, size_t begin, size_t end, double scale) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += std::exp(scale * x[i]);
  Doubles p(x.size());
  for (size_t i = begin; i < end; ++i) p[i] = std::exp(scale * x[i]) / sum;
  return p;
}

TEST_P(TrainVector, SoftmaxItsRepetitionAndItsBackward) {
  for (size_t n : kSizes) {
    const size_t begin = n / 4, end = n - n / 5;
    const Visible visible{begin, end, 0.3F};
    const auto x = Random(n, 1, 5), dp = Random(n, 2);
    auto p = x;
    const SoftmaxSums sums = k_.softmax(visible, n, p.data());
    const Doubles expected = SoftmaxOf(Wide(x), begin, end, 0.3F);
    ExpectClose(p, expected);
    auto again = x;
    k_.softmax_again(visible, sums, n, again.data());
    EXPECT_EQ(0, std::memcmp(again.data(), p.data(), n * sizeof(float)));
    auto dx = dp;
    k_.softmax_backward(p.data(), k_.dot(p.data(), dp.data(), n), 0.3F, n, dx.data());
    const auto f = [&](const Doubles& v) { return Weighted(SoftmaxOf(v, begin, end, 0.3F), dp); };
    ExpectClose(dx, Differences(f, Wide(x)));
  }
}

TEST_P(TrainVector, CrossEntropyAndItsGradient) {
  for (size_t n : kSizes) {
    const auto x = Random(n, 1, 4);
    const size_t target = n / 3;
    const auto f = [&](const Doubles& v) {
      double sum = 0;
      for (double value : v) sum += std::exp(value);
      return std::log(sum) - v[target];
    };
    auto gradient = x;
    EXPECT_NEAR(k_.cross_entropy(n, target, 1, gradient.data()), f(Wide(x)), 1e-6);
    ExpectClose(gradient, Differences(f, Wide(x)));
  }
}

TEST_P(TrainVector, AdamFollowsThePaper) {
  const size_t n = 37;
  const AdamStep step{0.01F, 0.9F, 0.95F, 1e-8F, 0.1F, 0.5F, 1 / (1 - 0.729F), 1 / (1 - 0.857375F)};
  const auto g = Random(n, 1), w = Random(n, 2), m = Random(n, 3);
  auto v = Random(n, 4);
  for (float& value : v) value *= value;
  auto w1 = w, m1 = m, v1 = v;
  k_.adam(step, g.data(), n, w1.data(), m1.data(), v1.data());
  for (size_t i = 0; i < n; ++i) {
    const double gradient = 0.5 * g[i];
    const double first = 0.9 * m[i] + 0.1 * gradient, second = 0.95 * v[i] + 0.05 * gradient * gradient;
    const double change = first / (1 - 0.729) / (std::sqrt(second / (1 - 0.857375)) + 1e-8);
    EXPECT_NEAR(m1[i], first, 1e-6);
    EXPECT_NEAR(v1[i], second, 1e-6);
    EXPECT_NEAR(w1[i], w[i] - 0.01 * (change + 0.1 * w[i]), 1e-5);
  }
}

TEST_P(TrainVector, EverySetGivesTheBitsOfTheReference) {
  const TrainVectorKernels& reference = KernelsFor(Isa::kReference).train_vector;
  for (size_t n : kSizes) {
    const auto x = Random(n, 1, 3), w = Random(n, 2), dy = Random(n, 3);
    const auto both = [&](const auto& call) {
      std::vector<float> a(4 * n, 0.5F), b(4 * n, 0.5F);
      std::copy(x.begin(), x.end(), a.begin());
      std::copy(x.begin(), x.end(), b.begin());
      call(k_, a.data());
      call(reference, b.data());
      EXPECT_EQ(0, std::memcmp(a.data(), b.data(), a.size() * sizeof(float))) << "size " << n;
    };
    both([&](const auto& k, float* o) {
      k.rms_norm_backward(x.data(), w.data(), dy.data(), n, 1e-5F, o + n, o + 2 * n);
    });
    both([&](const auto& k, float* o) {
      k.layer_norm_backward(x.data(), w.data(), dy.data(), n, 1e-5F, o + n, o + 2 * n, o + 3 * n);
    });
    both([&](const auto& k, float* o) {
      k.silu_multiply_backward(x.data(), w.data(), dy.data(), n, o, o + n, o + 2 * n);
    });
    both([&](const auto& k, float* o) { k.gelu_backward(x.data(), dy.data(), n, o); });
    both([&](const auto& k, float* o) {
      const SoftmaxSums sums = k.softmax({n / 4, n - n / 5, 0.3F}, n, o);
      o[n] = sums.shift;
      o[n + 1] = sums.inverse;
    });
    both([&](const auto& k, float* o) { o[n] = static_cast<float>(k.cross_entropy(n, n / 2, 0.1F, o)); });
    both([&](const auto& k, float* o) { o[n] = static_cast<float>(k.sum_of_squares(o, n)); });
    both([&](const auto& k, float* o) { o[n] = k.dot(o, w.data(), n); });
  }
}

TEST_P(TrainVector, DropoutDrawsSixteenBitsOfPhiloxForEachPlace) {
  constexpr uint64_t kKey = 0x123456789abcdefULL, kStart = (uint64_t{1} << 35) - 77;  // a carry into the high word
  const PhiloxKey key = {static_cast<uint32_t>(kKey), static_cast<uint32_t>(kKey >> 32)};
  for (size_t n : {0, 1, 7, 8, 9, 63, 129, 1000}) {
    for (uint64_t first = kStart; first < kStart + 17; ++first) {
      std::vector<float> x(n, 3.0F);
      k_.dropout(kKey, first, 0.25F, n, x.data());
      for (size_t i = 0; i < n; ++i) {
        const uint64_t block = (first + i) / 8, draw = (first + i) % 8;
        const PhiloxCounter bits = Philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), 0,
                                               static_cast<uint32_t>(RandomLane::kTraining)},
                                              key);
        const bool dropped = (bits[draw / 2] >> (draw % 2 * 16) & 0xffff) < 0x4000;
        ASSERT_EQ(x[i], dropped ? 0.0F : 3.0F * (1 / 0.75F)) << "n " << n << " first " << first << " at " << i;
      }
    }
  }
}

TEST_P(TrainVector, DropoutKeepsTheMean) {
  std::vector<float> x(100000, 1.0F);
  k_.dropout(77, 0, 0.25F, x.size(), x.data());
  EXPECT_NEAR(std::accumulate(x.begin(), x.end(), 0.0) / 100000, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Sets, TrainVector, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()),
                         [](const auto& test) { return std::string(Name(test.param)); });

}  // namespace
}  // namespace sheepop::kernel
