// The constants of exp and tanh, shared by every instruction set. Minimax fits; checked over all floats of interest in
// reference/lanes_test.cc.
#pragma once

namespace sheepop::kernel {

// exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln(2) / 2, exp(r) = 1 + r + r^2 * P(r), P of relative error 3e-9.
inline constexpr float kExpMax = 88.72283172607422F;   // the largest x whose exp is finite; above: infinity
inline constexpr float kExpMin = -87.33654022216797F;  // the smallest x whose exp is normal; below: 0
inline constexpr float kLog2E = 1.44269504F;
inline constexpr float kLn2High = 0.693145751953125F;  // 15 bits: n * kLn2High is exact
inline constexpr float kLn2Low = 1.4286068e-06F;
// Adding it rounds a small float to the nearest integer (even), which then stands in the low bits.
inline constexpr float kRoundingBias = 12582912.0F;
inline constexpr float kExpTerms[] = {0.49999994F, 0.1666652F, 0.041668393F, 0.00836878F, 0.001381447F};

// tanh(x) = x + x^3 * T(x^2) below kTanhSmall, 1 - 2 / (exp(2 |x|) + 1) with the sign of x above. T of error 2e-9.
inline constexpr float kTanhSmall = 0.75F;
inline constexpr float kTanhTerms[] = {-0.33333316F, 0.13332695F,    -0.053892724F,
                                       0.021452036F, -0.0076572583F, 0.0017369376F};

// gelu(x) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) * (x + 0.044715 x^3), equal to x / 2 * (1 + tanh(u)) without its
// cancellation.
inline constexpr float kGeluLinear = -1.5957691216F;  // -2 sqrt(2 / pi)
inline constexpr float kGeluCubic = -0.0713548163F;   // 0.044715 times that

// What gpt-oss's gated activation keeps its inputs within, and the slope of its sigmoid.
inline constexpr float kSwigluLimit = 7.0F;
inline constexpr float kSwigluSlope = 1.702F;

}  // namespace sheepop::kernel
