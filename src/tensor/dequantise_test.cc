#include "tensor/dequantise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/k_scales.h"

namespace sheepop {
namespace {

using Block = std::vector<uint8_t>;

std::vector<float> Values(DType type, const Block& block) {
  std::vector<float> out(block.size() / Info(type).block_bytes * Info(type).block_size, NAN);
  Dequantise(type, std::as_bytes(std::span(block)), out);
  return out;
}

// fp16 1.0, 0.5, -2.0: little-endian.
constexpr uint8_t kOne = 0x3c, kHalf = 0x38, kMinusTwo = 0xc0;

TEST(Dequantise, Q4_0LowHalvesComeFirst) {
  Block block(18);
  block[1] = kHalf;
  block[2] = 0xf0;  // value 0: code 0; value 16: code 15
  block[17] = 0x8a;
  const auto values = Values(DType::kQ4_0, block);
  EXPECT_EQ(values[0], -4.0f);
  EXPECT_EQ(values[16], 3.5f);
  EXPECT_EQ(values[15], 1.0f);
  EXPECT_EQ(values[31], 0.0f);
}

TEST(Dequantise, Q4_1AddsTheMinimum) {
  Block block(20);
  block[1] = kHalf;
  block[3] = kMinusTwo;
  block[4] = 0x31;
  const auto values = Values(DType::kQ4_1, block);
  EXPECT_EQ(values[0], -1.5f);
  EXPECT_EQ(values[16], -0.5f);
  EXPECT_EQ(values[1], -2.0f);
}

TEST(Dequantise, Q5TakesItsFifthBitByValueIndex) {
  Block block(22);
  block[1] = kOne;
  block[2] = 0x01;       // value 0
  block[5] = 0x80;       // value 31
  block[6] = 0x02;       // value 0: 2 | 16
  block[6 + 15] = 0xf0;  // value 31: 15 | 16
  const auto values = Values(DType::kQ5_0, block);
  EXPECT_EQ(values[0], 2.0f);
  EXPECT_EQ(values[31], 15.0f);
  EXPECT_EQ(values[16], -16.0f);

  Block with_minimum = {0, kOne, 0, kMinusTwo, 0x01, 0, 0, 0x80};
  with_minimum.resize(24);
  with_minimum[8] = 0x02;
  with_minimum[8 + 15] = 0xf0;
  const auto shifted = Values(DType::kQ5_1, with_minimum);
  EXPECT_EQ(shifted[0], 16.0f);
  EXPECT_EQ(shifted[31], 29.0f);
  EXPECT_EQ(shifted[16], -2.0f);
}

TEST(Dequantise, Q8_0IsSigned) {
  Block block(34);
  block[1] = kHalf;
  block[2] = 0x80;
  block[33] = 0x7f;
  const auto values = Values(DType::kQ8_0, block);
  EXPECT_EQ(values[0], -64.0f);
  EXPECT_EQ(values[31], 63.5f);
}

TEST(Dequantise, Iq4NlLooksUpItsTable) {
  Block block(18);
  block[1] = kOne;
  block[2] = 0xf0;
  const auto values = Values(DType::kIQ4_NL, block);
  EXPECT_EQ(values[0], -127.0f);
  EXPECT_EQ(values[16], 113.0f);
}

TEST(Dequantise, Iq4XsScalesAreSixBitsLess32) {
  Block block(136);
  block[1] = kOne;
  block[2] = 0x01;        // block 0: upper bits 1
  block[3] = 0xc0;        // block 7: upper bits 3
  block[4] = 0x02;        // block 0: 2 | 16, less 32: -14
  block[7] = 0xf0;        // block 7: 15 | 48, less 32: 31
  block[8] = 0x08;        // value 0: 1; value 16: -127
  block[8 + 127] = 0xf0;  // value 255: 113; value 239: -127
  const auto values = Values(DType::kIQ4_XS, block);
  EXPECT_EQ(values[0], -14.0f);
  EXPECT_EQ(values[16], 14.0f * 127);
  EXPECT_EQ(values[255], 31.0f * 113);
  EXPECT_EQ(values[239], -31.0f * 127);
  EXPECT_EQ(values[32], 32.0f * 127);  // block 1: scale -32
}

TEST(Dequantise, Mxfp4ScalesArePowersOfTwo) {
  Block block(17);
  block[0] = 128;
  block[1] = 0x17;   // value 0: 6; value 16: 0.5
  block[16] = 0xfa;  // value 15: -1; value 31: -6
  auto values = Values(DType::kMXFP4, block);
  EXPECT_EQ(values[0], 12.0f);
  EXPECT_EQ(values[16], 1.0f);
  EXPECT_EQ(values[15], -2.0f);
  EXPECT_EQ(values[31], -12.0f);
  // The smallest are denormal, and none is a NaN.
  for (const auto& [e, half] : {std::pair(0, 0x1p-128f), std::pair(1, 0x1p-127f), std::pair(2, 0x1p-126f)}) {
    block[0] = static_cast<uint8_t>(e);
    values = Values(DType::kMXFP4, block);
    EXPECT_EQ(values[16], half) << e;
    EXPECT_EQ(values[0], 12 * half) << e;
  }
  block[0] = 255;
  values = Values(DType::kMXFP4, block);
  EXPECT_EQ(values[16], 0x1p127f);
  EXPECT_EQ(values[31], -INFINITY);
}

TEST(Dequantise, Nvfp4HasAnUnsignedScaleForSixteenValues) {
  Block block(36);
  block[0] = 0x38;                                            // 1
  block[1] = 0x01;                                            // 2^-9
  block[2] = 0x7e;                                            // 448
  block[3] = 0x7f;                                            // what other formats call NaN is 0
  for (size_t i = 4; i < block.size(); ++i) block[i] = 0x72;  // low halves 1, high halves 6
  auto values = Values(DType::kNVFP4, block);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[7], 1.0f);
  EXPECT_EQ(values[8], 6.0f);
  EXPECT_EQ(values[15], 6.0f);
  EXPECT_EQ(values[16], 0x1p-9f);
  EXPECT_EQ(values[32], 448.0f);
  EXPECT_EQ(values[63], 0.0f);
  block[3] = 0xb8;  // the sign does not count
  values = Values(DType::kNVFP4, block);
  EXPECT_EQ(values[63], 6.0f);
}

TEST(Dequantise, TheFewestBitsRunFromTheLowEnd) {
  Block one(18);
  one[1] = kHalf;
  one[2] = 0x01;   // value 0
  one[17] = 0x80;  // value 127
  auto values = Values(DType::kQ1_0, one);
  EXPECT_EQ(values[0], 0.5f);
  EXPECT_EQ(values[1], -0.5f);
  EXPECT_EQ(values[127], 0.5f);
  EXPECT_EQ(values[126], -0.5f);

  Block two(18);
  two[1] = kHalf;
  two[2] = 0x1b;   // values 0 to 3: 2, 1, 0, -1
  two[17] = 0x40;  // value 63: 0
  values = Values(DType::kQ2_0, two);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], 0.5f);
  EXPECT_EQ(values[2], 0.0f);
  EXPECT_EQ(values[3], -0.5f);
  EXPECT_EQ(values[63], 0.0f);
  EXPECT_EQ(values[62], -0.5f);
}

TEST(Dequantise, TritsAreDigitsBehindThePoint) {
  Block block(54);
  block[53] = kOne;
  block[0] =
      253;  // 22222 to base 3, which is 242, as a fraction of 243: 242 * 256 / 243 rounded up is 255, less 2: 22221
  block[51] = 192;  // 0.2020
  const auto values = Values(DType::kTQ1_0, block);
  EXPECT_EQ(values[0], 1.0f);     // trit 0 of byte 0
  EXPECT_EQ(values[32], 1.0f);    // trit 1
  EXPECT_EQ(values[128], -1.0f);  // trit 4
  EXPECT_EQ(values[1], -1.0f);    // a byte of 0
  EXPECT_EQ(values[243], 1.0f);   // trit 0 of the last byte
  EXPECT_EQ(values[247], -1.0f);
  EXPECT_EQ(values[251], 1.0f);
  EXPECT_EQ(values[255], -1.0f);
}

TEST(Dequantise, Q2_KGroupsHaveScaleAndMinimum) {
  Block block(84);
  block[81] = kOne;
  block[83] = kHalf;
  block[0] = 0x23;        // group 0: scale 3, minimum 2
  block[15] = 0x01;       // group 15: scale 1, minimum 0
  block[16] = 0x02;       // value 0
  block[16 + 63] = 0xc0;  // value 255
  const auto values = Values(DType::kQ2_K, block);
  EXPECT_EQ(values[0], 5.0f);
  EXPECT_EQ(values[1], -1.0f);
  EXPECT_EQ(values[255], 3.0f);
}

TEST(Dequantise, Q3_KHighBitAndSignedScales) {
  Block block(110);
  block[109] = kOne;
  block[0] = 0x01;        // high bit of value 0
  block[31] = 0x80;       // high bit of value 255
  block[32] = 0x03;       // low bits of value 0
  block[96] = 0x01;       // group 0 low 4 bits
  block[96 + 8] = 0x02;   // group 0 top 2 bits: scale (1 | 32) - 32 = 1
  block[96 + 7] = 0xf0;   // group 15
  block[96 + 11] = 0xc0;  // scale 63 - 32 = 31
  const auto values = Values(DType::kQ3_K, block);
  EXPECT_EQ(values[0], 3.0f);
  EXPECT_EQ(values[1], -4.0f);
  EXPECT_EQ(values[255], 0.0f);
  EXPECT_EQ(values[254], -124.0f);
  EXPECT_EQ(values[16], 128.0f);  // group 1: scale -32, code -4
}

TEST(Dequantise, Q4_KAndQ5_KUnpackSixBitScales) {
  KScales scales{};
  scales.scales = {1, 0, 0, 0, 0, 0, 0, 63};
  scales.minimums = {2, 0, 0, 0, 0, 0, 0, 33};
  Block block(144);
  block[1] = kOne;
  block[3] = kHalf;
  PackKScales(scales, &block[4]);
  block[16] = 0x07;        // value 0
  block[16 + 127] = 0xf0;  // value 255
  auto values = Values(DType::kQ4_K, block);
  EXPECT_EQ(values[0], 6.0f);
  EXPECT_EQ(values[255], 63.0f * 15 - 16.5f);
  EXPECT_EQ(values[254], -16.5f);

  Block wide(176);
  std::copy_n(block.begin(), 16, wide.begin());
  std::copy_n(block.begin() + 16, 128, wide.begin() + 48);
  wide[16] = 0x01;       // fifth bit of value 0
  wide[16 + 31] = 0x80;  // of value 255
  values = Values(DType::kQ5_K, wide);
  EXPECT_EQ(values[0], 22.0f);
  EXPECT_EQ(values[255], 63.0f * 31 - 16.5f);
}

TEST(Dequantise, KScalesSurviveARoundTrip) {
  KScales in;
  for (int group = 0; group < 8; ++group) {
    in.scales[group] = static_cast<uint8_t>(group * 9);
    in.minimums[group] = static_cast<uint8_t>(63 - group * 8);
  }
  uint8_t packed[12];
  PackKScales(in, packed);
  EXPECT_EQ(UnpackKScales(packed).scales, in.scales);
  EXPECT_EQ(UnpackKScales(packed).minimums, in.minimums);
}

TEST(Dequantise, Q6_KCodesAndScales) {
  Block block(210);
  block[209] = kOne;
  block[192] = 0x02;       // scale 2
  block[192 + 15] = 0xff;  // scale -1
  block[0] = 0x01;
  block[128] = 0x03;  // value 0: 1 | 48 = 49
  block[127] = 0xf0;
  block[128 + 63] = 0xc0;  // value 255: 63
  const auto values = Values(DType::kQ6_K, block);
  EXPECT_EQ(values[0], 34.0f);
  EXPECT_EQ(values[1], -64.0f);
  EXPECT_EQ(values[255], -31.0f);
  EXPECT_EQ(values[254], 32.0f);
}

struct Golden {
  DType type;
  std::vector<size_t> halves;  // offsets of fp16 fields
  uint64_t hash;
  float first, thirty_eighth;
};

// Made by dequantise_golden.py from ggml's own Python implementation, Q1_0 and Q2_0 from the one in C.
const Golden kGoldens[] = {
    {DType::kQ4_0, {0}, 0xc098845088e91549u, 0x1.f500000000000p-2f, -0x1.33c8000000000p-1f},
    {DType::kQ4_1, {0, 2}, 0x342055db6efb4ec9u, -0x1.74d8000000000p-1f, -0x1.b540000000000p-1f},
    {DType::kQ5_0, {0}, 0x9265d016f3d3dfb9u, 0x1.6f00000000000p-1f, -0x1.1bf0000000000p+0f},
    {DType::kQ5_1, {0, 2}, 0x526174a75e3a1e2au, 0x1.cb38000000000p+1f, 0x1.e618000000000p+0f},
    {DType::kQ8_0, {0}, 0xe01f908edc4a076au, -0x1.1e1f800000000p+3f, -0x1.4428000000000p+2f},
    {DType::kQ2_K, {80, 82}, 0xb50e4056652186c4u, -0x1.58c8000000000p+1f, -0x1.d300000000000p-3f},
    {DType::kQ3_K, {108}, 0x9c9a6d9f642154e0u, 0x1.4a00000000000p+0f, -0x1.ce00000000000p+2f},
    {DType::kQ4_K, {0, 2}, 0x01183867373b1044u, 0x1.cf0b000000000p+3f, 0x1.dbd7800000000p+3f},
    {DType::kQ5_K, {0, 2}, 0xc31076255eb05678u, 0x1.5800000000000p+0f, 0x1.d79b800000000p+4f},
    {DType::kQ6_K, {208}, 0xae938496a013b325u, 0x1.30d3600000000p+5f, -0x1.4616480000000p+7f},
    {DType::kIQ4_NL, {0}, 0xa7615f0254b055d1u, -0x1.970b800000000p+3f, 0x1.287d000000000p+2f},
    {DType::kIQ4_XS, {0}, 0x04d546a8c2e0d1c8u, -0x1.d64c600000000p+6f, 0x1.bf5f400000000p+5f},
    {DType::kTQ1_0, {52}, 0x09b376565844ef6cu, 0x0.0p+0f, -0x1.2f00000000000p-4f},
    {DType::kTQ2_0, {64}, 0xb2095af6c761b69cu, 0x0.0p+0f, 0x1.91c0000000000p-4f},
    {DType::kMXFP4, {}, 0xb9c426d99d0024afu, -0x1.0000000000000p+38f, 0x1.8000000000000p+99f},
    {DType::kNVFP4, {}, 0x037418a60917ec04u, -0x1.c000000000000p-6f, 0x1.e000000000000p-5f},
    {DType::kQ1_0, {0}, 0x404bc793ba742825u, 0x1.f900000000000p-4f, -0x1.f900000000000p-4f},
    {DType::kQ2_0, {0}, 0x4648a28d084580eeu, -0x1.b140000000000p-3f, -0x1.b140000000000p-3f},
};

std::vector<uint8_t> Xorshift32(size_t count, uint32_t state) {
  std::vector<uint8_t> out(count);
  for (uint8_t& byte : out) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<uint8_t>(state);
  }
  return out;
}

TEST(Dequantise, AgreesBitForBitWithGgml) {
  for (const Golden& golden : kGoldens) {
    const DTypeInfo& info = Info(golden.type);
    Block blocks = Xorshift32(2 * info.block_bytes, 12345 + static_cast<uint32_t>(golden.type));
    for (size_t block = 0; block < 2; ++block) {
      for (size_t offset : golden.halves) {
        uint8_t& high = blocks[block * info.block_bytes + offset + 1];
        high = static_cast<uint8_t>((high & 0x83) | 0x2c);
      }
    }
    const auto values = Values(golden.type, blocks);
    uint64_t hash = 0xcbf29ce484222325;
    for (std::byte byte : std::as_bytes(std::span(values))) {
      hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3;
    }
    EXPECT_EQ(values[0], golden.first) << info.name;
    EXPECT_EQ(values[37], golden.thirty_eighth) << info.name;
    EXPECT_EQ(hash, golden.hash) << info.name;
  }
}

TEST(Dequantise, ReadsMisalignedBytes) {
  for (DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_K}) {
    const Block block = Xorshift32(Info(type).block_bytes, 7);
    Block shifted(1);
    shifted.insert(shifted.end(), block.begin(), block.end());
    std::vector<float> out(Info(type).block_size);
    Dequantise(type, std::as_bytes(std::span(shifted)).subspan(1), out);
    const auto expected = Values(type, block);
    for (size_t i = 0; i < out.size(); ++i) {
      EXPECT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(expected[i])) << Info(type).name;
    }
  }
}

}  // namespace
}  // namespace sheepop
