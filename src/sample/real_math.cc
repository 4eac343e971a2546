#include "sample/real_math.h"

#include <cmath>
#include <limits>

namespace sheepop {
namespace {

constexpr double kLn2High = 0x1.62e42fefa38p-1;  // few enough bits that n * kLn2High is exact
constexpr double kLn2Low = 0x1.ef35793c7673p-45;

}  // namespace

// ln(m 2^e) = e ln 2 + 2 atanh((m - 1) / (m + 1)), with m in [sqrt(1/2), sqrt(2)).
double Ln(double x) {
  if (std::isnan(x) || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double series = 0;
  for (int k = 23; k >= 1; k -= 2) series = series * s2 + 1.0 / k;
  return exponent * kLn2High + (exponent * kLn2Low + 2 * s * series);
}

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.7) return std::numeric_limits<double>::infinity();
  if (x < -745) return 0;
  const double n = std::floor(x * 0x1.71547652b82fep+0 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double series = 1;
  for (int k = 14; k >= 1; --k) series = series * (r / k) + 1;
  return std::ldexp(series, static_cast<int>(n));
}

double Power(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x == 0) return y > 0 ? 0 : std::numeric_limits<double>::infinity();
  return Exp(y * Ln(x));
}

}  // namespace sheepop
