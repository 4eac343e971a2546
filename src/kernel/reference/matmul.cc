#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/half.h"
#include "kernel/generic/quantised_block.h"
#include "kernel/packed.h"
#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace {

template <typename Number>
Number Load(const uint8_t* bytes, size_t index) {
  Number number;
  std::memcpy(&number, bytes + index * sizeof(Number), sizeof(Number));
  return number;
}

float LoadHalf(const uint8_t* bytes, size_t index) { return HalfToFloat(Load<uint16_t>(bytes, index)); }

struct Dots {
  int32_t low, high;  // over inputs 0 .. 15 and 16 .. 31
};

// value_of(k): the activation of input k.
template <typename ValueOf>
Dots IntegerDots(const PackedFormat& format, const uint8_t* block, size_t row, const ValueOf& value_of) {
  Dots dots = {0, 0};
  for (size_t k = 0; k < kBlockSize; ++k) {
    const int32_t product = (StoredValue(format, block, row, k) - format.offset) * value_of(k);
    (k < 16 ? dots.low : dots.high) += product;
  }
  return dots;
}

// The numbers of one row that scale a block. `header` is of its group, `index` is the block's place in the group.
struct Scales {
  Scales(const PackedFormat& format, const uint8_t* header, size_t index, size_t row) {
    const ScaleForm form = format.scales;
    for (size_t half = 0; half < 2; ++half) {
      scale[half] = header[ScaleOffset(form, index, half) + row];
      min[half] = HasMin(form) ? header[MinOffset(form, index, half) + row] : 0;
    }
    d = LoadHalf(header + HalfOffset(format, index), row);
    if (HasMin(form)) m = LoadHalf(header + MinHalfOffset(format, index), row);
  }

  // Of one of two sixteenths.
  int32_t whole(size_t half) const { return static_cast<int8_t>(scale[half]); }
  float e4m3(size_t half) const { return HalfToFloat(static_cast<uint16_t>(scale[half] << 7)) * 128; }

  uint8_t scale[2], min[2];
  float d, m = 0;
};

// The part of an output that a block of inputs adds where it has one scale; `scaled_sum` is of the whole block.
float AddWhole(ScaleForm form, const Scales& s, float d_x, Dots dots, float scaled_sum, float acc) {
  const auto whole = static_cast<float>(dots.low + dots.high);
  switch (form) {
    case ScaleForm::kHalf: return std::fma(s.d * d_x, whole, acc);
    case ScaleForm::kHalfMin: return std::fma(s.m, scaled_sum, std::fma(s.d * d_x, whole, acc));
    case ScaleForm::kPower: return std::fma(PowerScale(s.scale[0]) * d_x, whole, acc);
    case ScaleForm::kEighths: return std::fma(s.d * static_cast<float>(s.whole(0)) * d_x, whole, acc);
    case ScaleForm::kSuper: return std::fma(-s.m * s.min[0], scaled_sum, std::fma(s.d * s.scale[0] * d_x, whole, acc));
    default: return acc;
  }
}

float AddE4m3(const Scales& s, float d_x, Dots dots, float acc) {
  acc = std::fma(s.e4m3(0) * d_x, static_cast<float>(dots.low), acc);
  return std::fma(s.e4m3(1) * d_x, static_cast<float>(dots.high), acc);
}

// One block's part of an output.
float AddBlock(const PackedFormat& format, const uint8_t* header, size_t index, size_t row, const QuantisedBlock& x,
               float acc) {
  const uint8_t* block = header + format.header_bytes + index * format.block_bytes;
  const Dots dots = IntegerDots(format, block, row, [&](size_t k) { return x.values[k]; });
  const Scales s(format, header, index, row);
  if (format.scales == ScaleForm::kE4m3Sixteenths) return AddE4m3(s, x.scale, dots, acc);
  if (!HasSixteenths(format.scales)) return AddWhole(format.scales, s, x.scale, dots, x.scaled_sum, acc);
  acc = std::fma(s.d * x.scale, static_cast<float>(s.whole(0) * dots.low + s.whole(1) * dots.high), acc);
  if (!HasMin(format.scales)) return acc;
  const int32_t high_sum = x.sums[2] + x.sums[3];
  const int32_t low_sum = x.sums[0] + x.sums[1] - high_sum;
  return std::fma(-s.m * x.scale, static_cast<float>(s.min[0] * low_sum + s.min[1] * high_sum), acc);
}

// The same with activations of 16 bits.
float AddBlock(const PackedFormat& format, const uint8_t* header, size_t index, size_t row, const WideBlock& x,
               float acc) {
  const uint8_t* block = header + format.header_bytes + index * format.block_bytes;
  const Dots dots = IntegerDots(format, block, row, [&](size_t k) { return x.values[WidePlace(k)]; });
  const Scales s(format, header, index, row);
  if (format.scales == ScaleForm::kE4m3Sixteenths) return AddE4m3(s, x.scale, dots, acc);
  if (!HasSixteenths(format.scales)) return AddWhole(format.scales, s, x.scale, dots, x.scaled_sums[0], acc);
  for (size_t half = 0; half < 2; ++half) {
    const auto dot = static_cast<float>(half == 0 ? dots.low : dots.high);
    acc = std::fma(s.d * static_cast<float>(s.whole(half)) * x.scale, dot, acc);
    if (HasMin(format.scales)) acc = std::fma(-s.m * s.min[half], x.scaled_sums[1 + half], acc);
  }
  return acc;
}

template <typename XBlock>
float QuantisedDot(PackedType type, const uint8_t* tile, size_t row, const XBlock* x, size_t blocks) {
  const PackedFormat format = FormatOf(type);
  float acc = 0;
  for (size_t b = 0; b < blocks; ++b) {
    const uint8_t* header = tile + b / format.blocks * format.group_bytes();
    acc = AddBlock(format, header, b % format.blocks, row, x[b], acc);
  }
  return acc;
}

float FloatDot(PackedType type, const uint8_t* tile, size_t row, const float* x, size_t cols) {
  float acc = 0;
  for (size_t k = 0; k < cols; ++k) {
    const size_t index = k * kTileRows + row;
    float weight = 0;
    if (type == PackedType::kF32) weight = Load<float>(tile, index);
    if (type == PackedType::kF16) weight = LoadHalf(tile, index);
    if (type == PackedType::kBf16) weight = Bf16ToFloat(Load<uint16_t>(tile, index));
    acc = std::fma(weight, x[k], acc);
  }
  return acc;
}

void Multiply(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
              std::span<std::byte>) {
  const auto* data = reinterpret_cast<const uint8_t*>(w.data);
  const size_t tile_bytes = TileBytes(w.type, w.cols);
  for (size_t output = tiles.begin * kTileRows; output < tiles.end * kTileRows && output < w.rows; ++output) {
    const uint8_t* tile = data + output / kTileRows * tile_bytes;
    for (size_t row = 0; row < x.rows; ++row) {
      const float sum =
          IsQuantised(w.type)
              ? QuantisedDot(w.type, tile, output % kTileRows, x.quantised + row * x.quantised_stride, w.blocks())
              : FloatDot(w.type, tile, output % kTileRows, x.values + row * x.stride, w.cols);
      float& value = out.values[row * out.stride + output];
      value = out.add ? value + sum : sum;
    }
  }
}

void MultiplyWide(const PackedView& w, const WideInput& x, TileRange tiles, float* out, size_t out_stride) {
  const auto* data = reinterpret_cast<const uint8_t*>(w.data);
  const size_t tile_bytes = TileBytes(w.type, w.cols);
  for (size_t output = tiles.begin * kTileRows; output < tiles.end * kTileRows && output < w.rows; ++output) {
    const uint8_t* tile = data + output / kTileRows * tile_bytes;
    for (size_t row = 0; row < x.rows; ++row) {
      out[row * out_stride + output] =
          QuantisedDot(w.type, tile, output % kTileRows, x.blocks + row * x.stride, w.blocks());
    }
  }
}

// The largest magnitude as bits, in which infinities and NaNs are above all finite numbers.
uint32_t MaximumBits(const float* x) {
  uint32_t maximum = 0;
  for (size_t k = 0; k < kBlockSize; ++k) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[k]) & 0x7fffffff;
    if (magnitude > maximum) maximum = magnitude;
  }
  return maximum;
}

void QuantiseBlock(const float* x, QuantisedBlock& out) {
  out = {};
  const uint32_t bits = MaximumBits(x);
  if (bits >= 0x7f800000) {
    out.scale = out.scaled_sum = std::numeric_limits<float>::quiet_NaN();
    return;
  }
  const auto maximum = std::bit_cast<float>(bits);
  if (maximum < kSmallestMaximum) return;
  const float inverse = 127.0F / maximum;
  for (size_t k = 0; k < kBlockSize; ++k) {
    const auto value = static_cast<int8_t>(std::nearbyint(x[k] * inverse));
    const size_t pair = k % 4 / 2;
    out.values[k] = value;
    out.sums[pair] = static_cast<int16_t>(out.sums[pair] + value);
    if (k >= 16) out.sums[2 + pair] = static_cast<int16_t>(out.sums[2 + pair] + value);
  }
  out.scale = maximum / 127.0F;
  DeriveFromSums(out);
}

void Quantise(const float* x, size_t blocks, QuantisedBlock* out) {
  for (size_t b = 0; b < blocks; ++b) QuantiseBlock(x + b * kBlockSize, out[b]);
}

void QuantiseWideBlock(const float* x, WideBlock& out) {
  out = {};
  const uint32_t bits = MaximumBits(x);
  if (bits >= 0x7f800000) {
    out.scale = std::numeric_limits<float>::quiet_NaN();
    for (float& sum : out.scaled_sums) sum = out.scale;
    return;
  }
  const auto maximum = std::bit_cast<float>(bits);
  if (maximum < kSmallestWideMaximum) return;
  const float inverse = 32767.0F / maximum;
  int32_t sums[3] = {0, 0, 0};
  for (size_t k = 0; k < kBlockSize; ++k) {
    const auto value = static_cast<int16_t>(std::nearbyint(x[k] * inverse));
    out.values[WidePlace(k)] = value;
    sums[0] += value;
    sums[k < 16 ? 1 : 2] += value;
  }
  out.scale = maximum / 32767.0F;
  for (size_t i = 0; i < 3; ++i) {
    out.scaled_sums[i] = out.scale * static_cast<float>(sums[i]);
    out.minus_sums[i] = -sums[i];
  }
}

void QuantiseWide(const float* x, size_t blocks, WideBlock* out) {
  for (size_t b = 0; b < blocks; ++b) QuantiseWideBlock(x + b * kBlockSize, out[b]);
}

}  // namespace

constinit const MatMulKernels reference::kMatMul = {Multiply, Quantise};
constinit const WideMatMulKernels reference::kWideMatMul = {MultiplyWide, QuantiseWide};

}  // namespace sheepop::kernel
