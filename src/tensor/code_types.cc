// Types whose 4-bit codes stand for the numbers of a table. Layouts: ggml's (https://github.com/ggml-org/ggml,
// ggml-common.h) and, of MXFP4, the OCP Microscaling Formats 1.0; byte offsets inside a block stand above its type.
#include <array>
#include <bit>
#include <cmath>

#include "tensor/bit_fields.h"
#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::kE2m1Values;
using kernel::kIq4Values;
using kernel::PackedType;

// d (fp16), codes[16]: d * table[code].
struct IQ4_NL {
  static constexpr DTypeInfo kInfo = {DType::kIQ4_NL, "IQ4_NL", 32, 18, true};
  static constexpr PackedType kPacked = PackedType::kIQ4_NL;
  static constexpr size_t kWordsAt = 2;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    Nibbles32(in + 2, out, [&](int code, int) { return d * static_cast<float>(kIq4Values[code]); });
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) { to.CopyScale(in); }
};

// d (fp16), high scale bits[2], low scale bits[4], codes[8][16]: d * (scale - 32) * table[code], a scale for 32 values, whose
// low 4 bits are half b % 2 of byte b / 2 and whose upper 2 are bits 2b and 2b + 1.
struct IQ4_XS {
  static constexpr DTypeInfo kInfo = {DType::kIQ4_XS, "IQ4_XS", 256, 136, true};
  static constexpr PackedType kPacked = PackedType::kIQ4_XS;

  static int BlockScale(const uint8_t* in, size_t b) {
    const int low = in[4 + b / 2] >> (4 * (b % 2)) & 15, high = in[2 + b / 4] >> (2 * (b % 4)) & 3;
    return (low | high << 4) - 32;
  }

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in);
    for (size_t b = 0; b < 8; ++b) {
      const float scale = d * static_cast<float>(BlockScale(in, b));
      Nibbles32(in + 8 + 16 * b, out + 32 * b,
                [&](int code, int) { return scale * static_cast<float>(kIq4Values[code]); });
    }
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in);
    for (size_t b = 0; b < 8; ++b) {
      to.Scale(b, 0) = static_cast<uint8_t>(BlockScale(in, b));
      PackHalves(in + 8 + 16 * b, b, to);
    }
  }
};

// The code of the number nearest to a value in units of half the smallest.
uint8_t NearestE2m1(float x) {
  const float magnitude = std::abs(x);
  uint8_t code = 0;
  while (code < 7 && magnitude > 0.5F * static_cast<float>(kE2m1Values[code] + kE2m1Values[code + 1])) ++code;
  return static_cast<uint8_t>(code | (std::signbit(x) ? 8 : 0));
}

// e, codes[16]: 2^(e - 127) * number, for which the table holds twice the number. All 256 of e are powers of two, as in
// ggml; the OCP's NaN, 255, is 2^128.
struct MXFP4 {
  static constexpr DTypeInfo kInfo = {DType::kMXFP4, "MXFP4", 32, 17, true};
  static constexpr PackedType kPacked = PackedType::kMXFP4;
  static constexpr size_t kWordsAt = 1;

  static void Dequantise(const uint8_t* in, float* out) {
    const float scale = kernel::PowerScale(in[0]);
    Nibbles32(in + 1, out, [&](int code, int) { return scale * static_cast<float>(kE2m1Values[code]); });
  }

  // The OCP's power of two leaves values of up to 8 units to be cut to 6; the next one leaves none, but is coarser.
  static void Quantise(const float* x, uint8_t* out) {
    float maximum = 0;
    for (int i = 0; i < 32; ++i) maximum = std::max(maximum, std::abs(x[i]));
    const int floor = maximum > 0 ? std::max(std::ilogb(maximum) + 125, 0) : 0;
    double least = INFINITY;
    for (int e = floor; e <= floor + 1; ++e) {
      std::array<uint8_t, 17> block{static_cast<uint8_t>(e)};
      for (size_t i = 0; i < 32; ++i) {
        const uint8_t code = NearestE2m1(std::ldexp(x[i], 128 - e));
        block[1 + i % 16] |= static_cast<uint8_t>(code << (i / 16 * 4));
      }
      std::array<float, 32> back;
      Dequantise(block.data(), back.data());
      double error = 0;
      for (size_t i = 0; i < 32; ++i)
        error += (static_cast<double>(x[i]) - back[i]) * (static_cast<double>(x[i]) - back[i]);
      if (error >= least) continue;
      least = error;
      std::ranges::copy(block, out);
    }
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) { to.Scale(to.first, 0) = in[0]; }
};

// scales[4], codes[4][8]: scale * number, a scale for 16 values; byte j of 8 holds value j in its low and value j + 8 in its
// high half. A scale has 4 bits of exponent and 3 of mantissa; its top bit does not count and 127 is zero.
struct NVFP4 {
  static constexpr DTypeInfo kInfo = {DType::kNVFP4, "NVFP4", 64, 36, true};
  static constexpr PackedType kPacked = PackedType::kNVFP4;

  static uint8_t PackedScale(uint8_t scale) { return scale == 127 ? 0 : scale & 127; }

  static void Dequantise(const uint8_t* in, float* out) {
    for (size_t s = 0; s < 4; ++s) {
      const float scale = HalfToFloat(static_cast<uint16_t>(PackedScale(in[s]) << 7)) * 128;
      for (size_t j = 0; j < 16; ++j) {
        const int code = in[4 + 8 * s + j % 8] >> (j / 8 * 4) & 15;
        out[16 * s + j] = scale * static_cast<float>(kE2m1Values[static_cast<size_t>(code)]);
      }
    }
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    for (size_t s = 0; s < 4; ++s) to.Scale(to.first + s / 2, s % 2) = PackedScale(in[s]);
    for (size_t b = 0; b < 2; ++b) {
      const uint8_t* codes = in + 4 + 16 * b;
      for (size_t i = 0; i < 4; ++i) {
        const size_t shift = i / 2 * 4;
        const uint32_t low = Word(codes, i % 2) >> shift & 0x0f0f0f0f,
                       high = Word(codes, 2 + i % 2) >> shift & 0x0f0f0f0f;
        to.StoreWord(to.first + b, i, low | high << 4);
      }
    }
  }
};

constexpr std::array kRows = {type_row::Row<IQ4_NL>(), type_row::Row<IQ4_XS>(), type_row::Row<MXFP4>(),
                              type_row::Row<NVFP4>()};

}  // namespace

std::span<const TypeRow> CodeTypes() { return kRows; }

}  // namespace sheepop
