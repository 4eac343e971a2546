// What training does to vectors of floats besides products: backward twins, softmax, the loss of a row, the optimiser's
// pass. Sums run over 16 virtual lanes as in vector.h, and every instruction set gives the same bits. No function needs
// alignment; lengths are arbitrary. "+=" marks outputs that are added to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {

// One AdamW step for every element (Loshchilov and Hutter, arXiv:1711.05101):
//   g' = gradient_scale * g,  m = beta1 m + (1 - beta1) g',  v = beta2 v + (1 - beta2) g'^2
//   w -= learning_rate * (correction1 m / (sqrt(correction2 v) + epsilon) + decay w)
struct AdamStep {
  float learning_rate, beta1, beta2, epsilon, decay;
  float gradient_scale;
  float correction1, correction2;  // 1 / (1 - beta^t)
};

// The columns of a row of scores that the row sees, [begin, end); scale multiplies scores.
struct Visible {
  size_t begin, end;
  float scale;
};

// What makes a probability of a score: exp(scale x - shift) * inverse.
struct SoftmaxSums {
  float shift, inverse;
};

struct TrainVectorKernels {
  // The backward twins of VectorKernels. dx +=, dweight += and dbias +=.
  void (*rms_norm_backward)(const float* x, const float* weight, const float* dy, size_t n, float epsilon, float* dx,
                            float* dweight);
  void (*layer_norm_backward)(const float* x, const float* weight, const float* dy, size_t n, float epsilon, float* dx,
                              float* dweight, float* dbias);
  // y is silu_multiply's result again, bit for bit. dgate and dup may be any of the inputs.
  void (*silu_multiply_backward)(const float* gate, const float* up, const float* dy, size_t n, float* y, float* dgate,
                                 float* dup);
  void (*gelu_backward)(const float* x, const float* dy, size_t n, float* dx);  // dx may be dy

  // x = softmax(scale x) over the visible columns, zero in the others of n.
  SoftmaxSums (*softmax)(const Visible& visible, size_t n, float* x);
  // The same from its result, bit for bit.
  void (*softmax_again)(const Visible& visible, const SoftmaxSums& sums, size_t n, float* x);
  // dp = scale * p * (dp - dot), dot = sum(p dp).
  void (*softmax_backward)(const float* p, float dot, float scale, size_t n, float* dp);

  // Logits to the gradient of the loss, in place: x = scale * (softmax(x) - onehot(target)). Returns the loss,
  // -log(softmax(x)[target]), in nats.
  double (*cross_entropy)(size_t n, size_t target, float scale, float* x);

  float (*dot)(const float* x, const float* y, size_t n);
  double (*sum_of_squares)(const float* x, size_t n);
  void (*adam)(const AdamStep& step, const float* gradient, size_t n, float* weight, float* first, float* second);

  // Multiplies each element by 1 / (1 - rate) or by 0 with probability `rate`: a function of (key, first + its index)
  // alone, so the backward pass draws the same again. Srivastava et al., 2014. rate in [0, 1), to 2^-16.
  void (*dropout)(uint64_t key, uint64_t first, float rate, size_t n, float* x);
};

}  // namespace sheepop::kernel
