// Types with blocks of 256 values in 8 groups of 32 or 16 groups of 16. Layouts: ggml's (https://github.com/ggml-org/ggml, ggml-common.h); byte offsets inside a
// block stand above its type.
#include <array>

#include "tensor/bit_fields.h"
#include "tensor/k_fit.h"
#include "tensor/k_scales.h"
#include "tensor/type_row.h"

namespace sheepop {
namespace {

using kernel::PackedType;

// One more bit per value: bit k of byte i belongs to value 32 k + i.
int OneBit(const uint8_t* bits /* [32] */, int i) { return bits[i % 32] >> (i / 32) & 1; }

// Four-bit codes of Q4_K and Q5_K: 4 runs of 32 bytes; the low halves of run r are group 2r, the high halves group
// 2r + 1.
int NibbleOfRun(const uint8_t* codes /* [128] */, int i) {
  return codes[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
}

constexpr KLimits kQ4KLimits{{0, 15}, {0, 63}, 63};
constexpr KLimits kQ5KLimits{{0, 31}, {0, 63}, 63};
constexpr KLimits kQ6KLimits{{-32, 31}, {-128, 127}, 0};

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

// As NibbleOfRun reads them.
void StoreRunsOfNibbles(const KFit<8, 32>& fit, uint8_t* out /* [128] */) {
  for (size_t i = 0; i < 128; ++i) {
    const size_t at = i / 32 * 64 + i % 32;
    const auto low = static_cast<unsigned>(fit.codes[at]), high = static_cast<unsigned>(fit.codes[at + 32]);
    out[i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
  }
}

constexpr uint32_t kLowHalves = 0x0f0f0f0f;

// Eight words of one block, each the values of 4 consecutive inputs, into lines of halves.
template <PackedType kPacked>
void StoreHalves(const uint32_t (&words)[8], size_t block, PackedPlace<kPacked> to) {
  for (size_t i = 0; i < 4; ++i) to.StoreWord(block, i, (words[i] & kLowHalves) | (words[4 + i] & kLowHalves) << 4);
}

// d, dmin and scales of Q4_K and Q5_K.
template <PackedType kPacked>
void PackKHead(const uint8_t* in, PackedPlace<kPacked> to) {
  to.CopyScale(in);
  to.CopyMin(in + 2);
  const KScales unpacked = UnpackKScales(in + 4);
  for (size_t b = 0; b < 8; ++b) {
    to.Scale(b, 0) = unpacked.scales[b];
    to.Min(b, 0) = unpacked.minimums[b];
  }
}

// Q4_K and Q5_K: block b's codes are half b % 2 of the 32 bytes at 32 * (b / 2).
void KCodes(const uint8_t* codes, size_t b, uint32_t (&words)[8]) {
  for (size_t i = 0; i < 8; ++i) words[i] = Word(codes + 32 * (b / 2), i) >> (4 * (b % 2));
}

// scales[16] (low half: scale, high half: minimum), codes[64], d, dmin (fp16).
struct Q2_K {
  static constexpr DTypeInfo kInfo = {DType::kQ2_K, "Q2_K", 256, 84, true};
  static constexpr PackedType kPacked = PackedType::kQ2_K;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in + 80), dmin = LoadHalf(in + 82);
    for (int i = 0; i < 256; ++i) {
      const float scale = d * static_cast<float>(in[i / 16] & 15);
      const float minimum = dmin * static_cast<float>(in[i / 16] >> 4);
      out[i] = scale * static_cast<float>(TwoBits(in + 16, i)) - minimum;
    }
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in + 80);
    to.CopyMin(in + 82);
    for (size_t s = 0; s < 16; ++s) {
      to.Scale(s / 2, s % 2) = in[s] & 15;
      to.Min(s / 2, s % 2) = in[s] >> 4;
    }
    for (size_t b = 0; b < 8; ++b) {
      uint32_t words[8];
      for (size_t i = 0; i < 8; ++i) words[i] = TwoBitsOfBlock(in + 16, b, i);
      StoreHalves(words, b, to);
    }
  }
};

// high bits[32], codes[64], scales[12], d (fp16). A scale's low 4 bits lie in bytes 0..7 (low halves, then high
// halves), its top 2 bits in bytes 8..11; 32 is taken off. A high bit that is 0 takes 4 off the code.
struct Q3_K {
  static constexpr DTypeInfo kInfo = {DType::kQ3_K, "Q3_K", 256, 110, true};
  static constexpr PackedType kPacked = PackedType::kQ3_K;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in + 108);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(GroupScale(in, group));
      for (int i = group * 16; i < group * 16 + 16; ++i) {
        out[i] = scale * static_cast<float>(TwoBits(in + 32, i) - (OneBit(in, i) ? 0 : 4));
      }
    }
  }

  // Of a group of 16.
  static int GroupScale(const uint8_t* in, int group) {
    const uint8_t* packed = in + 96;
    const int low = packed[group % 8] >> (group / 8 * 4) & 15;
    const int high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
    return (low | high << 4) - 32;
  }

  // The code less 4 where its high bit is 0, and 8 added: the code and 4, 8 with the high bit.
  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in + 108);
    for (size_t s = 0; s < 16; ++s) {
      to.Scale(s / 2, s % 2) = static_cast<uint8_t>(GroupScale(in, static_cast<int>(s)));
    }
    for (size_t b = 0; b < 8; ++b) {
      uint32_t words[8];
      for (size_t i = 0; i < 8; ++i) {
        words[i] = TwoBitsOfBlock(in + 32, b, i) + 0x04040404 + ((Word(in, i) >> b & 0x01010101) << 2);
      }
      StoreHalves(words, b, to);
    }
  }
};

// d, dmin (fp16), scales[12], codes[128].
struct Q4_K {
  static constexpr DTypeInfo kInfo = {DType::kQ4_K, "Q4_K", 256, 144, true};
  static constexpr PackedType kPacked = PackedType::kQ4_K;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
    const KScales groups = UnpackKScales(in + 4);
    for (int i = 0; i < 256; ++i) {
      const float scale = d * static_cast<float>(groups.scales[i / 32]);
      const float minimum = dmin * static_cast<float>(groups.minimums[i / 32]);
      out[i] = scale * static_cast<float>(NibbleOfRun(in + 16, i)) - minimum;
    }
  }

  static void Quantise(const float* x, uint8_t* out) {
    const auto fit = FitBlock<8, 32>(x, kQ4KLimits);
    StoreKHead(fit, out);
    StoreRunsOfNibbles(fit, out + 16);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    PackKHead(in, to);
    for (size_t b = 0; b < 8; ++b) {
      uint32_t words[8];
      KCodes(in + 16, b, words);
      StoreHalves(words, b, to);
    }
  }
};

// d, dmin (fp16), scales[12], high bits[32], codes[128].
struct Q5_K {
  static constexpr DTypeInfo kInfo = {DType::kQ5_K, "Q5_K", 256, 176, true};
  static constexpr PackedType kPacked = PackedType::kQ5_K;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
    const KScales groups = UnpackKScales(in + 4);
    for (int i = 0; i < 256; ++i) {
      const float scale = d * static_cast<float>(groups.scales[i / 32]);
      const float minimum = dmin * static_cast<float>(groups.minimums[i / 32]);
      const int code = NibbleOfRun(in + 48, i) | OneBit(in + 16, i) << 4;
      out[i] = scale * static_cast<float>(code) - minimum;
    }
  }

  static void Quantise(const float* x, uint8_t* out) {
    const auto fit = FitBlock<8, 32>(x, kQ5KLimits);
    StoreKHead(fit, out);
    for (size_t i = 0; i < 32; ++i) {
      unsigned bits = 0;
      for (size_t g = 0; g < 8; ++g) bits |= (static_cast<unsigned>(fit.codes[g * 32 + i]) >> 4) << g;
      out[16 + i] = static_cast<uint8_t>(bits);
    }
    StoreRunsOfNibbles(fit, out + 48);
  }

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    PackKHead(in, to);
    for (size_t b = 0; b < 8; ++b) {
      uint32_t words[8], fifth = 0;
      KCodes(in + 48, b, words);
      StoreHalves(words, b, to);
      for (size_t i = 0; i < 8; ++i) fifth |= (Word(in + 16, i) >> b & 0x01010101) << i;
      to.StoreWord(b, 4, fifth);
    }
  }
};

// low codes[128], high codes[64], scales[16] (int8), d (fp16). The low 4 bits of value 128 h + 64 k + i are half k of
// byte 64 h + i; the top 2 bits lie as in TwoBits; 32 is taken off.
struct Q6_K {
  static constexpr DTypeInfo kInfo = {DType::kQ6_K, "Q6_K", 256, 210, true};
  static constexpr PackedType kPacked = PackedType::kQ6_K;

  static void Dequantise(const uint8_t* in, float* out) {
    const float d = LoadHalf(in + 208);
    for (int i = 0; i < 256; ++i) {
      const float scale = d * static_cast<float>(static_cast<int8_t>(in[192 + i / 16]));
      const int low = in[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
      out[i] = scale * static_cast<float>((low | TwoBits(in + 128, i) << 4) - 32);
    }
  }

  static void Quantise(const float* x, uint8_t* out) {
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

  static void Pack(const uint8_t* in, PackedPlace<kPacked> to) {
    to.CopyScale(in + 208);
    for (size_t s = 0; s < 16; ++s) to.Scale(s / 2, s % 2) = in[192 + s];
    for (size_t b = 0; b < 8; ++b) {
      uint32_t words[8];
      for (size_t i = 0; i < 8; ++i) words[i] = Word(in + 64 * (b / 4) + 32 * (b % 2), i) >> (b % 4 / 2 * 4);
      StoreHalves(words, b, to);
      PackTwoBits(in + 128, b, 4, to);
    }
  }
};

constexpr std::array kRows = {
    type_row::Row<Q2_K>(), type_row::Row<Q3_K>(), type_row::Row<Q4_K>(), type_row::Row<Q5_K>(), type_row::Row<Q6_K>(),
};

}  // namespace

std::span<const TypeRow> KTypes() { return kRows; }

}  // namespace sheepop
