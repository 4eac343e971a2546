#include "train/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

using Doubles = std::vector<double>;

std::vector<float> Random(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(generator);
  return x;
}

// The plain definition: out [length, query_width] of q, k, v [length, width]; `keep` [heads, length, length] multiplies
// probabilities.
Doubles Reference(const AttentionShape& s, const std::vector<uint32_t>& first, const Doubles& qkv,
                  const Doubles& keep) {
  Doubles out(s.length * s.query_width());
  for (size_t head = 0; head < s.heads; ++head) {
    const size_t kv_head = head / (s.heads / s.kv_heads);
    const size_t key = (s.heads + kv_head) * s.head_dim, value = key + s.kv_heads * s.head_dim;
    for (size_t i = 0; i < s.length; ++i) {
      size_t begin = first[i];
      if (s.window > 0 && i + 1 > s.window) begin = std::max<size_t>(begin, i + 1 - s.window);
      double sum = 0;
      Doubles p(s.length);
      for (size_t j = begin; j <= i; ++j) {
        double score = 0;
        for (size_t d = 0; d < s.head_dim; ++d) {
          score += qkv[i * s.width() + head * s.head_dim + d] * qkv[j * s.width() + key + d];
        }
        p[j] = std::exp(s.scale * score);
        sum += p[j];
      }
      for (size_t j = begin; j <= i; ++j) {
        const double weight = p[j] / sum * keep[(head * s.length + i) * s.length + j];
        for (size_t d = 0; d < s.head_dim; ++d) {
          out[i * s.query_width() + head * s.head_dim + d] += weight * qkv[j * s.width() + value + d];
        }
      }
    }
  }
  return out;
}

constexpr uint64_t kDropoutKey = 5;

struct Result {
  std::vector<float> out, log_sum_exp, dqkv;  // log_sum_exp [length, heads]
};

// Scratch begins as NaN: nothing may be read that was not written.
Result Run(Isa isa, kernel::GemmType type, const AttentionShape& s, const std::vector<uint32_t>& first,
           const std::vector<float>& qkv, const std::vector<float>& dout) {
  const TrainKernels kernels = TrainKernels::For(isa, type);
  const Attention attention(kernels, s);
  Result result;
  std::vector<kernel::SoftmaxSums> sums(s.length * s.heads);
  result.dqkv.assign(qkv.size(), 99.0F);
  Activations out(type, s.length, s.query_width());
  HugeBuffer scratch(attention.scratch_floats() * sizeof(float));
  auto* floats = reinterpret_cast<float*>(scratch.data());
  const auto spoil = [&] { std::fill_n(floats, attention.scratch_floats(), std::numeric_limits<float>::quiet_NaN()); };
  const AttentionRows rows{qkv.data(), first.data(), sums.data(), out.view(), kDropoutKey};
  spoil();
  for (size_t h = 0; h < s.kv_heads; ++h) attention.Forward(rows, h, floats);
  spoil();
  for (size_t h = 0; h < s.kv_heads; ++h) attention.Backward(rows, {dout.data(), result.dqkv.data()}, h, floats);
  for (const kernel::SoftmaxSums& sum : sums) result.log_sum_exp.push_back(sum.shift - std::log(sum.inverse));
  result.out.resize(s.length * s.query_width());
  for (size_t i = 0; i < s.length; ++i) {
    kernels.gemm.load(out.row(i), s.query_width(), result.out.data() + i * s.query_width());
  }
  return result;
}

std::string Describe(Isa isa, const AttentionShape& s) {
  std::ostringstream text;
  text << Name(isa) << " length " << s.length << " heads " << s.heads << "/" << s.kv_heads << " dim " << s.head_dim
       << " window " << s.window << " dropout " << s.dropout;
  return text.str();
}

void Check(Isa isa, const AttentionShape& s, const std::vector<uint32_t>& first) {
  SCOPED_TRACE(Describe(isa, s));
  const std::vector<float> qkv = Random(s.length * s.width(), 1), dout = Random(s.length * s.query_width(), 2);
  const auto [out, log_sum_exp, dqkv] = Run(isa, kernel::GemmType::kF32, s, first, qkv, dout);

  std::vector<float> kept(s.heads * s.length * s.length, 1.0F);
  if (s.dropout > 0)
    kernel::KernelsFor(Isa::kReference).train_vector.dropout(kDropoutKey, 0, s.dropout, kept.size(), kept.data());
  const Doubles keep(kept.begin(), kept.end());
  Doubles x(qkv.begin(), qkv.end());
  const Doubles expected = Reference(s, first, x, keep);
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(out[i], expected[i], 2e-5) << i;
  }
  const auto loss = [&] {
    const Doubles y = Reference(s, first, x, keep);
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += y[i] * dout[i];
    return sum;
  };
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < x.size(); i += 1 + x.size() / 150) {
    const double at = x[i];
    x[i] = at + kStep;
    const double above = loss();
    x[i] = at - kStep;
    const double slope = (above - loss()) / (2 * kStep);
    x[i] = at;
    ASSERT_NEAR(dqkv[i], slope, 5e-5 * (1 + std::fabs(slope)))
        << "row " << i / s.width() << " column " << i % s.width();
  }
}

// Relative to the largest, if that is above one.
void ExpectNear(const std::vector<float>& x, const std::vector<float>& expected, float tolerance) {
  float largest = 1;
  for (float value : expected) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], expected[i], tolerance * largest) << i;
}

void CheckBf16(const AttentionShape& s, const std::vector<uint32_t>& first) {
  const Isa isa = AvailableIsas().back();
  SCOPED_TRACE(Describe(isa, s));
  const std::vector<float> qkv = Random(s.length * s.width(), 1), dout = Random(s.length * s.query_width(), 2);
  const Result expected = Run(isa, kernel::GemmType::kF32, s, first, qkv, dout);
  const Result result = Run(isa, kernel::GemmType::kBf16, s, first, qkv, dout);
  ExpectNear(result.out, expected.out, 1e-2F);
  ExpectNear(result.log_sum_exp, expected.log_sum_exp, 1e-2F);
  ExpectNear(result.dqkv, expected.dqkv, 1e-2F);
}

std::vector<uint32_t> Documents(size_t length) {
  std::vector<uint32_t> first(length);
  for (size_t i = 0; i < length; ++i) first[i] = static_cast<uint32_t>(i < 3 ? 0 : i < 40 ? 3 : 40);
  return first;
}

TEST(TrainAttention, IsTheDefinitionAndItsGradientTheDifference) {
  for (Isa isa : AvailableIsas()) {
    for (size_t length : {1, 5, 16, 33, 70}) {
      const std::vector<uint32_t> whole(length, 0);
      Check(isa, {2, 2, 8, length, 0, 0.35F, 0}, whole);
      Check(isa, {4, 2, 5, length, 0, 0.4F, 0}, whole);
      Check(isa, {3, 1, 20, length, 7, 0.2F, 0}, whole);
      Check(isa, {2, 1, 8, length, 0, 0.35F, 0.25F}, whole);
      Check(isa, {2, 2, 8, length, 0, 0.35F, 0}, Documents(length));
    }
  }
}

TEST(TrainAttention, Bf16ProductsComeNearIt) {
  if (!kernel::KernelsFor(AvailableIsas().back()).GemmOf(kernel::GemmType::kBf16)) {
    GTEST_SKIP() << "no bf16 dot products here";
  }
  for (size_t length : {1, 2, 5, 16, 33, 64, 70, 131}) {
    const std::vector<uint32_t> whole(length, 0);
    CheckBf16({2, 2, 32, length, 0, 0.18F, 0}, whole);
    CheckBf16({4, 2, 5, length, 0, 0.4F, 0}, whole);
    CheckBf16({3, 1, 20, length, 7, 0.2F, 0}, whole);
    CheckBf16({2, 1, 40, length, 0, 0.16F, 0.25F}, whole);
    CheckBf16({1, 1, 64, length, 33, 0.12F, 0.1F}, Documents(length));
    CheckBf16({2, 2, 40, length, 0, 0.16F, 0}, Documents(length));
  }
}

}  // namespace
}  // namespace sheepop
