// The numbers of a K type's block of 256 values.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/half.h"
#include "tensor/block_fit.h"

namespace sheepop {

// A block of a K type: Groups groups of Size values, each with a whole-number scale (and minimum) that two fp16 numbers
// multiply. Both levels are rounded, so after the groups' own fits whole numbers, fp16 numbers and codes are settled
// against each other.
template <size_t Groups, size_t Size>
struct KFit {
  float d = 0, dmin = 0;                 // fp16 values
  std::array<float, Groups> scales{};    // whole
  std::array<float, Groups> minimums{};  // whole, at least 0
  std::array<float, Groups * Size> codes{};

  Affine group(size_t g) const { return {d * scales[g], -dmin * minimums[g]}; }
};

struct KLimits {
  CodeRange codes;
  CodeRange scales;
  float minimum_high;  // 0: the type has no minimums
};

inline float Quotient(float a, float b, float low, float high) {
  return b == 0 ? 0 : RoundSmall(std::min(std::max(a / b, low), high));
}

template <size_t Groups, size_t Size>
float RefreshCodes(const float* x, const KLimits& limits, KFit<Groups, Size>& fit) {
  float error = 0;
  for (size_t g = 0; g < Groups; ++g) {
    NearestCodes<Size>(x + g * Size, fit.group(g), limits.codes, &fit.codes[g * Size]);
    error += SquaredError<Size>(x + g * Size, &fit.codes[g * Size], fit.group(g));
  }
  return error;
}

// Moves each group's whole numbers to the best of their neighbours.
template <size_t Groups, size_t Size>
void SettleGroups(const float* x, const KLimits& limits, KFit<Groups, Size>& fit) {
  for (size_t g = 0; g < Groups; ++g) {
    const float scale = fit.scales[g], minimum = fit.minimums[g];
    float best_scale = scale, best_minimum = minimum;
    float least = BestError<Size>(x + g * Size, fit.group(g), limits.codes);
    const auto offer = [&](float s, float m) {
      const float error = BestError<Size>(x + g * Size, {fit.d * s, -fit.dmin * m}, limits.codes);
      if (error >= least) return;
      least = error;
      best_scale = s;
      best_minimum = m;
    };
    for (float s = std::max(scale - 1, limits.scales.low); s <= std::min(scale + 1, limits.scales.high); ++s) {
      for (float m = std::max(minimum - 1, 0.0f); m <= std::min(minimum + 1, limits.minimum_high); ++m) offer(s, m);
    }
    // The low end may reach one further, and codes mostly have mirror images.
    if (limits.scales.low < 0 && scale == limits.scales.high) offer(limits.scales.low, minimum);
    fit.scales[g] = best_scale;
    fit.minimums[g] = best_minimum;
  }
}

// d and dmin of least squared error for given whole numbers and codes, rounded to fp16.
template <size_t Groups, size_t Size>
void SolveBlock(const float* x, KFit<Groups, Size>& fit) {
  double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0;  // a: scale * code, b: -minimum
  for (size_t i = 0; i < Groups * Size; ++i) {
    const double a = static_cast<double>(fit.scales[i / Size] * fit.codes[i]), b = -fit.minimums[i / Size];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    xa += x[i] * a;
    xb += x[i] * b;
  }
  const double determinant = aa * bb - ab * ab;
  if (determinant > 1e-6 * aa * bb) {
    fit.d = static_cast<float>((xa * bb - xb * ab) / determinant);
    fit.dmin = static_cast<float>((xb * aa - xa * ab) / determinant);
  } else if (aa > 0) {
    fit.d = static_cast<float>(xa / aa);
    fit.dmin = 0;
  }
  fit.d = HalfToFloat(FloatToHalf(fit.d));
  fit.dmin = HalfToFloat(FloatToHalf(std::max(fit.dmin, 0.0f)));
}

// The groups' own fits as whole numbers of `numbers`, d and dmin.
template <size_t Groups, size_t Size>
KFit<Groups, Size> StartBlock(const std::array<Affine, Groups>& groups, Affine numbers, const KLimits& limits) {
  KFit<Groups, Size> fit;
  fit.d = numbers.scale;
  fit.dmin = numbers.offset;
  for (size_t g = 0; g < Groups; ++g) {
    fit.scales[g] = Quotient(groups[g].scale, fit.d, limits.scales.low, limits.scales.high);
    fit.minimums[g] = Quotient(-groups[g].offset, fit.dmin, 0, limits.minimum_high);
  }
  return fit;
}

// Settles `fit` and returns its squared error.
template <size_t Groups, size_t Size>
float SettleBlock(const float* x, const KLimits& limits, KFit<Groups, Size>& fit) {
  SettleGroups(x, limits, fit);
  float error = RefreshCodes(x, limits, fit);
  for (int round = 0; round < 3; ++round) {
    KFit<Groups, Size> next = fit;
    SolveBlock(x, next);
    SettleGroups(x, limits, next);
    const float next_error = RefreshCodes(x, limits, next);
    if (!(next_error < error)) break;
    fit = next;
    error = next_error;
  }
  return error;
}

template <size_t Groups, size_t Size>
KFit<Groups, Size> FitBlock(const float* x, const KLimits& limits) {
  std::array<Affine, Groups> groups;
  float largest_scale = 0, largest_minimum = 0;
  for (size_t g = 0; g < Groups; ++g) {
    groups[g] = limits.minimum_high > 0 ? FitAffine<Size, true>(x + g * Size, limits.codes.high)
                                        : FitScale<Size>(x + g * Size, limits.codes);
    if (std::abs(groups[g].scale) > std::abs(largest_scale)) largest_scale = groups[g].scale;
    largest_minimum = std::max(largest_minimum, -groups[g].offset);
  }
  const float scale_end = limits.scales.low < 0 ? limits.scales.low : limits.scales.high;
  const float dmin = limits.minimum_high > 0 ? largest_minimum / limits.minimum_high : 0;
  const Affine numbers = RoundToHalf({largest_scale / scale_end, dmin});
  auto fit = StartBlock<Groups, Size>(groups, numbers, limits);
  const float error = SettleBlock(x, limits, fit);
  // Where groups of both signs reach the end, only one sign has room for it: which is better, errors tell.
  const bool both_ends =
      limits.scales.low < 0 &&
      std::ranges::any_of(
          groups,
          [&](const Affine& group) { return numbers.scale != 0 && group.scale / numbers.scale > limits.scales.high; });
  if (both_ends && error > 0) {
    auto mirrored = StartBlock<Groups, Size>(groups, {-numbers.scale, numbers.offset}, limits);
    if (SettleBlock(x, limits, mirrored) < error) fit = mirrored;
  }
  return fit;
}

}  // namespace sheepop
