#include "kernel/vector.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace sheepop::kernel {
namespace {

// pi / 2 in three parts. The first two have 33 bits, so that their products with a quadrant below 2^20 are exact.
constexpr double kHalfPiHigh = 0x1.921fb544p+0;
constexpr double kHalfPiMiddle = 0x1.0b4611a6p-34;
constexpr double kHalfPiLow = 0x1.3198a2e037073p-69;

// The Taylor sums of sine and cosine for |r| <= pi / 4, error below 1e-15.
double SineNearZero(double r) {
  const double z = r * r;
  double sum = 0;
  for (int n = 17; n >= 3; n -= 2) sum = (1 + sum) * (-z / ((n - 1) * n));
  return r + r * sum;
}

double CosineNearZero(double r) {
  const double z = r * r;
  double sum = 0;
  for (int n = 16; n >= 2; n -= 2) sum = (1 + sum) * (-z / ((n - 1) * n));
  return 1 + sum;
}

}  // namespace

void RopeAngles(double position, const double* frequencies, size_t pairs, float factor, float* cosines, float* sines) {
  for (size_t i = 0; i < pairs; ++i) {
    const double angle = position * frequencies[i];
    const double quadrant = std::floor(angle * (2 / std::numbers::pi) + 0.5);
    const double r = ((angle - quadrant * kHalfPiHigh) - quadrant * kHalfPiMiddle) - quadrant * kHalfPiLow;
    const double sine = SineNearZero(r);
    const double cosine = CosineNearZero(r);
    const auto turn = static_cast<int64_t>(quadrant) & 3;
    const double real = turn == 0 ? cosine : turn == 1 ? -sine : turn == 2 ? -cosine : sine;
    const double imaginary = turn == 0 ? sine : turn == 1 ? cosine : turn == 2 ? -sine : -cosine;
    cosines[i] = static_cast<float>(factor * real);
    sines[i] = static_cast<float>(factor * imaginary);
  }
}

double Log(double x) {
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (!(x < std::numeric_limits<double>::infinity())) return x;
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  // log m = 2 atanh(s), and s^2 < 0.0295: eleven terms.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double z = s * s;
  double sum = 0;
  for (int n = 21; n >= 3; n -= 2) sum = (sum + 1.0 / n) * z;
  return exponent * std::numbers::ln2 + 2 * (s + s * sum);
}

}  // namespace sheepop::kernel
