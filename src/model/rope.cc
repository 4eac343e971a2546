#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sheepop {
namespace {

std::vector<double> PlainFrequencies(const RopeConfig& rope) {
  std::vector<double> frequencies(rope.pairs());
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = std::pow(rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(rope.dims));
  }
  std::fill(frequencies.begin() + static_cast<ptrdiff_t>(rope.turned()), frequencies.end(), 0.0);
  return frequencies;
}

double Scaled(const Llama3Scaling& scaling, double frequency) {
  const double turns = scaling.original_context * frequency / (2 * std::numbers::pi);
  if (turns < scaling.low) return frequency / scaling.factor;
  if (turns > scaling.high) return frequency;
  const double smooth = (turns - scaling.low) / (scaling.high - scaling.low);
  return frequency * ((1 - smooth) / scaling.factor + smooth);
}

void Scale(const YarnScaling& scaling, const RopeConfig& rope, std::vector<double>& frequencies) {
  const auto dims = static_cast<double>(rope.dims);
  const auto pair_of = [&](double turns) {
    return dims * std::log(scaling.original_context / (turns * 2 * std::numbers::pi)) / (2 * std::log(rope.theta));
  };
  double low = pair_of(scaling.fast), high = pair_of(scaling.slow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dims - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double share = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] *= share / scaling.factor + (1 - share);
  }
}

void Divide(std::vector<double>& frequencies, const std::vector<double>& divisors) {
  for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= divisors[i];
}

}  // namespace

double YarnFactor(double scale, double mscale) { return scale <= 1 ? 1 : 0.1 * mscale * std::log(scale) + 1; }

std::vector<double> Frequencies(const RopeConfig& rope) {
  std::vector<double> frequencies = PlainFrequencies(rope);
  for (double& frequency : frequencies) frequency /= rope.linear;
  if (!rope.divisors.empty()) Divide(frequencies, rope.divisors);
  if (rope.llama3) {
    for (double& frequency : frequencies) frequency = Scaled(*rope.llama3, frequency);
  }
  if (rope.yarn) Scale(*rope.yarn, rope, frequencies);
  if (const auto& scaling = rope.long_rope) {
    Divide(frequencies, scaling->longer ? scaling->long_factors : scaling->short_factors);
  }
  return frequencies;
}

std::vector<double> Llama3Divisors(const RopeConfig& rope) {
  const Llama3Scaling scaling = rope.llama3.value_or(Llama3Scaling());
  std::vector<double> divisors = PlainFrequencies(rope);
  for (double& frequency : divisors) frequency /= Scaled(scaling, frequency);
  return divisors;
}

bool NearlyEqual(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return std::abs(x - y) <= 1e-5 * std::abs(y); });
}

}  // namespace sheepop
