// The wide product over 16 rows of a tile at once. Included after lanes.h, matmul_lines.h and after these, in
// an unnamed namespace:
//   kWideTokens                  input rows that share a tile's values in registers
//   I32x16                       16 integers; BroadcastShifted<kShift>(i): i << kShift in all; ToFloat(x)
//   LoadLine<kFormat, kLine>(p)  a line of a block: 4 unsigned bytes in each lane
//   EvenBytes(x), OddBytes(x)    bytes 0 and 2, or 1 and 3, of each lane as two int16
//   AddPairs(sum, w, p)          sum += the products of the int16 pairs of w with the pair at p
//   SignedBytes(p), UnsignedBytes(p), PowerBytes(p), E4m3Bytes(p)  16 bytes as floats
#include "kernel/generic/quantised_block.h"
#include "kernel/matmul_wide.h"

namespace sheepop::kernel {
namespace {

// Of one span, a lane per row.
struct SpanScales {
  F32x16 scale, min;
};

template <PackedFormat kFormat>
inline SpanScales LoadSpanScales(const std::byte* header, size_t index, size_t span) {
  constexpr ScaleForm kForm = kFormat.scales;
  const size_t half = HalfOffset(kFormat, index);
  const std::byte* own = header + ScaleOffset(kForm, index, span);
  const auto halves = [&](size_t at) { return Load(reinterpret_cast<const Half*>(header + at)); };
  if constexpr (kForm == ScaleForm::kHalf) return {halves(half), Zero()};
  if constexpr (kForm == ScaleForm::kHalfMin) return {halves(half), halves(half + 32)};
  if constexpr (kForm == ScaleForm::kPower) return {PowerBytes(own), Zero()};
  if constexpr (kForm == ScaleForm::kE4m3Sixteenths) return {E4m3Bytes(own), Zero()};
  if constexpr (kForm == ScaleForm::kSuper) {
    return {halves(half) * UnsignedBytes(own), -halves(half + 32) * UnsignedBytes(own + 16)};
  }
  if constexpr (kForm == ScaleForm::kEighths || kForm == ScaleForm::kSixteenths) {
    return {halves(half) * SignedBytes(own), Zero()};
  }
  return {halves(half) * SignedBytes(own), -halves(half + 32) * UnsignedBytes(own + 32)};
}

template <PackedType kType, int kTokens>
struct WideTile {
  static constexpr PackedFormat kFormat = FormatOf(kType);
  static constexpr size_t kSpans = HasSixteenths(kFormat.scales) ? 2 : 1;

  // sums[token] += products of lines kLine to kEnd - 1.
  template <int kLine, int kEnd>
  [[gnu::always_inline]] static void AddLines(const std::byte* block, const WideBlock* const (&x)[kTokens],
                                              I32x16 (&sums)[kTokens]) {
    if constexpr (kLine < kEnd) {
      const I32x16 line = LoadLine<kFormat, kLine>(block), even = EvenBytes(line), odd = OddBytes(line);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        AddPairs(sums[t], even, x[t]->values + 4 * kLine);
        AddPairs(sums[t], odd, x[t]->values + 4 * kLine + 2);
      }
      AddLines<kLine + 1, kEnd>(block, x, sums);
    }
  }

  template <size_t kSpan>
  [[gnu::always_inline]] static void AddSpan(const std::byte* header, size_t index,
                                             const WideBlock* const (&x)[kTokens], F32x16 (&acc)[kTokens]) {
    constexpr int kLines = 8 / static_cast<int>(kSpans), kFirst = static_cast<int>(kSpan) * kLines;
    constexpr size_t kSum = kSpans == 1 ? 0 : 1 + kSpan;
    I32x16 sums[kTokens];
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      sums[t] = BroadcastShifted<Log2(kFormat.offset)>(kFormat.offset ? x[t]->minus_sums[kSum] : 0);
    }
    AddLines<kFirst, kFirst + kLines>(header + kFormat.header_bytes + index * kFormat.block_bytes, x, sums);
    const SpanScales scales = LoadSpanScales<kFormat>(header, index, kSpan);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      acc[t] = Fma(scales.scale * Broadcast(x[t]->scale), ToFloat(sums[t]), acc[t]);
      if constexpr (HasMin(kFormat.scales)) acc[t] = Fma(scales.min, Broadcast(x[t]->scaled_sums[kSum]), acc[t]);
    }
  }

  // Outputs [0, count) of one tile for kTokens input rows.
  static void Multiply(const std::byte* tile, size_t blocks, const WideBlock* first, size_t x_stride, float* out,
                       size_t out_stride, size_t count) {
    F32x16 acc[kTokens];
    const WideBlock* x[kTokens];
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      acc[t] = Zero();
      x[t] = first + static_cast<size_t>(t) * x_stride;
    }
    for (size_t done = 0; done < blocks; done += kFormat.blocks, tile += kFormat.group_bytes()) {
      const size_t left = blocks - done, group = left < kFormat.blocks ? left : kFormat.blocks;
      for (size_t index = 0; index < group; ++index) {
        PrefetchBlock<kFormat>(tile, index);
        AddSpan<0>(tile, index, x, acc);
        if constexpr (kSpans == 2) AddSpan<1>(tile, index, x, acc);
#pragma GCC unroll 8
        for (int t = 0; t < kTokens; ++t) ++x[t];
      }
    }
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) StoreFirst(out + static_cast<size_t>(t) * out_stride, count, acc[t]);
  }
};

template <PackedType kType, int kTokens>
inline void MultiplyWideTile(size_t tokens, const std::byte* tile, size_t blocks, const WideBlock* x, size_t x_stride,
                             float* out, size_t out_stride, size_t count) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      return MultiplyWideTile<kType, kTokens - 1>(tokens, tile, blocks, x, x_stride, out, out_stride, count);
    }
  }
  WideTile<kType, kTokens>::Multiply(tile, blocks, x, x_stride, out, out_stride, count);
}

// Input rows that stay in the second-level cache while all tiles pass.
constexpr size_t kWideChunk = 32;

template <PackedType kType>
void MultiplyWideType(const PackedView& w, const WideInput& x, TileRange tiles, float* out, size_t out_stride) {
  const size_t tile_bytes = TileBytes(kType, w.cols);
  for (size_t chunk = 0; chunk < x.rows; chunk += kWideChunk) {
    const size_t end = x.rows - chunk < kWideChunk ? x.rows : chunk + kWideChunk;
    for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
      const size_t output = tile * kTileRows, left = w.rows - output;
      for (size_t token = chunk; token < end; token += kWideTokens) {
        MultiplyWideTile<kType, kWideTokens>(end - token, w.data + tile * tile_bytes, w.blocks(),
                                             x.blocks + token * x.stride, x.stride, out + token * out_stride + output,
                                             out_stride, left < kTileRows ? left : kTileRows);
      }
    }
  }
}

void MultiplyWide(const PackedView& w, const WideInput& x, TileRange tiles, float* out, size_t out_stride) {
  VisitPacked(w.type, [&](auto type) __attribute__((always_inline)) {
    if constexpr (FormatOf(type.value).scales != ScaleForm::kNone) {
      MultiplyWideType<type.value>(w, x, tiles, out, out_stride);
    }
  });
}

// Nearest, ties to even, of magnitudes below 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
inline F32x16 Round(F32x16 x) {
  const F32x16 shift = Broadcast(0x1.8p23F);
  return x + shift - shift;
}

void QuantiseWideBlock(const float* x, WideBlock& out) {
  const F32x16 low = Load(x), high = Load(x + 16);
  out = {};
  if (Sum((low - low) + (high - high)) != 0) {  // NaN where one is not finite
    out.scale = out.scaled_sums[0] = out.scaled_sums[1] = out.scaled_sums[2] = __builtin_nanf("");
    return;
  }
  const float maximum = MaxLane(Max(Abs(low), Abs(high)));
  if (maximum < kSmallestWideMaximum) return;
  const F32x16 inverse = Broadcast(32767.0F / maximum);
  float values[kBlockSize];
  Store(values, Round(low * inverse));
  Store(values + 16, Round(high * inverse));
  int32_t sums[2] = {0, 0};
  for (size_t k = 0; k < kBlockSize; ++k) {
    const auto value = static_cast<int32_t>(values[k]);
    out.values[WidePlace(k)] = static_cast<int16_t>(value);
    sums[k / 16] += value;
  }
  out.scale = maximum / 32767.0F;
  const int32_t all[] = {sums[0] + sums[1], sums[0], sums[1]};
  for (size_t i = 0; i < 3; ++i) {
    out.scaled_sums[i] = out.scale * static_cast<float>(all[i]);
    out.minus_sums[i] = -all[i];
  }
}

void QuantiseWide(const float* x, size_t blocks, WideBlock* out) {
  for (size_t b = 0; b < blocks; ++b) QuantiseWideBlock(x + b * kBlockSize, out[b]);
}

constexpr WideMatMulKernels kWideTable = {MultiplyWide, QuantiseWide};

}  // namespace
}  // namespace sheepop::kernel
