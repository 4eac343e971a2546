#include "tensor/dequantise.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "tensor/k_scales.h"

namespace sheepop {
namespace {

float LoadHalf(const uint8_t* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return HalfToFloat(half);
}

// A block decoder turns one block into block_size values. Byte offsets inside the block are the arguments' comments.

void BlockF32(const uint8_t* in, float* out) { std::memcpy(out, in, sizeof(float)); }

void BlockF16(const uint8_t* in, float* out) { *out = LoadHalf(in); }

void BlockBF16(const uint8_t* in, float* out) {
  uint16_t bits;
  std::memcpy(&bits, in, sizeof(bits));
  *out = Bf16ToFloat(bits);
}

// The 32-value types share one order: byte i holds value i in its low half and value i + 16 in its high half.
template <typename Decode>
void Nibbles32(const uint8_t* codes /* [16] */, float* out, const Decode& decode) {
  for (int i = 0; i < 16; ++i) {
    out[i] = decode(codes[i] & 15, i);
    out[i + 16] = decode(codes[i] >> 4, i + 16);
  }
}

// d (fp16), codes[16]: d * (code - 8).
void BlockQ4_0(const uint8_t* in, float* out) {
  const float d = LoadHalf(in);
  Nibbles32(in + 2, out, [&](int code, int) { return d * static_cast<float>(code - 8); });
}

// d, m (fp16), codes[16]: d * code + m.
void BlockQ4_1(const uint8_t* in, float* out) {
  const float d = LoadHalf(in), m = LoadHalf(in + 2);
  Nibbles32(in + 4, out, [&](int code, int) { return d * static_cast<float>(code) + m; });
}

int FifthBit(const uint8_t* high /* [4] */, int i) { return (high[i / 8] >> (i % 8) & 1) << 4; }

// d (fp16), high bits[4], codes[16]: d * (code - 16).
void BlockQ5_0(const uint8_t* in, float* out) {
  const float d = LoadHalf(in);
  Nibbles32(in + 6, out, [&](int code, int i) { return d * static_cast<float>((code | FifthBit(in + 2, i)) - 16); });
}

// d, m (fp16), high bits[4], codes[16]: d * code + m.
void BlockQ5_1(const uint8_t* in, float* out) {
  const float d = LoadHalf(in), m = LoadHalf(in + 2);
  Nibbles32(in + 8, out, [&](int code, int i) { return d * static_cast<float>(code | FifthBit(in + 4, i)) + m; });
}

// d (fp16), codes[32] (int8): d * code.
void BlockQ8_0(const uint8_t* in, float* out) {
  const float d = LoadHalf(in);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<int8_t>(in[2 + i]));
}

// d (fp16), codes[16]: d * table[code].
void BlockIQ4_NL(const uint8_t* in, float* out) {
  const float d = LoadHalf(in);
  Nibbles32(in + 2, out, [&](int code, int) { return d * static_cast<float>(kIq4NlValues[code]); });
}

// The K types hold 256 values in 8 groups of 32 or 16 groups of 16. Two-bit codes lie in two halves of 32 bytes: bits
// 2k and 2k + 1 of byte i of half h belong to value 128 h + 32 k + i.
int TwoBits(const uint8_t* codes /* [64] */, int i) { return codes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3; }

// One more bit per value: bit k of byte i belongs to value 32 k + i.
int OneBit(const uint8_t* bits /* [32] */, int i) { return bits[i % 32] >> (i / 32) & 1; }

// scales[16] (low half: scale, high half: minimum), codes[64], d, dmin (fp16).
void BlockQ2_K(const uint8_t* in, float* out) {
  const float d = LoadHalf(in + 80), dmin = LoadHalf(in + 82);
  for (int i = 0; i < 256; ++i) {
    const float scale = d * static_cast<float>(in[i / 16] & 15);
    const float minimum = dmin * static_cast<float>(in[i / 16] >> 4);
    out[i] = scale * static_cast<float>(TwoBits(in + 16, i)) - minimum;
  }
}

// high bits[32], codes[64], scales[12], d (fp16). A scale's low 4 bits lie in bytes 0..7 (low halves, then high
// halves), its top 2 bits in bytes 8..11; 32 is taken off. A high bit that is 0 takes 4 off the code.
void BlockQ3_K(const uint8_t* in, float* out) {
  const float d = LoadHalf(in + 108);
  const uint8_t* packed = in + 96;
  for (int group = 0; group < 16; ++group) {
    const int low = packed[group % 8] >> (group / 8 * 4) & 15;
    const int high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    for (int i = group * 16; i < group * 16 + 16; ++i) {
      out[i] = scale * static_cast<float>(TwoBits(in + 32, i) - (OneBit(in, i) ? 0 : 4));
    }
  }
}

// Four-bit codes of Q4_K and Q5_K: 4 runs of 32 bytes; the low halves of run r are group 2r, the high halves group
// 2r + 1.
int NibbleOfRun(const uint8_t* codes /* [128] */, int i) {
  return codes[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
}

// d, dmin (fp16), scales[12], codes[128].
void BlockQ4_K(const uint8_t* in, float* out) {
  const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
  const KScales groups = UnpackKScales(in + 4);
  for (int i = 0; i < 256; ++i) {
    const float scale = d * static_cast<float>(groups.scales[i / 32]);
    const float minimum = dmin * static_cast<float>(groups.minimums[i / 32]);
    out[i] = scale * static_cast<float>(NibbleOfRun(in + 16, i)) - minimum;
  }
}

// d, dmin (fp16), scales[12], high bits[32], codes[128].
void BlockQ5_K(const uint8_t* in, float* out) {
  const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
  const KScales groups = UnpackKScales(in + 4);
  for (int i = 0; i < 256; ++i) {
    const float scale = d * static_cast<float>(groups.scales[i / 32]);
    const float minimum = dmin * static_cast<float>(groups.minimums[i / 32]);
    const int code = NibbleOfRun(in + 48, i) | OneBit(in + 16, i) << 4;
    out[i] = scale * static_cast<float>(code) - minimum;
  }
}

// low codes[128], high codes[64], scales[16] (int8), d (fp16). The low 4 bits of value 128 h + 64 k + i are half k of
// byte 64 h + i; the top 2 bits lie as in TwoBits; 32 is taken off.
void BlockQ6_K(const uint8_t* in, float* out) {
  const float d = LoadHalf(in + 208);
  for (int i = 0; i < 256; ++i) {
    const float scale = d * static_cast<float>(static_cast<int8_t>(in[192 + i / 16]));
    const int low = in[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
    out[i] = scale * static_cast<float>((low | TwoBits(in + 128, i) << 4) - 32);
  }
}

template <void (*Block)(const uint8_t*, float*)>
void Blocks(DType type, std::span<const std::byte> bytes, std::span<float> out) {
  const DTypeInfo& info = Info(type);
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t blocks = out.size() / info.block_size;
  for (size_t i = 0; i < blocks; ++i) Block(in + i * info.block_bytes, out.data() + i * info.block_size);
}

}  // namespace

void Dequantise(DType type, std::span<const std::byte> bytes, std::span<float> out) {
  assert(out.size() % Info(type).block_size == 0);
  assert(bytes.size() == RowBytes(type, out.size()));
  switch (type) {
    case DType::kF32: return Blocks<BlockF32>(type, bytes, out);
    case DType::kF16: return Blocks<BlockF16>(type, bytes, out);
    case DType::kBF16: return Blocks<BlockBF16>(type, bytes, out);
    case DType::kQ4_0: return Blocks<BlockQ4_0>(type, bytes, out);
    case DType::kQ4_1: return Blocks<BlockQ4_1>(type, bytes, out);
    case DType::kQ5_0: return Blocks<BlockQ5_0>(type, bytes, out);
    case DType::kQ5_1: return Blocks<BlockQ5_1>(type, bytes, out);
    case DType::kQ8_0: return Blocks<BlockQ8_0>(type, bytes, out);
    case DType::kQ2_K: return Blocks<BlockQ2_K>(type, bytes, out);
    case DType::kQ3_K: return Blocks<BlockQ3_K>(type, bytes, out);
    case DType::kQ4_K: return Blocks<BlockQ4_K>(type, bytes, out);
    case DType::kQ5_K: return Blocks<BlockQ5_K>(type, bytes, out);
    case DType::kQ6_K: return Blocks<BlockQ6_K>(type, bytes, out);
    case DType::kIQ4_NL: return Blocks<BlockIQ4_NL>(type, bytes, out);
  }
}

// The conversions never form a denormal fp32 number, so they are exact also where denormals are flushed to zero.

float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Half's subnormals are multiples of 2^-24, the spacing of floats just above 0.5: the addition rounds to one.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112 << 10)));
}

float Bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t FloatToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace sheepop
