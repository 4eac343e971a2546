#include "tensor/quantise.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "tensor/block_fit.h"
#include "tensor/dequantise.h"
#include "tensor/k_scales.h"

namespace sheepop {
namespace {

constexpr float kHalfMax = 65504;

void StoreHalf(float value, uint8_t* out) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(out, &half, sizeof(half));
}

Affine RoundToHalf(Affine fit) { return {HalfToFloat(FloatToHalf(fit.scale)), HalfToFloat(FloatToHalf(fit.offset))}; }

// The candidate of least error once its numbers are fp16.
template <size_t N, size_t Candidates>
Affine BestAsHalf(const float* x, const std::array<Affine, Candidates>& candidates, CodeRange range) {
  BestFit best;
  for (const Affine& candidate : candidates) {
    const Affine rounded = RoundToHalf(candidate);
    best.Offer(rounded, BestError<N>(x, rounded, range));
  }
  return best.fit();
}

float Extreme(const float* x) {
  return *std::max_element(x, x + 32, [](float a, float b) { return std::abs(a) < std::abs(b); });
}

// The fits of the 32-value types, their numbers fp16 already. The plain fit, end of the range on the extreme value, is
// among the candidates: rounding to fp16 can spoil a better one.
Affine FitScaleAsHalf(const float* x, CodeRange range) {
  return BestAsHalf<32, 2>(x, {FitScale<32>(x, range), Affine{Extreme(x) / range.low, 0}}, range);
}

Affine FitAffineAsHalf(const float* x, float high) {
  const auto [low_at, high_at] = std::minmax_element(x, x + 32);
  const Affine plain{(*high_at - *low_at) / high, *low_at};
  return BestAsHalf<32, 2>(x, {FitAffine<32, false>(x, high), plain}, {0, high});
}

using Codes32 = std::array<float, 32>;

// Codes from 0 on, low halves first, as in dequantise.cc.
void StoreNibbles32(const Codes32& codes, float bias, uint8_t* out /* [16] */) {
  for (size_t i = 0; i < 16; ++i) {
    const auto low = static_cast<unsigned>(codes[i] + bias), high = static_cast<unsigned>(codes[i + 16] + bias);
    out[i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
  }
}

void StoreFifthBits32(const Codes32& codes, float bias, uint8_t* out /* [4] */) {
  uint32_t bits = 0;
  for (size_t i = 0; i < 32; ++i) bits |= (static_cast<unsigned>(codes[i] + bias) >> 4) << i;
  std::memcpy(out, &bits, sizeof(bits));
}

void BlockQ4_0(const float* x, uint8_t* out) {
  constexpr CodeRange kRange{-8, 7};
  const Affine fit = FitScaleAsHalf(x, kRange);
  Codes32 codes;
  NearestCodes<32>(x, fit, kRange, codes.data());
  StoreHalf(fit.scale, out);
  StoreNibbles32(codes, 8, out + 2);
}

void BlockQ5_0(const float* x, uint8_t* out) {
  constexpr CodeRange kRange{-16, 15};
  const Affine fit = FitScaleAsHalf(x, kRange);
  Codes32 codes;
  NearestCodes<32>(x, fit, kRange, codes.data());
  StoreHalf(fit.scale, out);
  StoreFifthBits32(codes, 16, out + 2);
  StoreNibbles32(codes, 16, out + 6);
}

void BlockQ4_1(const float* x, uint8_t* out) {
  const Affine fit = FitAffineAsHalf(x, 15);
  Codes32 codes;
  NearestCodes<32>(x, fit, {0, 15}, codes.data());
  StoreHalf(fit.scale, out);
  StoreHalf(fit.offset, out + 2);
  StoreNibbles32(codes, 0, out + 4);
}

void BlockQ5_1(const float* x, uint8_t* out) {
  const Affine fit = FitAffineAsHalf(x, 31);
  Codes32 codes;
  NearestCodes<32>(x, fit, {0, 31}, codes.data());
  StoreHalf(fit.scale, out);
  StoreHalf(fit.offset, out + 2);
  StoreFifthBits32(codes, 0, out + 4);
  StoreNibbles32(codes, 0, out + 8);
}

// -128 is left out: kernels that multiply by a sign cannot negate it.
void BlockQ8_0(const float* x, uint8_t* out) {
  constexpr CodeRange kRange{-127, 127};
  const Affine fit = FitScaleAsHalf(x, kRange);
  Codes32 codes;
  NearestCodes<32>(x, fit, kRange, codes.data());
  StoreHalf(fit.scale, out);
  for (size_t i = 0; i < 32; ++i) out[2 + i] = static_cast<uint8_t>(static_cast<int>(codes[i]));
}

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

constexpr KLimits kQ4KLimits{{0, 15}, {0, 63}, 63};
constexpr KLimits kQ5KLimits{{0, 31}, {0, 63}, 63};
constexpr KLimits kQ6KLimits{{-32, 31}, {-128, 127}, 0};

float Quotient(float a, float b, float low, float high) {
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

void StoreKHead(const KFit<8, 32>& fit, uint8_t* out /* [16] */) {
  KScales groups;
  for (size_t g = 0; g < 8; ++g) {
    groups.scales[g] = static_cast<uint8_t>(fit.scales[g]);
    groups.minimums[g] = static_cast<uint8_t>(fit.minimums[g]);
  }
  StoreHalf(fit.d, out);
  StoreHalf(fit.dmin, out + 2);
  PackKScales(groups, out + 4);
}

// Layouts as in dequantise.cc.
void StoreRunsOfNibbles(const KFit<8, 32>& fit, uint8_t* out /* [128] */) {
  for (size_t i = 0; i < 128; ++i) {
    const size_t at = i / 32 * 64 + i % 32;
    const auto low = static_cast<unsigned>(fit.codes[at]), high = static_cast<unsigned>(fit.codes[at + 32]);
    out[i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
  }
}

void BlockQ4_K(const float* x, uint8_t* out) {
  const auto fit = FitBlock<8, 32>(x, kQ4KLimits);
  StoreKHead(fit, out);
  StoreRunsOfNibbles(fit, out + 16);
}

void BlockQ5_K(const float* x, uint8_t* out) {
  const auto fit = FitBlock<8, 32>(x, kQ5KLimits);
  StoreKHead(fit, out);
  for (size_t i = 0; i < 32; ++i) {
    unsigned bits = 0;
    for (size_t g = 0; g < 8; ++g) bits |= (static_cast<unsigned>(fit.codes[g * 32 + i]) >> 4) << g;
    out[16 + i] = static_cast<uint8_t>(bits);
  }
  StoreRunsOfNibbles(fit, out + 48);
}

void BlockQ6_K(const float* x, uint8_t* out) {
  const auto fit = FitBlock<16, 16>(x, kQ6KLimits);
  std::memset(out, 0, 192);
  for (size_t i = 0; i < 256; ++i) {
    const auto code = static_cast<unsigned>(fit.codes[i] + 32);
    const size_t half = i / 128, within = i % 128;
    out[half * 64 + i % 64] |= static_cast<uint8_t>((code & 15) << (within / 64 * 4));
    out[128 + half * 32 + i % 32] |= static_cast<uint8_t>((code >> 4) << (within / 32 * 2));
  }
  for (size_t g = 0; g < 16; ++g) out[192 + g] = static_cast<uint8_t>(static_cast<int>(fit.scales[g]));
  StoreHalf(fit.d, out + 208);
}

void BlockF32(const float* x, uint8_t* out) { std::memcpy(out, x, sizeof(float)); }

void BlockF16(const float* x, uint8_t* out) { StoreHalf(*x, out); }

void BlockBF16(const float* x, uint8_t* out) {
  const uint16_t bits = FloatToBf16(*x);
  std::memcpy(out, &bits, sizeof(bits));
}

using Block = void (*)(const float*, uint8_t*);

Block BlockOf(DType type) {
  switch (type) {
    case DType::kF32: return BlockF32;
    case DType::kF16: return BlockF16;
    case DType::kBF16: return BlockBF16;
    case DType::kQ4_0: return BlockQ4_0;
    case DType::kQ4_1: return BlockQ4_1;
    case DType::kQ5_0: return BlockQ5_0;
    case DType::kQ5_1: return BlockQ5_1;
    case DType::kQ8_0: return BlockQ8_0;
    case DType::kQ4_K: return BlockQ4_K;
    case DType::kQ5_K: return BlockQ5_K;
    case DType::kQ6_K: return BlockQ6_K;
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kIQ4_NL: break;
  }
  return nullptr;
}

void RefuseUnfit(DType type, std::span<const float> values) {
  if (type == DType::kF32 || type == DType::kBF16) return;
  const bool blocks = Info(type).quantised;
  for (size_t i = 0; i < values.size(); ++i) {
    const float magnitude = std::abs(values[i]);
    if (magnitude <= kHalfMax || (!blocks && !std::isfinite(magnitude))) continue;
    throw Error(ErrorCategory::kInvalidArgument, "value {} at index {} does not fit {}, whose bound is {}", values[i],
                i, Info(type).name, kHalfMax);
  }
}

}  // namespace

bool CanQuantise(DType type) { return BlockOf(type) != nullptr; }

void Quantise(DType type, std::span<const float> values, std::span<std::byte> out) {
  const DTypeInfo& info = Info(type);
  const Block block = BlockOf(type);
  if (!block) throw Error(ErrorCategory::kUnsupported, "weights cannot be written as {}, only read", info.name);
  assert(values.size() % info.block_size == 0);
  assert(out.size() == RowBytes(type, values.size()));
  RefuseUnfit(type, values);
  auto* bytes = reinterpret_cast<uint8_t*>(out.data());
  for (size_t i = 0; i < values.size() / info.block_size; ++i) {
    block(values.data() + i * info.block_size, bytes + i * info.block_bytes);
  }
}

}  // namespace sheepop
