// Least-squares fits of one group of values to `scale * code + offset` with whole codes in [low, high]: what the
// quantisers of every block format share. Each fit tries a row of starting scales, lets codes and scale settle against
// each other, and keeps the least squared error.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/half.h"

namespace sheepop {

struct Affine {
  float scale = 0;
  float offset = 0;
};

inline Affine RoundToHalf(Affine fit) {
  return {HalfToFloat(FloatToHalf(fit.scale)), HalfToFloat(FloatToHalf(fit.offset))};
}

struct CodeRange {
  float low, high;
};

// Sums run in 8 lanes, so that the compiler may keep them in vector registers without changing the result.
template <size_t N, typename Term>
float LaneSum(const Term& term) {
  std::array<float, 8> lanes{};
  for (size_t i = 0; i < N; i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) lanes[lane] += term(i + lane);
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// Nearest whole number, ties to even, for |value| < 2^22.
inline float RoundSmall(float value) {
  constexpr float kShift = 0x1.8p23f;
  return (value + kShift) - kShift;
}

// What to multiply by to divide by `scale`; 0 when there is no such number.
inline float Inverse(float scale) {
  const float inverse = 1 / scale;
  return std::isfinite(inverse) ? inverse : 0;
}

inline float NearestCode(float x, float inverse, float offset, CodeRange range) {
  // Clamped before rounding: the product may be far outside what RoundSmall takes.
  return RoundSmall(std::min(std::max((x - offset) * inverse, range.low), range.high));
}

// The best codes for given numbers, as floats. Every code is the one nearest zero when scale is 0.
template <size_t N>
void NearestCodes(const float* x, Affine fit, CodeRange range, float* codes) {
  const float inverse = Inverse(fit.scale);
  for (size_t i = 0; i < N; ++i) codes[i] = NearestCode(x[i], inverse, fit.offset, range);
}

template <size_t N>
float SquaredError(const float* x, const float* codes, Affine fit) {
  return LaneSum<N>([&](size_t i) {
    const float error = x[i] - (fit.scale * codes[i] + fit.offset);
    return error * error;
  });
}

// The squared error when each value takes its best code.
template <size_t N>
float BestError(const float* x, Affine fit, CodeRange range) {
  std::array<float, N> codes;
  NearestCodes<N>(x, fit, range, codes.data());
  return SquaredError<N>(x, codes.data(), fit);
}

// What a least-squares fit needs to know of values and their codes.
struct Moments {
  float x = 0, q = 0, qq = 0, xq = 0;  // sums
};

template <size_t N>
Moments MomentsOf(const float* x, const float* codes) {
  return {LaneSum<N>([&](size_t i) { return x[i]; }), LaneSum<N>([&](size_t i) { return codes[i]; }),
          LaneSum<N>([&](size_t i) { return codes[i] * codes[i]; }),
          LaneSum<N>([&](size_t i) { return x[i] * codes[i]; })};
}

// A fit and how much of the sum of squares of x it explains: the squared error is that sum less this.
struct Solution {
  Affine fit;
  float explained = 0;
};

// The scale of least squared error, without an offset.
inline Solution SolveScale(const Moments& m) {
  if (m.qq <= 0) return {};
  return {{m.xq / m.qq, 0}, m.xq * m.xq / m.qq};
}

// Scale and offset of least squared error.
template <size_t N>
Solution SolveAffine(const Moments& m) {
  constexpr auto kCount = static_cast<float>(N);
  const float determinant = kCount * m.qq - m.q * m.q;
  const float mean_explains = m.x * m.x / kCount;
  if (determinant <= 0) return {{0, m.x / kCount}, mean_explains};
  const float covariance = kCount * m.xq - m.q * m.x;
  const float scale = covariance / determinant;
  return {{scale, (m.x - scale * m.q) / kCount}, mean_explains + covariance * covariance / (determinant * kCount)};
}

template <size_t N>
Solution SolveAffineAtMostZero(const Moments& m) {
  const Solution solution = SolveAffine<N>(m);
  return solution.fit.offset > 0 ? SolveScale(m) : solution;
}

// Keeps the best of the fits it is shown, by the error that their codes leave.
class BestFit {
 public:
  void Offer(Affine fit, float error) {
    if (!(error < error_)) return;
    error_ = error;
    fit_ = fit;
  }

  Affine fit() const { return fit_; }

 private:
  Affine fit_;
  float error_ = INFINITY;
};

// Alternates best codes and `solve` from `fit` on while the error falls.
template <size_t N, typename Solve>
Affine Settle(const float* x, Affine fit, CodeRange range, const Solve& solve) {
  constexpr int kRounds = 6;
  std::array<float, N> codes;
  NearestCodes<N>(x, fit, range, codes.data());
  float error = SquaredError<N>(x, codes.data(), fit);
  for (int round = 0; round < kRounds; ++round) {
    const Affine next = solve(MomentsOf<N>(x, codes.data())).fit;
    NearestCodes<N>(x, next, range, codes.data());
    const float next_error = SquaredError<N>(x, codes.data(), next);
    if (!(next_error < error)) break;
    fit = next;
    error = next_error;
  }
  return fit;
}

// Of candidate scales, the fit that the solution for its codes explains most with.
template <size_t N, typename Solve>
class Scan {
 public:
  Scan(const float* x, float offset, CodeRange range, const Solve& solve)
      : x_(x), offset_(offset), range_(range), solve_(solve), sum_x_(LaneSum<N>([&](size_t i) { return x[i]; })) {}

  void Try(float inverse) {
    std::array<float, 8> q{}, qq{}, xq{};
    for (size_t i = 0; i < N; i += 8) {
      for (size_t lane = 0; lane < 8; ++lane) {
        const float code = NearestCode(x_[i + lane], inverse, offset_, range_);
        q[lane] += code;
        qq[lane] += code * code;
        xq[lane] += x_[i + lane] * code;
      }
    }
    const auto fold = [](const std::array<float, 8>& lanes) {
      return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
    };
    const Solution solution = solve_({sum_x_, fold(q), fold(qq), fold(xq)});
    if (solution.explained > best_.explained) best_ = solution;
  }

  Affine fit() const { return best_.fit; }

 private:
  const float* x_;
  float offset_;
  CodeRange range_;
  const Solve& solve_;
  float sum_x_;
  Solution best_;
};

// x ~ scale * code. The scale may be negative: the range may reach further on one side.
template <size_t N>
Affine FitScale(const float* x, CodeRange range) {
  float extreme = 0;
  for (size_t i = 0; i < N; ++i) {
    if (std::abs(x[i]) > std::abs(extreme)) extreme = x[i];
  }
  const auto solve = [](const Moments& m) { return SolveScale(m); };
  Scan<N, decltype(solve)> scan(x, 0, range, solve);
  const bool symmetric = range.low == -range.high;
  for (int step = -12; step <= 9; ++step) {
    for (float end : {range.low, range.high}) {
      if (symmetric && end < 0) continue;  // gives the codes of the other end, signs turned
      // The code, not whole, that the value of largest magnitude would take.
      const float reach = end + std::copysign(0.1f * static_cast<float>(step), end);
      scan.Try(Inverse(extreme) * reach);
    }
  }
  return Settle<N>(x, scan.fit(), range, solve);
}

// x ~ scale * code + offset, codes from 0. With `AtMostZero`, as the K types store it, the offset is negative or 0.
template <size_t N, bool AtMostZero>
Affine FitAffine(const float* x, float high) {
  const auto [low_at, high_at] = std::minmax_element(x, x + N);
  const float low = AtMostZero ? std::min(*low_at, 0.0f) : *low_at;
  const float inverse = Inverse(std::max(*high_at - low, 0.0f));
  const CodeRange range{0, high};
  const auto solve = [](const Moments& m) { return AtMostZero ? SolveAffineAtMostZero<N>(m) : SolveAffine<N>(m); };
  Scan<N, decltype(solve)> scan(x, low, range, solve);
  for (int step = -12; step <= 9; ++step) scan.Try((high + 0.1f * static_cast<float>(step)) * inverse);
  return Settle<N>(x, scan.fit(), range, solve);
}

}  // namespace sheepop
