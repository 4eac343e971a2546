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
  void (*gelu)(size_t n, float* y);                                                 // y = gelu_tanh(y), the tanh form
  void (*softcap)(float cap, size_t n, float* y);                                   // y = cap * tanh(y / cap)

  // Rotates the first 2 * pairs elements of each head of x [heads, head_dim] by the angles whose cosines and sines are
  // given [pairs]. `interleaved` pairs elements (2i, 2i + 1), otherwise (i, i + pairs). Su et al., arXiv:2104.09864.
  void (*rotate)(const float* cosines, const float* sines, size_t pairs, bool interleaved, size_t heads,
                 size_t head_dim, float* x);

  // log(sum(exp(x))), accumulated in double per lane; -infinity when every x is.
  double (*log_sum_exp)(const float* x, size_t n);
};

// The natural logarithm of x >= 0, without the C library, whose bits depend on the processor. Error below 1e-15.
double Log(double x);

// Cosine and sine of position * frequency, computed in double with our own range reduction: the C library's differ between
// processors. [pairs] each; `factor` multiplies both (YaRN's and LongRoPE's attention factor).
void RopeAngles(double position, const double* frequencies, size_t pairs, float factor, float* cosines, float* sines);

}  // namespace sheepop::kernel
