// The vector kernels over F32x16. Included after lanes.h; internal linkage, so that each instruction set has its
// own.
#include "kernel/generic/lanes_loop.inl"
#include "kernel/generic/lanes_math.inl"
#include "kernel/vector.h"

namespace sheepop::kernel {
namespace {

float InverseRoot(float x) { return FirstLane(Broadcast(1) / Sqrt(Broadcast(x))); }

void RmsNorm(const float* x, const float* weight, size_t n, float epsilon, float* out) {
  F32x16 squares = Zero();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i);
    squares = Fma(v, v, squares);
  });
  const F32x16 inverse = Broadcast(InverseRoot(Sum(squares) / static_cast<float>(n) + epsilon));
  if (weight) {
    ForEach16(
        n, [&](size_t i, auto lanes) { lanes.Store(out + i, lanes.Load(x + i) * inverse * lanes.Load(weight + i)); });
  } else {
    ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(out + i, lanes.Load(x + i) * inverse); });
  }
}

void LayerNorm(const float* x, const float* weight, const float* bias, size_t n, float epsilon, float* out) {
  F32x16 sums = Zero();
  // Only -0 leaves every lane as it is.
  ForEach16(n, [&](size_t i, auto lanes) { sums = sums + lanes.Load(x + i, -0.0F); });
  const float average = Sum(sums) / static_cast<float>(n);
  const F32x16 mean = Broadcast(average);
  F32x16 squares = Zero();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i, average) - mean;
    squares = Fma(v, v, squares);
  });
  const F32x16 inverse = Broadcast(InverseRoot(Sum(squares) / static_cast<float>(n) + epsilon));
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 unit = (lanes.Load(x + i) - mean) * inverse;
    const F32x16 w = lanes.Load(weight + i);
    lanes.Store(out + i, bias ? Fma(unit, w, lanes.Load(bias + i)) : unit * w);
  });
}

void Add(const float* x, size_t n, float* y) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(y + i, lanes.Load(y + i) + lanes.Load(x + i)); });
}

void Scale(float factor, size_t n, float* y) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(y + i, lanes.Load(y + i) * Broadcast(factor)); });
}

void SiluMultiply(const float* gate, const float* up, size_t n, float* out) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(out + i, Silu(lanes.Load(gate + i)) * lanes.Load(up + i)); });
}

void GeluMultiply(const float* gate, const float* up, size_t n, float* out) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(out + i, Gelu(lanes.Load(gate + i)) * lanes.Load(up + i)); });
}

void ClampedSwiglu(const float* gate, const float* up, size_t n, float* out) {
  ForEach16(
      n, [&](size_t i, auto lanes) { lanes.Store(out + i, ClampedSwiglu(lanes.Load(gate + i), lanes.Load(up + i))); });
}

void GeluInPlace(size_t n, float* y) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(y + i, Gelu(lanes.Load(y + i))); });
}

void SiluInPlace(size_t n, float* y) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(y + i, Silu(lanes.Load(y + i))); });
}

void SigmoidMultiply(const float* gate, const float* x, size_t n, float* out) {
  ForEach16(n, [&](size_t i, auto lanes) {
    lanes.Store(out + i, lanes.Load(x + i) / (Broadcast(1) + Exp(-lanes.Load(gate + i))));
  });
}

void DeltaRule(float decay, float beta, const float* q, const float* k, const float* v, size_t keys, size_t values,
               float* state, float* out) {
  ForEach16(values, [&](size_t j, auto lanes) {
    float* columns = state + j * keys;
    F32x16 seen = Zero();
    for (size_t i = 0; i < keys; ++i) {
      const F32x16 s = Load(columns + 16 * i) * Broadcast(decay);
      Store(columns + 16 * i, s);
      seen = Fma(s, Broadcast(k[i]), seen);
    }
    const F32x16 u = (lanes.Load(v + j) - seen) * Broadcast(beta);
    F32x16 sum = Zero();
    for (size_t i = 0; i < keys; ++i) {
      const F32x16 s = Fma(u, Broadcast(k[i]), Load(columns + 16 * i));
      Store(columns + 16 * i, s);
      sum = Fma(s, Broadcast(q[i]), sum);
    }
    lanes.Store(out + j, sum);
  });
}

void SoftcapInPlace(float cap, size_t n, float* y) {
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(y + i, Softcap(lanes.Load(y + i), Broadcast(cap))); });
}

void RotateHalves(const float* cosines, const float* sines, size_t pairs, float* x) {
  ForEach16(pairs, [&](size_t i, auto lanes) {
    const F32x16 c = lanes.Load(cosines + i);
    const F32x16 s = lanes.Load(sines + i);
    const F32x16 a = lanes.Load(x + i);
    const F32x16 b = lanes.Load(x + pairs + i);
    lanes.Store(x + i, Fma(a, c, -(b * s)));
    lanes.Store(x + pairs + i, Fma(b, c, a * s));
  });
}

void RotateNeighbours(const float* cosines, const float* sines, size_t pairs, float* x) {
  ForEach16(2 * pairs, [&](size_t i, auto lanes) {
    const size_t left = pairs - i / 2;
    const F32x16 c = LoadTwice(cosines + i / 2, left < 8 ? left : 8);
    const F32x16 s = LoadTwice(sines + i / 2, left < 8 ? left : 8);
    const F32x16 v = lanes.Load(x + i);
    lanes.Store(x + i, Fma(v, c, NegateEven(SwapPairs(v) * s)));
  });
}

void Rotate(const float* cosines, const float* sines, size_t pairs, bool interleaved, size_t heads, size_t head_dim,
            float* x) {
  for (size_t head = 0; head < heads; ++head, x += head_dim) {
    interleaved ? RotateNeighbours(cosines, sines, pairs, x) : RotateHalves(cosines, sines, pairs, x);
  }
}

double LogSumExp(const float* x, size_t n) {
  const float low = -__builtin_inff();
  F32x16 maxima = Broadcast(low);
  ForEach16(n, [&](size_t i, auto lanes) { maxima = Max(lanes.Load(x + i, low), maxima); });
  const float max = MaxLane(maxima);
  const float shift = max > low && max < -low ? max : 0;
  F64x16 sums = ZeroF64();
  ForEach16(n, [&](size_t i, auto lanes) { sums = AddTo(sums, Exp(lanes.Load(x + i, low) - Broadcast(shift))); });
  return shift + Log(Sum(sums));
}

constexpr VectorKernels kTable = {
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

}  // namespace
}  // namespace sheepop::kernel
