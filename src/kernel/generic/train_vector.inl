// The training kernels over F32x16 and its Exp. Included after lanes.h and philox.h; internal linkage, so that
// each instruction set has its own.
#include "kernel/generic/dropout.inl"
#include "kernel/generic/lanes_loop.inl"
#include "kernel/generic/lanes_polynomials.h"
#include "kernel/train_vector.h"
#include "kernel/vector.h"

namespace sheepop::kernel {
namespace {

float InverseRoot(float x) { return FirstLane(Broadcast(1) / Sqrt(Broadcast(x))); }

void RmsNormBackward(const float* x, const float* weight, const float* dy, size_t n, float epsilon, float* dx,
                     float* dweight) {
  F32x16 squares = Zero(), products = Zero();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i);
    squares = Fma(v, v, squares);
    products = Fma(v, lanes.Load(dy + i) * lanes.Load(weight + i), products);
  });
  const auto count = static_cast<float>(n);
  const float root = InverseRoot(Sum(squares) / count + epsilon);
  const F32x16 inverse = Broadcast(root);
  const F32x16 pull = Broadcast(Sum(products) * root * root / count);
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i);
    const F32x16 d = lanes.Load(dy + i);
    const F32x16 change = Fma(-v, pull, d * lanes.Load(weight + i));
    lanes.Store(dx + i, Fma(change, inverse, lanes.Load(dx + i)));
    lanes.Store(dweight + i, Fma(d, v * inverse, lanes.Load(dweight + i)));
  });
}

void LayerNormBackward(const float* x, const float* weight, const float* dy, size_t n, float epsilon, float* dx,
                       float* dweight, float* dbias) {
  const auto count = static_cast<float>(n);
  F32x16 sums = Zero(), pushes = Zero();
  ForEach16(n, [&](size_t i, auto lanes) {
    sums = sums + lanes.Load(x + i);
    pushes = Fma(lanes.Load(dy + i), lanes.Load(weight + i), pushes);
  });
  const float average = Sum(sums) / count;
  const F32x16 mean = Broadcast(average), push = Broadcast(Sum(pushes) / count);
  F32x16 squares = Zero(), products = Zero();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i, average) - mean;
    squares = Fma(v, v, squares);
    products = Fma(v, lanes.Load(dy + i) * lanes.Load(weight + i), products);
  });
  const float root = InverseRoot(Sum(squares) / count + epsilon);
  const F32x16 inverse = Broadcast(root);
  const F32x16 pull = Broadcast(Sum(products) * root * root / count);
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i) - mean;
    const F32x16 d = lanes.Load(dy + i);
    const F32x16 change = Fma(-v, pull, Fma(d, lanes.Load(weight + i), -push));
    lanes.Store(dx + i, Fma(change, inverse, lanes.Load(dx + i)));
    lanes.Store(dweight + i, Fma(d, v * inverse, lanes.Load(dweight + i)));
    lanes.Store(dbias + i, lanes.Load(dbias + i) + d);
  });
}

void SiluMultiplyBackward(const float* gate, const float* up, const float* dy, size_t n, float* y, float* dgate,
                          float* dup) {
  const F32x16 one = Broadcast(1);
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 g = lanes.Load(gate + i);
    const F32x16 u = lanes.Load(up + i);
    const F32x16 d = lanes.Load(dy + i);
    const F32x16 power = one + Exp(-g);
    const F32x16 sigmoid = one / power, silu = g / power;
    const F32x16 slope = sigmoid * Fma(g, one - sigmoid, one);
    lanes.Store(y + i, silu * u);
    lanes.Store(dup + i, d * silu);
    lanes.Store(dgate + i, d * u * slope);
  });
}

void GeluBackward(const float* x, const float* dy, size_t n, float* dx) {
  const F32x16 one = Broadcast(1);
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i);
    const F32x16 square = v * v;
    const F32x16 sigmoid = one / (one + Exp(v * Fma(square, Broadcast(kGeluCubic), Broadcast(kGeluLinear))));
    const F32x16 inner = Fma(square, Broadcast(-3 * kGeluCubic), Broadcast(-kGeluLinear));
    const F32x16 slope = Fma(v * sigmoid * (one - sigmoid), inner, sigmoid);
    lanes.Store(dx + i, lanes.Load(dy + i) * slope);
  });
}

// What lies outside the visible columns of x [n] becomes zero.
void ClearHidden(const Visible& visible, size_t n, float* x) {
  for (size_t i = 0; i < visible.begin; ++i) x[i] = 0;
  for (size_t i = visible.end; i < n; ++i) x[i] = 0;
}

SoftmaxSums Softmax(const Visible& visible, size_t n, float* x) {
  const float low = -__builtin_inff();
  const size_t count = visible.end - visible.begin;
  float* seen = x + visible.begin;
  F32x16 maxima = Broadcast(low);
  ForEach16(count, [&](size_t i, auto lanes) { maxima = Max(lanes.Load(seen + i, low), maxima); });
  const F32x16 scale = Broadcast(visible.scale);
  const float shift = MaxLane(maxima) * visible.scale;
  F32x16 sums = Zero();
  ForEach16(count, [&](size_t i, auto lanes) {
    const F32x16 e = Exp(Fma(lanes.Load(seen + i, low), scale, Broadcast(-shift)));
    sums = sums + e;
    lanes.Store(seen + i, e);
  });
  const float inverse = 1 / Sum(sums);
  ForEach16(count, [&](size_t i, auto lanes) { lanes.Store(seen + i, lanes.Load(seen + i) * Broadcast(inverse)); });
  ClearHidden(visible, n, x);
  return {shift, inverse};
}

void SoftmaxAgain(const Visible& visible, const SoftmaxSums& sums, size_t n, float* x) {
  float* seen = x + visible.begin;
  const F32x16 scale = Broadcast(visible.scale), shift = Broadcast(-sums.shift), inverse = Broadcast(sums.inverse);
  ForEach16(visible.end - visible.begin, [&](size_t i, auto lanes) {
    lanes.Store(seen + i, Exp(Fma(lanes.Load(seen + i), scale, shift)) * inverse);
  });
  ClearHidden(visible, n, x);
}

void SoftmaxBackward(const float* p, float dot, float scale, size_t n, float* dp) {
  const F32x16 factor = Broadcast(scale), mean = Broadcast(dot);
  ForEach16(
      n, [&](size_t i, auto lanes) { lanes.Store(dp + i, lanes.Load(p + i) * factor * (lanes.Load(dp + i) - mean)); });
}

double CrossEntropy(size_t n, size_t target, float scale, float* x) {
  const float low = -__builtin_inff();
  F32x16 maxima = Broadcast(low);
  ForEach16(n, [&](size_t i, auto lanes) { maxima = Max(lanes.Load(x + i, low), maxima); });
  const float max = MaxLane(maxima);
  const double wanted = x[target];
  F64x16 sums = ZeroF64();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 e = Exp(lanes.Load(x + i, low) - Broadcast(max));
    sums = AddTo(sums, e);
    lanes.Store(x + i, e);
  });
  const double sum = Sum(sums);
  const F32x16 factor = Broadcast(static_cast<float>(scale / sum));
  ForEach16(n, [&](size_t i, auto lanes) { lanes.Store(x + i, lanes.Load(x + i) * factor); });
  x[target] -= scale;
  return max + Log(sum) - wanted;
}

float Dot(const float* x, const float* y, size_t n) {
  F32x16 sums = Zero();
  ForEach16(n, [&](size_t i, auto lanes) { sums = Fma(lanes.Load(x + i), lanes.Load(y + i), sums); });
  return Sum(sums);
}

double SumOfSquares(const float* x, size_t n) {
  F64x16 sums = ZeroF64();
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 v = lanes.Load(x + i);
    sums = AddTo(sums, v * v);
  });
  return Sum(sums);
}

void Adam(const AdamStep& step, const float* gradient, size_t n, float* weight, float* first, float* second) {
  const F32x16 beta1 = Broadcast(step.beta1), rest1 = Broadcast(1 - step.beta1);
  const F32x16 beta2 = Broadcast(step.beta2), rest2 = Broadcast(1 - step.beta2);
  const F32x16 rate1 = Broadcast(-step.learning_rate * step.correction1);
  const F32x16 shrink = Broadcast(1 - step.learning_rate * step.decay);
  ForEach16(n, [&](size_t i, auto lanes) {
    const F32x16 g = lanes.Load(gradient + i) * Broadcast(step.gradient_scale);
    const F32x16 m = Fma(beta1, lanes.Load(first + i), rest1 * g);
    const F32x16 v = Fma(beta2, lanes.Load(second + i), rest2 * g * g);
    const F32x16 size = Sqrt(v * Broadcast(step.correction2)) + Broadcast(step.epsilon);
    lanes.Store(first + i, m);
    lanes.Store(second + i, v);
    lanes.Store(weight + i, Fma(lanes.Load(weight + i), shrink, rate1 * m / size));
  });
}

constexpr TrainVectorKernels kTable = {
    .rms_norm_backward = RmsNormBackward,
    .layer_norm_backward = LayerNormBackward,
    .silu_multiply_backward = SiluMultiplyBackward,
    .gelu_backward = GeluBackward,
    .softmax = Softmax,
    .softmax_again = SoftmaxAgain,
    .softmax_backward = SoftmaxBackward,
    .cross_entropy = CrossEntropy,
    .dot = Dot,
    .sum_of_squares = SumOfSquares,
    .adam = Adam,
    .dropout = Dropout,
};

}  // namespace
}  // namespace sheepop::kernel
