// exp, tanh and their kin over F32x16, step by step as reference/lanes.h. Included after lanes.h.
#include "kernel/generic/lanes_polynomials.h"

namespace sheepop::kernel {
namespace {

// Exp for x <= kExpMax.
inline F32x16 ExpBounded(F32x16 x) {
  const F32x16 bias = Broadcast(kRoundingBias);
  const F32x16 biased = Fma(x, Broadcast(kLog2E), bias);
  const F32x16 n = biased - bias;
  const F32x16 r = Fma(n, Broadcast(-kLn2Low), Fma(n, Broadcast(-kLn2High), x));
  F32x16 p = Broadcast(kExpTerms[4]);
  for (int i = 3; i >= 0; --i) p = Fma(p, r, Broadcast(kExpTerms[i]));
  p = Fma(p, r * r, r) + Broadcast(1);
  return ZeroIfLess(x, Broadcast(kExpMin), ScaleByPower(p, biased));
}

inline F32x16 Exp(F32x16 x) { return IfLess(Broadcast(kExpMax), x, Broadcast(__builtin_inff()), ExpBounded(x)); }

inline F32x16 Tanh(F32x16 x) {
  const F32x16 size = Abs(x);
  const F32x16 z = x * x;
  F32x16 t = Broadcast(kTanhTerms[5]);
  for (int i = 4; i >= 0; --i) t = Fma(t, z, Broadcast(kTanhTerms[i]));
  const F32x16 small = Fma(t * z, x, x);
  const F32x16 large = Broadcast(1) - Broadcast(2) / (Exp(size + size) + Broadcast(1));
  return IfLess(size, Broadcast(kTanhSmall), small, CopySign(large, x));
}

inline F32x16 Silu(F32x16 x) { return x / (Broadcast(1) + Exp(-x)); }

inline F32x16 Gelu(F32x16 x) {
  const F32x16 power = x * Fma(x * x, Broadcast(kGeluCubic), Broadcast(kGeluLinear));
  return x / (Broadcast(1) + Exp(power));
}

inline F32x16 ClampedSwiglu(F32x16 gate, F32x16 up) {
  const F32x16 limit = Broadcast(-kSwigluLimit);
  const F32x16 g = -Max(limit, -gate), u = -Max(limit, -Max(limit, up));
  return g / (Broadcast(1) + Exp(g * Broadcast(-kSwigluSlope))) * (u + Broadcast(1));
}

inline F32x16 Softcap(F32x16 x, F32x16 cap) { return cap * Tanh(x / cap); }

}  // namespace
}  // namespace sheepop::kernel
