// Types of one bit, two bits or a trit. Layouts: ggml's (https://github.com/ggml-org/ggml, ggml-common.h); byte offsets
// inside a block stand above its type.
#include <array>
#include <cmath>

#include "tensor/bit_fields.h"
#include "tensor/block_fit.h"
#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::PackedType;

// d (fp16), bits[16]: d where a value's bit is set, -d where it is not.
struct Q1_0 {
  static constexpr DTypeInfo kInfo = {DType::kQ1_0, "Q1_0", 128, 18, true};
  static constexpr PackedType kPacked = PackedType::kQ1_0;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    for (size_t i = 0; i < 128; ++i) out[i] = d * static_cast<float>((in[2 + i / 8] >> (i % 8) & 1) * 2 - 1);
  }

  // The mean magnitude has the least squared error.
  static void Quantise(const float* x, uint8_t* out) {
    StoreHalf(LaneSum<128>([&](size_t i) { return std::abs(x[i]); }) / 128, out);
    std::memset(out + 2, 0, 16);
    for (size_t i = 0; i < 128; ++i) out[2 + i / 8] |= static_cast<uint8_t>((x[i] >= 0 ? 1 : 0) << (i % 8));
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    for (size_t b = 0; b < 4; ++b) to.StoreWord(to.first + b, 0, EveryFourthBit(Word(in + 2, b)));
  }
};

// Sixteen two-bit codes, those of a byte consecutive: bits 2i and 2i + 1 of byte c of the result are code 4i + c.
uint32_t EveryFourthTwoBits(uint32_t codes) {
  uint32_t swapped = (codes >> 6 ^ codes) & 0x00cc00cc;
  codes ^= swapped ^ swapped << 6;
  swapped = (codes >> 12 ^ codes) & 0x0000f0f0;
  return codes ^ swapped ^ swapped << 12;
}

template <size_t N>
Affine FitAsHalf(const float* x, CodeRange range, float* codes) {
  const Affine fit = RoundToHalf(FitScale<N>(x, range));
  NearestCodes<N>(x, fit, range, codes);
  return fit;
}

// d (fp16), codes[16]: d * (code - 1), four codes a byte.
struct Q2_0 {
  static constexpr DTypeInfo kInfo = {DType::kQ2_0, "Q2_0", 64, 18, true};
  static constexpr PackedType kPacked = PackedType::kQ2_0;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    for (size_t i = 0; i < 64; ++i) out[i] = d * static_cast<float>((in[2 + i / 4] >> (i % 4 * 2) & 3) - 1);
  }

  static void Quantise(const float* x, uint8_t* out) {
    std::array<float, 64> codes;
    StoreHalf(FitAsHalf<64>(x, {-1, 2}, codes.data()).scale, out);
    std::memset(out + 2, 0, 16);
    for (size_t i = 0; i < 64; ++i)
      out[2 + i / 4] |= static_cast<uint8_t>(static_cast<int>(codes[i] + 1) << (i % 4 * 2));
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    for (size_t i = 0; i < 4; ++i) to.StoreWord(to.first + i / 2, i % 2, EveryFourthTwoBits(Word(in + 2, i)));
  }
};

// The ternary types: d * (code - 1).
void DequantiseTernary(const uint8_t* codes /* [64] */, float d, float* out) {
  for (int i = 0; i < 256; ++i) out[i] = d * static_cast<float>(TwoBits(codes, i) - 1);
}

// codes[64] as TwoBits reads them, d (fp16).
struct TQ2_0 {
  static constexpr DTypeInfo kInfo = {DType::kTQ2_0, "TQ2_0", 256, 66, true};
  static constexpr PackedType kPacked = PackedType::kTQ2_0;

  static void Dequantise(const uint8_t* in, float* out) { DequantiseTernary(in, LoadHalf(in + 64), out); }

  static void Quantise(const float* x, uint8_t* out) {
    std::array<float, 256> codes;
    StoreHalf(FitAsHalf<256>(x, {-1, 1}, codes.data()).scale, out + 64);
    std::memset(out, 0, 64);
    for (size_t i = 0; i < 256; ++i) {
      out[i / 128 * 32 + i % 32] |= static_cast<uint8_t>(static_cast<int>(codes[i] + 1) << (i % 128 / 32 * 2));
    }
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in + 64);
    for (size_t b = 0; b < 8; ++b) PackTwoBits(in, b, 0, to);
  }
};

// trits[48], the last trits[4], d (fp16). A byte is a fraction of 256, of which trit n is digit n behind the point to base
// 3: five of them, but four in the last. The values in order are trit 0 of 32 bytes, then trit 1, ... and so on with the
// next 16 bytes and the last 4.
struct TQ1_0 {
  static constexpr DTypeInfo kInfo = {DType::kTQ1_0, "TQ1_0", 256, 54, true};
  static constexpr PackedType kPacked = PackedType::kTQ2_0;

  // The same block's codes[64] as TQ2_0 holds them: a trit takes 2 bits in a tile, for five to a byte would have to be
  // taken apart by multiplications at every product.
  static std::array<uint8_t, 64> TwoBitCodes(const uint8_t* in) {
    std::array<uint8_t, 64> codes{};
    size_t value = 0;
    const auto take = [&](const uint8_t* bytes, size_t count, size_t trits) {
      for (size_t n = 0, power = 1; n < trits; ++n, power *= 3) {
        for (size_t m = 0; m < count; ++m, ++value) {
          const size_t code = (bytes[m] * power & 255) * 3 >> 8;
          codes[value / 128 * 32 + value % 32] |= static_cast<uint8_t>(code << (value % 128 / 32 * 2));
        }
      }
    };
    take(in, 32, 5);
    take(in + 32, 16, 5);
    take(in + 48, 4, 4);
    return codes;
  }

  static void Dequantise(const uint8_t* in, float* out) {
    DequantiseTernary(TwoBitCodes(in).data(), LoadHalf(in + 52), out);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    const std::array<uint8_t, 64> codes = TwoBitCodes(in);
    to.CopyScale(in + 52);
    for (size_t b = 0; b < 8; ++b) PackTwoBits(codes.data(), b, 0, to);
  }
};

constexpr std::array kRows = {type_row::Row<Q1_0>(), type_row::Row<Q2_0>(), type_row::Row<TQ1_0>(),
                              type_row::Row<TQ2_0>()};

}  // namespace

std::span<const TypeRow> FewBitTypes() { return kRows; }

}  // namespace sheepop
