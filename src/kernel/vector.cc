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

// ln 2 in two parts, the first of 32 bits, so that its products with exponents are exact; the numbers between which e^x is
// a normal double.
constexpr double kLn2HighF64 = 0x1.62e42feep-1;
constexpr double kLn2LowF64 = 0x1.a39ef35793c76p-33;
constexpr double kExpMinF64 = -708.3964185322641, kExpMaxF64 = 709.782712893384;

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

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x < kExpMinF64) return 0;
  if (x > kExpMaxF64) return std::numeric_limits<double>::infinity();
  // e^x = 2^n e^r with |r| <= ln(2) / 2: the Taylor sum of e^r to r^15.
  const double n = std::floor(x * std::numbers::log2e + 0.5);
  const double r = (x - n * kLn2HighF64) - n * kLn2LowF64;
  double sum = 1;
  for (int i = 15; i >= 1; --i) sum = 1 + sum * (r / i);
  return std::ldexp(sum, static_cast<int>(n));
}

}  // namespace sheepop::kernel
