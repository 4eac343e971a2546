// Loops over vectors of floats. Sums and maxima run over 16 virtual lanes (element i belongs to lane i mod 16), which are
// then combined in a fixed tree (lane i with i + 8, then i + 4, i + 2, i + 1): the same bits from every instruction set.
// exp, tanh, sin and cos are our own polynomials (exp within 1.2e-7, tanh within 2e-7, relative; results below the smallest
// normal float are 0). No function needs alignment; lengths are arbitrary. Which NaN a NaN is, is not promised.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {

struct VectorKernels {
  // out = x / sqrt(mean(x^2) + epsilon) * weight. Zhang and Sennrich, arXiv:1910.07467. out may be x; weight null means 1.
  void (*rms_norm)(const float* x, const float* weight, size_t n, float epsilon, float* out);

  // out = (x - mean) / sqrt(variance + epsilon) * weight + bias. Ba et al., arXiv:1607.06450. out may be x; bias may be null.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, size_t n, float epsilon, float* out);

  void (*add)(const float* x, size_t n, float* y);  // y += x
  void (*scale)(float factor, size_t n, float* y);  // y *= factor
  void (*silu_multiply)(const float* gate, const float* up, size_t n,
                        float* out);  // out = gate / (1 + exp(-gate)) * up
  void (*gelu_multiply)(const float* gate, const float* up, size_t n, float* out);  // out = gelu_tanh(gate) * up
  // gpt-oss's: out = (u + 1) * g / (1 + exp(-1.702 g)), g = min(gate, 7), u = up within [-7, 7]. arXiv:2508.10925.
  void (*clamped_swiglu)(const float* gate, const float* up, size_t n, float* out);
  void (*gelu)(size_t n, float* y);                                                   // y = gelu_tanh(y), the tanh form
  void (*silu)(size_t n, float* y);                                                   // y = y / (1 + exp(-y))
  void (*sigmoid_multiply)(const float* gate, const float* x, size_t n, float* out);  // out = x / (1 + exp(-gate))
  void (*softcap)(float cap, size_t n, float* y);                                     // y = cap * tanh(y / cap)

  // Rotates the first 2 * pairs elements of each head of x [heads, head_dim] by the angles whose cosines and sines are
  // given [pairs]. `interleaved` pairs elements (2i, 2i + 1), otherwise (i, i + pairs). Su et al., arXiv:2104.09864.
  void (*rotate)(const float* cosines, const float* sines, size_t pairs, bool interleaved, size_t heads,
                 size_t head_dim, float* x);

  // One position of the gated delta rule (Yang et al., arXiv:2412.06464), on S [keys, values], of which each 16 columns stand
  // together: element (i, j) at (j / 16 * keys + i) * 16 + j % 16, ceil(values / 16) * 16 columns in all.
  //   S *= decay,  u = beta * (v - S^T k),  S += k u^T,  out = S^T q       sums over keys ascending, each step an fma
  void (*delta_rule)(float decay, float beta, const float* q, const float* k, const float* v, size_t keys,
                     size_t values, float* state, float* out);

  // log(sum(exp(x))), accumulated in double per lane; -infinity when every x is.
  double (*log_sum_exp)(const float* x, size_t n);
};

// The natural logarithm of x >= 0, and e^x, without the C library, whose bits depend on the processor. Relative error below
// 1e-15; e^x is 0 where it would be below the smallest normal double.
double Log(double x);
double Exp(double x);

// Cosine and sine of position * frequency, computed in double with our own range reduction: the C library's differ between
// processors. [pairs] each; `factor` multiplies both (YaRN's and LongRoPE's attention factor).
void RopeAngles(double position, const double* frequencies, size_t pairs, float factor, float* cosines, float* sines);

}  // namespace sheepop::kernel
