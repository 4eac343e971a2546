// Types with blocks of 32 values. Layouts: ggml's (https://github.com/ggml-org/ggml, ggml-common.h); byte offsets inside a
// block stand above its type.
#include <array>
#include <cmath>

#include "tensor/bit_fields.h"
#include "tensor/block_fit.h"
#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::PackedType;

int FifthBit(const uint8_t* high /* [4] */, int i) { return (high[i / 8] >> (i % 8) & 1) << 4; }

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

// Codes from 0 on, low halves first, as in Nibbles32.
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

// d (fp16), codes[16]: d * (code - 8).
struct Q4_0 {
  static constexpr DTypeInfo kInfo = {DType::kQ4_0, "Q4_0", 32, 18, true};
  static constexpr PackedType kPacked = PackedType::kQ4_0;
  static constexpr size_t kWordsAt = 2;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    Nibbles32(in + 2, out, [&](int code, int) { return d * static_cast<float>(code - 8); });
  }

  static void Quantise(const float* x, uint8_t* out) {
    constexpr CodeRange kRange{-8, 7};
    const Affine fit = FitScaleAsHalf(x, kRange);
    Codes32 codes;
    NearestCodes<32>(x, fit, kRange, codes.data());
    StoreHalf(fit.scale, out);
    StoreNibbles32(codes, 8, out + 2);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) { to.CopyScale(in); }
};

// d, m (fp16), codes[16]: d * code + m.
struct Q4_1 {
  static constexpr DTypeInfo kInfo = {DType::kQ4_1, "Q4_1", 32, 20, true};
  static constexpr PackedType kPacked = PackedType::kQ4_1;
  static constexpr size_t kWordsAt = 4;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    Nibbles32(in + 4, out, [&](int code, int) { return d * static_cast<float>(code) + m; });
  }

  static void Quantise(const float* x, uint8_t* out) {
    const Affine fit = FitAffineAsHalf(x, 15);
    Codes32 codes;
    NearestCodes<32>(x, fit, {0, 15}, codes.data());
    StoreHalf(fit.scale, out);
    StoreHalf(fit.offset, out + 2);
    StoreNibbles32(codes, 0, out + 4);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    to.CopyMin(in + 2);
  }
};

// d (fp16), high bits[4], codes[16]: d * (code - 16).
struct Q5_0 {
  static constexpr DTypeInfo kInfo = {DType::kQ5_0, "Q5_0", 32, 22, true};
  static constexpr PackedType kPacked = PackedType::kQ5_0;
  static constexpr size_t kWordsAt = 6;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    Nibbles32(in + 6, out, [&](int code, int i) { return d * static_cast<float>((code | FifthBit(in + 2, i)) - 16); });
  }

  static void Quantise(const float* x, uint8_t* out) {
    constexpr CodeRange kRange{-16, 15};
    const Affine fit = FitScaleAsHalf(x, kRange);
    Codes32 codes;
    NearestCodes<32>(x, fit, kRange, codes.data());
    StoreHalf(fit.scale, out);
    StoreFifthBits32(codes, 16, out + 2);
    StoreNibbles32(codes, 16, out + 6);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    to.StoreWord(to.first, 4, EveryFourthBit(Word(in + 2, 0)));
  }
};

// d, m (fp16), high bits[4], codes[16]: d * code + m.
struct Q5_1 {
  static constexpr DTypeInfo kInfo = {DType::kQ5_1, "Q5_1", 32, 24, true};
  static constexpr PackedType kPacked = PackedType::kQ5_1;
  static constexpr size_t kWordsAt = 8;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    Nibbles32(in + 8, out, [&](int code, int i) { return d * static_cast<float>(code | FifthBit(in + 4, i)) + m; });
  }

  static void Quantise(const float* x, uint8_t* out) {
    const Affine fit = FitAffineAsHalf(x, 31);
    Codes32 codes;
    NearestCodes<32>(x, fit, {0, 31}, codes.data());
    StoreHalf(fit.scale, out);
    StoreHalf(fit.offset, out + 2);
    StoreFifthBits32(codes, 0, out + 4);
    StoreNibbles32(codes, 0, out + 8);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    to.CopyMin(in + 2);
    to.StoreWord(to.first, 4, EveryFourthBit(Word(in + 4, 0)));
  }
};

// d (fp16), codes[32] (int8): d * code.
struct Q8_0 {
  static constexpr DTypeInfo kInfo = {DType::kQ8_0, "Q8_0", 32, 34, true};
  static constexpr PackedType kPacked = PackedType::kQ8_0;
  static constexpr size_t kWordsAt = 2;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<int8_t>(in[2 + i]));
  }

  // -128 is left out: kernels that multiply by a sign cannot negate it.
  static void Quantise(const float* x, uint8_t* out) {
    constexpr CodeRange kRange{-127, 127};
    const Affine fit = FitScaleAsHalf(x, kRange);
    Codes32 codes;
    NearestCodes<32>(x, fit, kRange, codes.data());
    StoreHalf(fit.scale, out);
    for (size_t i = 0; i < 32; ++i) out[2 + i] = static_cast<uint8_t>(static_cast<int>(codes[i]));
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) { to.CopyScale(in); }
};

constexpr std::array kRows = {
    type_row::Row<Q4_0>(), type_row::Row<Q4_1>(), type_row::Row<Q5_0>(), type_row::Row<Q5_1>(), type_row::Row<Q8_0>(),
};

}  // namespace

std::span<const TypeRow> Block32Types() { return kRows; }

}  // namespace sheepop
