#include <algorithm>
#include <cmath>

#include "kernel/reference/lanes.h"
#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace {

using namespace reference;

void RmsNorm(const float* x, const float* weight, size_t n, float epsilon, float* out) {
  float lanes[16] = {};
  for (size_t i = 0; i < n; ++i) lanes[i % 16] = std::fma(x[i], x[i], lanes[i % 16]);
  const float mean = SumOfLanes(lanes) / static_cast<float>(n);
  const float inverse = 1.0F / std::sqrt(mean + epsilon);
  for (size_t i = 0; i < n; ++i) out[i] = weight ? x[i] * inverse * weight[i] : x[i] * inverse;
}

void LayerNorm(const float* x, const float* weight, const float* bias, size_t n, float epsilon, float* out) {
  float sums[16] = {};
  for (size_t i = 0; i < n; ++i) sums[i % 16] += x[i];
  const float mean = SumOfLanes(sums) / static_cast<float>(n);
  float squares[16] = {};
  for (size_t i = 0; i < n; ++i) squares[i % 16] = std::fma(x[i] - mean, x[i] - mean, squares[i % 16]);
  const float variance = SumOfLanes(squares) / static_cast<float>(n);
  const float inverse = 1.0F / std::sqrt(variance + epsilon);
  for (size_t i = 0; i < n; ++i) {
    const float unit = (x[i] - mean) * inverse;
    out[i] = bias ? std::fma(unit, weight[i], bias[i]) : unit * weight[i];
  }
}

void Add(const float* x, size_t n, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] += x[i];
}

void Scale(float factor, size_t n, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] *= factor;
}

void SiluMultiply(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = Silu(gate[i]) * up[i];
}

void GeluMultiply(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = Gelu(gate[i]) * up[i];
}

void ClampedSwiglu(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) {
    const float g = -Max(-kSwigluLimit, -gate[i]), u = -Max(-kSwigluLimit, -Max(-kSwigluLimit, up[i]));
    out[i] = g / (1.0F + Exp(g * -kSwigluSlope)) * (u + 1.0F);
  }
}

void GeluInPlace(size_t n, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = Gelu(y[i]);
}

void SiluInPlace(size_t n, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = Silu(y[i]);
}

// Divisors are computed apart: a compiler that sees that one is 1 leaves the division out, which would flush denormals.
void SigmoidMultiply(const float* gate, const float* x, size_t n, float* out) {
  float divisors[16];
  for (size_t begin = 0; begin < n; begin += 16) {
    const size_t count = std::min<size_t>(16, n - begin);
    for (size_t i = 0; i < count; ++i) divisors[i] = 1.0F + Exp(-gate[begin + i]);
    for (size_t i = 0; i < count; ++i) out[begin + i] = x[begin + i] / divisors[i];
  }
}

void DeltaRule(float decay, float beta, const float* q, const float* k, const float* v, size_t keys, size_t values,
               float* state, float* out) {
  for (size_t j = 0; j < values; ++j) {
    float* column = state + j / 16 * 16 * keys + j % 16;
    float seen = 0, sum = 0;
    for (size_t i = 0; i < keys; ++i) {
      column[16 * i] *= decay;
      seen = std::fma(column[16 * i], k[i], seen);
    }
    const float u = (v[j] - seen) * beta;
    for (size_t i = 0; i < keys; ++i) {
      column[16 * i] = std::fma(u, k[i], column[16 * i]);
      sum = std::fma(column[16 * i], q[i], sum);
    }
    out[j] = sum;
  }
}

void SoftcapInPlace(float cap, size_t n, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = Softcap(y[i], cap);
}

void Rotate(const float* cosines, const float* sines, size_t pairs, bool interleaved, size_t heads, size_t head_dim,
            float* x) {
  for (size_t head = 0; head < heads; ++head, x += head_dim) {
    for (size_t i = 0; i < pairs; ++i) {
      float& real = interleaved ? x[2 * i] : x[i];
      float& imaginary = interleaved ? x[2 * i + 1] : x[i + pairs];
      const float a = real;
      const float b = imaginary;
      real = std::fma(a, cosines[i], -(b * sines[i]));
      imaginary = std::fma(b, cosines[i], a * sines[i]);
    }
  }
}

double LogSumExp(const float* x, size_t n) {
  float maxima[16];
  for (float& lane : maxima) lane = -kInfinity;
  for (size_t i = 0; i < n; ++i) maxima[i % 16] = Max(x[i], maxima[i % 16]);
  const float max = MaxOfLanes(maxima);
  const float shift = std::fabs(max) < kInfinity ? max : 0;
  double sums[16] = {};
  for (size_t i = 0; i < n; ++i) sums[i % 16] += Exp(x[i] - shift);
  return shift + Log(SumOfLanes(sums));
}

}  // namespace

constinit const VectorKernels reference::kVector = {
    .rms_norm = RmsNorm,
    .layer_norm = LayerNorm,
    .add = Add,
    .scale = Scale,
    .silu_multiply = SiluMultiply,
    .gelu_multiply = GeluMultiply,
    .clamped_swiglu = ClampedSwiglu,
    .gelu = GeluInPlace,
    .silu = SiluInPlace,
    .sigmoid_multiply = SigmoidMultiply,
    .softcap = SoftcapInPlace,
    .rotate = Rotate,
    .delta_rule = DeltaRule,
    .log_sum_exp = LogSumExp,
};

}  // namespace sheepop::kernel
