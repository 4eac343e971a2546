#include <immintrin.h>

#include <cstring>

#include "kernel/avx2/matmul_lines.h"
#include "kernel/avx2/set.h"
#include "kernel/generic/matmul_panels.h"
#include "kernel/generic/quantised_block.h"
#include "kernel/packed.h"

namespace sheepop::kernel {
namespace {

// A 256-bit register holds half a tile: a strip of 8 rows.
//
// Sums of vpmaddubsw stay in int16 as long as they are exact there. It multiplies unsigned values v with activations x in
// [-127, 127]. With C the centre of the values, sum (v - C) x over the products that one lane adds in a block is in range:
//   4 bits  16 products * 15 * 127 = 30,480, C = 0
//   5 bits  16 products * 16 * 127 = 32,512, C = 16; codes that stand for at most 12 likewise
//   6 bits   8 products * 32 * 127 = 32,512, C = 32 (a lane's sum ends after 16 inputs, whose scale is their own)
// and the sum of v x itself may wrap, since C * (the activations' pair sum) is taken off in the same arithmetic. No single
// vpmaddubsw saturates: 2 * 63 * 127 = 16,002. Fewer bits than 4 are far from all this. 8-bit values v - 128 are multiplied as |v - 128| by x with the sign of
// v - 128, 2 * 128 * 127 = 32,512 at most, and added up in int32; in panels, as int16 by int16, which takes less of the
// two pipes that multiply.

constexpr int CentreOf(const PackedFormat& format) {
  const int bits = format.value_bits();
  return bits == 5 ? 16 : bits == 6 ? 32 : bits == 8 ? 0 : format.offset;
}

[[gnu::always_inline]] inline __m256 Halves(const std::byte* halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
}

[[gnu::always_inline]] inline __m256 FloatsOfBytes(const std::byte* bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(Load8(bytes)));
}

// 8 integers as 8 pairs of equal int16.
[[gnu::always_inline]] inline __m256i Pairs(__m256i wide) {
  return _mm256_blend_epi16(wide, _mm256_slli_epi32(wide, 16), 0xaa);
}
[[gnu::always_inline]] inline __m256i SignedPairs(const std::byte* bytes) {
  return Pairs(_mm256_cvtepi8_epi32(Load8(bytes)));
}
[[gnu::always_inline]] inline __m256i UnsignedPairs(const std::byte* bytes) {
  return Pairs(_mm256_cvtepu8_epi32(Load8(bytes)));
}

[[gnu::always_inline]] inline __m256 Negative(__m256 v) { return _mm256_xor_ps(v, _mm256_set1_ps(-0.0F)); }

// ---- scales ----

// Of one block and one strip, a lane per row. Which are set depends on the form.
struct Scales {
  __m256 scale;               // d, or d * scale
  __m256 high_scale;          // of inputs 16 .. 31, where a scale that is no whole number is of 16
  __m256 min;                 // m, or -(dmin * min); for kSixteenthsMin -dmin
  __m256i low, high;          // integer scales of inputs 0 .. 15 and 16 .. 31, as pairs of equal int16
  __m256i min_low, min_high;  // integer minimums of the same
};

template <PackedFormat kFormat>
[[gnu::always_inline]] inline Scales LoadScales(const std::byte* header, size_t index, int strip) {
  constexpr ScaleForm kForm = kFormat.scales;
  Scales s = {};
  const std::byte* halves = header + HalfOffset(kFormat, index) + 16 * strip;
  const std::byte* own = header + ScaleOffset(kForm, index, 0) + 8 * strip;
  if constexpr (kForm == ScaleForm::kHalf) s.scale = Halves(halves);
  if constexpr (kForm == ScaleForm::kHalfMin) {
    s.scale = Halves(halves);
    s.min = Halves(halves + 32);
  }
  if constexpr (kForm == ScaleForm::kPower) s.scale = Powers(own);
  if constexpr (kForm == ScaleForm::kE4m3Sixteenths) {
    s.scale = E4m3Halves(own);
    s.high_scale = E4m3Halves(own + 16);
  }
  if constexpr (kForm == ScaleForm::kEighths) {
    s.scale = _mm256_mul_ps(Halves(halves), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(Load8(own))));
  }
  if constexpr (kForm == ScaleForm::kSuper) {
    s.scale = _mm256_mul_ps(Halves(halves), FloatsOfBytes(own));
    s.min = _mm256_mul_ps(Negative(Halves(halves + 32)), FloatsOfBytes(own + 16));
  }
  if constexpr (HasWholeSixteenths(kForm)) {
    s.scale = Halves(halves);
    s.low = SignedPairs(own);
    s.high = SignedPairs(own + 16);
  }
  if constexpr (kForm == ScaleForm::kSixteenthsMin) {
    s.min = Negative(Halves(halves + 32));
    s.min_low = UnsignedPairs(own + 32);
    s.min_high = UnsignedPairs(own + 48);
  }
  return s;
}

// ---- the sum of one block ----

template <PackedType kType>
struct Block {
  static constexpr PackedFormat kFormat = FormatOf(kType);
  static constexpr ScaleForm kForm = kFormat.scales;
  static constexpr int kCentre = CentreOf(kFormat);
  static constexpr bool kSigned = kFormat.value_bits() == 8;  // values without their offset
  static constexpr int kRestored = kCentre - (kSigned ? 0 : kFormat.offset);

  // What a block of activations adds to the dot products of all rows.
  struct Input {
    __m256 d_x, scaled_sum;
    __m256i low, high;            // pair sums times the centre, of the two sixteenths or of the whole block (low)
    __m256i restored;             // sum * kRestored
    __m256i low_sums, high_sums;  // for integer minimums
  };

  [[gnu::always_inline]] static Input LoadInput(const QuantisedBlock& x) {
    Input in = {};
    in.d_x = _mm256_broadcast_ss(&x.scale);
    in.scaled_sum = _mm256_broadcast_ss(&x.scaled_sum);
    in.low_sums = Broadcast32(x.sums);
    if constexpr (kRestored != 0) in.restored = _mm256_madd_epi16(in.low_sums, _mm256_set1_epi16(kRestored));
    if constexpr (HasSixteenths(kForm)) {
      in.high_sums = Broadcast32(x.sums + 2);
      in.low_sums = _mm256_sub_epi16(in.low_sums, in.high_sums);
      in.high = _mm256_slli_epi16(in.high_sums, Log2(kCentre));
    }
    in.low = _mm256_slli_epi16(in.low_sums, Log2(kCentre));
    return in;
  }

  // Lane sums of a whole block -> the dot products in int32.
  [[gnu::always_inline]] static __m256i Finish(__m256i lanes, const Input& in) {
    if constexpr (kSigned) return lanes;
    if constexpr (kCentre != 0) lanes = _mm256_sub_epi16(lanes, in.low);
    __m256i dot = _mm256_madd_epi16(lanes, _mm256_set1_epi16(1));
    if constexpr (kRestored != 0) dot = _mm256_add_epi32(dot, in.restored);
    return dot;
  }

  // The same of 16 inputs, times their scale where it is a whole number; `centred` is in.low or in.high.
  [[gnu::always_inline]] static __m256i FinishSixteenth(__m256i lanes, __m256i centred, __m256i scale) {
    if constexpr (kCentre != 0) lanes = _mm256_sub_epi16(lanes, centred);
    return _mm256_madd_epi16(lanes, HasWholeSixteenths(kForm) ? scale : _mm256_set1_epi16(1));
  }

  [[gnu::always_inline]] static __m256 AddScaled(__m256i dot, __m256 scale, const Input& in, __m256 acc) {
    return _mm256_fmadd_ps(_mm256_mul_ps(scale, in.d_x), _mm256_cvtepi32_ps(dot), acc);
  }

  [[gnu::always_inline]] static __m256 Add(__m256i dot, const Scales& s, const Input& in, __m256 acc) {
    acc = AddScaled(dot, s.scale, in, acc);
    if constexpr (kForm == ScaleForm::kSixteenthsMin) {
      const __m256i sum =
          _mm256_add_epi32(_mm256_madd_epi16(s.min_low, in.low_sums), _mm256_madd_epi16(s.min_high, in.high_sums));
      acc = _mm256_fmadd_ps(_mm256_mul_ps(s.min, in.d_x), _mm256_cvtepi32_ps(sum), acc);
    } else if constexpr (HasMin(kForm)) {
      acc = _mm256_fmadd_ps(s.min, in.scaled_sum, acc);
    }
    return acc;
  }
};

[[gnu::always_inline]] inline __m256i SignedProduct(__m256i magnitude, __m256i sign, __m256i x) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(x, sign)), _mm256_set1_epi16(1));
}

// ---- few input rows: one tile straight from memory ----

template <PackedType kType, int kTokens>
struct TileKernel {
  using B = Block<kType>;

  // lanes[strip][token] (+)= products of line kLine.
  template <int kLine, bool kFirst>
  [[gnu::always_inline]] static void AddLine(const std::byte* block, const QuantisedBlock* const (&x)[kTokens],
                                             __m256i (&lanes)[2][kTokens]) {
    if constexpr (B::kSigned) {
      const __m256i w0 = LoadSigned<B::kFormat, kLine>(block, 0), w1 = LoadSigned<B::kFormat, kLine>(block, 1);
      const __m256i m0 = _mm256_abs_epi8(w0), m1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const __m256i input = Broadcast32(x[t]->values + 4 * kLine);
        const __m256i p0 = SignedProduct(m0, w0, input), p1 = SignedProduct(m1, w1, input);
        if constexpr (kFirst)
          lanes[0][t] = p0, lanes[1][t] = p1;
        else
          Add32(lanes[0][t], p0), Add32(lanes[1][t], p1);
      }
    } else {
      __m256i w0 = LoadValues<B::kFormat, kLine>(block, 0), w1 = LoadValues<B::kFormat, kLine>(block, 1);
      Keep(w0);
      Keep(w1);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const __m256i input = Broadcast32(x[t]->values + 4 * kLine);
        const __m256i p0 = _mm256_maddubs_epi16(w0, input), p1 = _mm256_maddubs_epi16(w1, input);
        if constexpr (kFirst)
          lanes[0][t] = p0, lanes[1][t] = p1;
        else
          Add16(lanes[0][t], p0), Add16(lanes[1][t], p1);
      }
    }
  }

  [[gnu::always_inline]] static void AddBlock(const std::byte* header, size_t index,
                                              const QuantisedBlock* const (&x)[kTokens], __m256 (&acc)[2][kTokens]) {
    const std::byte* block = header + B::kFormat.header_bytes + index * B::kFormat.block_bytes;
    PrefetchBlock<B::kFormat>(header, index);
    __m256i lanes[2][kTokens], dots[2][kTokens];
    const Scales s[2] = {LoadScales<B::kFormat>(header, index, 0), LoadScales<B::kFormat>(header, index, 1)};
    AddLine<0, true>(block, x, lanes);
    if constexpr (HasSixteenths(B::kForm)) {
      AddLine<1, false>(block, x, lanes);
      AddLine<2, false>(block, x, lanes);
      AddLine<3, false>(block, x, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const typename B::Input in = B::LoadInput(*x[t]);
        for (int r = 0; r < 2; ++r) {
          dots[r][t] = B::FinishSixteenth(lanes[r][t], in.low, s[r].low);
          if constexpr (!HasWholeSixteenths(B::kForm)) {
            acc[r][t] = B::AddScaled(dots[r][t], s[r].scale, in, acc[r][t]);
          }
        }
      }
      AddLine<4, true>(block, x, lanes);
      AddLine<5, false>(block, x, lanes);
      AddLine<6, false>(block, x, lanes);
      AddLine<7, false>(block, x, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const typename B::Input in = B::LoadInput(*x[t]);
        for (int r = 0; r < 2; ++r) {
          const __m256i high = B::FinishSixteenth(lanes[r][t], in.high, s[r].high);
          if constexpr (HasWholeSixteenths(B::kForm)) {
            Add32(dots[r][t], high);
          } else {
            acc[r][t] = B::AddScaled(high, s[r].high_scale, in, acc[r][t]);
          }
        }
      }
      if constexpr (!HasWholeSixteenths(B::kForm)) return;
    } else {
      AddLine<4, false>(block, x, lanes);
      AddLine<1, false>(block, x, lanes);
      AddLine<5, false>(block, x, lanes);
      AddLine<2, false>(block, x, lanes);
      AddLine<6, false>(block, x, lanes);
      AddLine<3, false>(block, x, lanes);
      AddLine<7, false>(block, x, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const typename B::Input in = B::LoadInput(*x[t]);
        dots[0][t] = B::Finish(lanes[0][t], in);
        dots[1][t] = B::Finish(lanes[1][t], in);
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const typename B::Input in = B::LoadInput(*x[t]);
      acc[0][t] = B::Add(dots[0][t], s[0], in, acc[0][t]);
      acc[1][t] = B::Add(dots[1][t], s[1], in, acc[1][t]);
    }
  }

  // sums [kTokens, 16] = the products of one tile.
  static void Multiply(const std::byte* tile, size_t blocks, const QuantisedBlock* first, size_t x_stride,
                       float* sums) {
    __m256 acc[2][kTokens];
    const QuantisedBlock* x[kTokens];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      acc[0][t] = acc[1][t] = _mm256_setzero_ps();
      x[t] = first + static_cast<size_t>(t) * x_stride;
    }
    for (size_t done = 0; done < blocks; done += B::kFormat.blocks, tile += B::kFormat.group_bytes()) {
      const size_t count = Smaller(B::kFormat.blocks, blocks - done);
      for (size_t index = 0; index < count; ++index) {
        AddBlock(tile, index, x, acc);
#pragma GCC unroll 4
        for (int t = 0; t < kTokens; ++t) ++x[t];
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      _mm256_store_ps(sums + 16 * t, acc[0][t]);
      _mm256_store_ps(sums + 16 * t + 8, acc[1][t]);
    }
  }
};

constexpr size_t kTileTokens = 4;

template <PackedType kType>
void MultiplyTiles(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out) {
  alignas(32) float sums[kTileTokens * kTileRows];
  const size_t tile_bytes = TileBytes(kType, w.cols), blocks = w.blocks(), stride = x.quantised_stride;
  for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const std::byte* data = w.data + tile * tile_bytes;
    for (size_t token = 0; token < x.rows; token += kTileTokens) {
      const QuantisedBlock* own = x.quantised + token * stride;
      const size_t count = Smaller(kTileTokens, x.rows - token);
      if (count == 1) TileKernel<kType, 1>::Multiply(data, blocks, own, stride, sums);
      if (count == 2) TileKernel<kType, 2>::Multiply(data, blocks, own, stride, sums);
      if (count == 3) TileKernel<kType, 3>::Multiply(data, blocks, own, stride, sums);
      if (count == 4) TileKernel<kType, 4>::Multiply(data, blocks, own, stride, sums);
      const size_t output = tile * kTileRows;
      StoreSums<Block<kType>>(sums, kTileRows, {token, count}, {output, Smaller(kTileRows, w.rows - output)}, out);
    }
  }
}

// ---- many input rows: panels of six strips ----

// A block of a strip: unpacked lines, then scales. An 8-bit line is in int16, inputs 4i and 4i + 1 of 8 rows, then
// 4i + 2 and 4i + 3.
template <PackedType kType>
struct StripBlock {
  static constexpr PackedFormat kFormat = FormatOf(kType);
  static constexpr bool kTwoScales = kFormat.scales == ScaleForm::kE4m3Sixteenths;
  static constexpr size_t kLineBytes = kFormat.value_bits() == 8 ? 64 : 32;
  static constexpr size_t kScale = 8 * kLineBytes;
  static constexpr size_t kMin = kScale + 32;
  static constexpr size_t kHighScale = kMin;  // no form has both
  static constexpr size_t kLow = kMin + (HasMin(kFormat.scales) || kTwoScales ? 32 : 0);
  static constexpr size_t kHigh = kLow + 32;
  static constexpr size_t kMinLow = kHigh + 32;
  static constexpr size_t kMinHigh = kMinLow + 32;
  static constexpr size_t kBytes = !HasWholeSixteenths(kFormat.scales) ? kLow
                                   : HasMin(kFormat.scales)            ? kMinHigh + 32
                                                                       : kMinLow;
};

// Types whose panels look alike share a kernel.
constexpr PackedType PanelType(PackedType type) {
  switch (type) {
    case PackedType::kQ4_K: return PackedType::kQ4_1;
    case PackedType::kQ5_K: return PackedType::kQ5_1;
    case PackedType::kMXFP4: return PackedType::kQ5_0;
    case PackedType::kIQ4_NL:
    case PackedType::kIQ4_XS: return PackedType::kQ8_0;
    case PackedType::kQ1_0:
    case PackedType::kTQ2_0: return PackedType::kQ2_0;
    default: return type;
  }
}

template <PackedType kType>  // the panel's
[[gnu::always_inline]] inline Scales LoadStripScales(const std::byte* block) {
  using S = StripBlock<kType>;
  Scales s = {};
  const auto floats = [&](size_t at) { return _mm256_load_ps(reinterpret_cast<const float*>(block + at)); };
  s.scale = floats(S::kScale);
  if constexpr (HasMin(S::kFormat.scales)) s.min = floats(S::kMin);
  if constexpr (S::kTwoScales) s.high_scale = floats(S::kHighScale);
  if constexpr (HasWholeSixteenths(S::kFormat.scales)) {
    s.low = Load(block + S::kLow);
    s.high = Load(block + S::kHigh);
  }
  if constexpr (S::kFormat.scales == ScaleForm::kSixteenthsMin) {
    s.min_low = Load(block + S::kMinLow);
    s.min_high = Load(block + S::kMinHigh);
  }
  return s;
}

[[gnu::always_inline]] inline void Store(std::byte* to, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), v);
}

template <PackedType kType>
[[gnu::always_inline]] inline void StoreStripScales(const Scales& s, std::byte* block) {
  using S = StripBlock<kType>;
  Store(block + S::kScale, _mm256_castps_si256(s.scale));
  if constexpr (HasMin(S::kFormat.scales)) Store(block + S::kMin, _mm256_castps_si256(s.min));
  if constexpr (S::kTwoScales) Store(block + S::kHighScale, _mm256_castps_si256(s.high_scale));
  if constexpr (HasWholeSixteenths(S::kFormat.scales)) {
    Store(block + S::kLow, s.low);
    Store(block + S::kHigh, s.high);
  }
  if constexpr (S::kFormat.scales == ScaleForm::kSixteenthsMin) {
    Store(block + S::kMinLow, s.min_low);
    Store(block + S::kMinHigh, s.min_high);
  }
}

constexpr size_t kPanelTiles = 3;
constexpr size_t kPanelWidth = kPanelTiles * kTileRows;
constexpr size_t kPanelBlocks = 64;

// kStrips strips by kTokens input rows.
template <PackedType kType, int kStrips, int kTokens>
struct StripKernel {
  using B = Block<kType>;
  using S = StripBlock<kType>;
  static constexpr size_t kStripBytes = kPanelBlocks * S::kBytes;
  using Lanes = __m256i[kStrips][kTokens];

  template <int kLine, bool kFirst>
  [[gnu::always_inline]] static void AddLine(const std::byte* panel, const QuantisedBlock* x, size_t x_stride,
                                             Lanes& lanes) {
    __m256i w[kStrips];
#pragma GCC unroll 3
    for (int r = 0; r < kStrips; ++r) {
      w[r] = Load(panel + static_cast<size_t>(r) * kStripBytes + kLine * S::kLineBytes);
      Keep(w[r]);
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const __m256i input = Broadcast32(x[static_cast<size_t>(t) * x_stride].values + 4 * kLine);
#pragma GCC unroll 3
      for (int r = 0; r < kStrips; ++r) {
        const __m256i p = _mm256_maddubs_epi16(w[r], input);
        if constexpr (kFirst)
          lanes[r][t] = p;
        else
          Add16(lanes[r][t], p);
      }
    }
  }

  // dots (+)= the products of the 16 inputs kHalf.
  template <int kHalf, bool kFirst>
  [[gnu::always_inline]] static void AddSixteenth(const std::byte* panel, const QuantisedBlock* x, size_t x_stride,
                                                  Lanes& dots) {
    Lanes lanes;
    AddLine<4 * kHalf, true>(panel, x, x_stride, lanes);
    AddLine<4 * kHalf + 1, false>(panel, x, x_stride, lanes);
    AddLine<4 * kHalf + 2, false>(panel, x, x_stride, lanes);
    AddLine<4 * kHalf + 3, false>(panel, x, x_stride, lanes);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const typename B::Input in = B::LoadInput(x[static_cast<size_t>(t) * x_stride]);
#pragma GCC unroll 3
      for (int r = 0; r < kStrips; ++r) {
        __m256i scale = {};
        if constexpr (HasWholeSixteenths(B::kForm)) {
          scale = Load(panel + static_cast<size_t>(r) * kStripBytes + (kHalf == 0 ? S::kLow : S::kHigh));
        }
        const __m256i dot = B::FinishSixteenth(lanes[r][t], kHalf == 0 ? in.low : in.high, scale);
        if constexpr (kFirst)
          dots[r][t] = dot;
        else
          Add32(dots[r][t], dot);
      }
    }
  }

  [[gnu::always_inline]] static void AddInt16(const std::byte* panel, const QuantisedBlock* x, size_t x_stride,
                                              Lanes& lanes) {
    alignas(32) int16_t inputs[kTokens][kBlockSize];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const auto* values = reinterpret_cast<const __m128i*>(x[static_cast<size_t>(t) * x_stride].values);
      _mm256_store_si256(reinterpret_cast<__m256i*>(inputs[t]), _mm256_cvtepi8_epi16(_mm_load_si128(values)));
      _mm256_store_si256(reinterpret_cast<__m256i*>(inputs[t] + 16), _mm256_cvtepi8_epi16(_mm_load_si128(values + 1)));
#pragma GCC unroll 3
      for (int r = 0; r < kStrips; ++r) lanes[r][t] = _mm256_setzero_si256();
    }
    asm volatile("" : : "r"(inputs) : "memory");  // broadcast from memory, not taken out of a register one by one
#pragma GCC unroll 16
    for (size_t pair = 0; pair < kBlockSize / 2; ++pair) {
      __m256i w[kStrips];
#pragma GCC unroll 3
      for (int r = 0; r < kStrips; ++r) {
        w[r] = Load(panel + static_cast<size_t>(r) * kStripBytes + 32 * pair);
        Keep(w[r]);
      }
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const __m256i input = Broadcast32(inputs[t] + 2 * pair);
#pragma GCC unroll 3
        for (int r = 0; r < kStrips; ++r) Add32(lanes[r][t], _mm256_madd_epi16(w[r], input));
      }
    }
  }

  [[gnu::always_inline]] static void AddWhole(const std::byte* panel, const QuantisedBlock* x, size_t x_stride,
                                              Lanes& lanes) {
    AddLine<0, true>(panel, x, x_stride, lanes);
    AddLine<1, false>(panel, x, x_stride, lanes);
    AddLine<2, false>(panel, x, x_stride, lanes);
    AddLine<3, false>(panel, x, x_stride, lanes);
    AddLine<4, false>(panel, x, x_stride, lanes);
    AddLine<5, false>(panel, x, x_stride, lanes);
    AddLine<6, false>(panel, x, x_stride, lanes);
    AddLine<7, false>(panel, x, x_stride, lanes);
  }

  // sums += dots, scaled by what stands at kScaleAt.
  template <size_t kScaleAt>
  [[gnu::always_inline]] static void AddToSums(const std::byte* panel, const QuantisedBlock* x, size_t x_stride,
                                               const Lanes& dots, float* sums) {
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const typename B::Input in = B::LoadInput(x[static_cast<size_t>(t) * x_stride]);
#pragma GCC unroll 3
      for (int r = 0; r < kStrips; ++r) {
        float* sum = sums + kPanelWidth * static_cast<size_t>(t) + 8 * r;
        const std::byte* scale = panel + static_cast<size_t>(r) * kStripBytes + kScaleAt;
        _mm256_store_ps(sum, B::AddScaled(dots[r][t], _mm256_load_ps(reinterpret_cast<const float*>(scale)), in,
                                          _mm256_load_ps(sum)));
      }
    }
  }

  // sums [kTokens, kPanelWidth] += products; the float sums stay in the first-level cache, there is no register for them.
  static void Multiply(const std::byte* panel, size_t blocks, const QuantisedBlock* x, size_t x_stride, float* sums) {
    for (size_t b = 0; b < blocks; ++b, panel += S::kBytes, ++x) {
      Lanes lanes;
      if constexpr (HasSixteenths(B::kForm)) {
        AddSixteenth<0, true>(panel, x, x_stride, lanes);
        if constexpr (S::kTwoScales) {
          AddToSums<S::kScale>(panel, x, x_stride, lanes, sums);
          AddSixteenth<1, true>(panel, x, x_stride, lanes);
          AddToSums<S::kHighScale>(panel, x, x_stride, lanes, sums);
          continue;
        }
        AddSixteenth<1, false>(panel, x, x_stride, lanes);
      } else if constexpr (B::kSigned) {
        AddInt16(panel, x, x_stride, lanes);
      } else {
        AddWhole(panel, x, x_stride, lanes);
      }
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const typename B::Input in = B::LoadInput(x[static_cast<size_t>(t) * x_stride]);
#pragma GCC unroll 3
        for (int r = 0; r < kStrips; ++r) {
          const __m256i dot = HasSixteenths(B::kForm) ? lanes[r][t] : B::Finish(lanes[r][t], in);
          float* sum = sums + kPanelWidth * static_cast<size_t>(t) + 8 * r;
          const Scales scales = LoadStripScales<kType>(panel + static_cast<size_t>(r) * kStripBytes);
          _mm256_store_ps(sum, B::Add(dot, scales, in, _mm256_load_ps(sum)));
        }
      }
    }
  }
};

template <PackedType kFileType>
struct PanelKernel {
  static constexpr PackedFormat kFormat = FormatOf(kFileType);
  static constexpr PackedType kType = PanelType(kFileType);
  using S = StripBlock<kType>;
  static constexpr size_t kPanelTiles = kernel::kPanelTiles;
  static constexpr size_t kPanelBlocks = kernel::kPanelBlocks;
  static constexpr size_t kChunkTokens = 96;
  static constexpr int kTokens = 3;
  static constexpr size_t kStripBytes = kPanelBlocks * S::kBytes;
  static constexpr size_t kPanelBytes = 2 * kPanelTiles * kStripBytes;

  template <int kLine>
  static void UnpackLines(const std::byte* block, int strip, std::byte* to) {
    if constexpr (kLine < 8) {
      if constexpr (kFormat.value_bits() == 8) {
        const __m256i v = LoadSigned<kFormat, kLine>(block, strip);
        // Bytes 0 and 1, then 2 and 3, of each row into the upper halves of its two int16.
        const __m256i first = _mm256_slli_epi32(_mm256_and_si256(v, _mm256_set1_epi32(0xff)), 8);
        const __m256i low =
            _mm256_or_si256(first, _mm256_slli_epi32(_mm256_and_si256(v, _mm256_set1_epi32(0xff00)), 16));
        const __m256i third = _mm256_and_si256(_mm256_srli_epi32(v, 8), _mm256_set1_epi32(0xff00));
        const __m256i high =
            _mm256_or_si256(third, _mm256_and_si256(v, _mm256_set1_epi32(static_cast<int>(0xff000000))));
        Store(to + kLine * S::kLineBytes, _mm256_srai_epi16(low, 8));
        Store(to + kLine * S::kLineBytes + 32, _mm256_srai_epi16(high, 8));
      } else {
        Store(to + kLine * S::kLineBytes, LoadValues<kFormat, kLine>(block, strip));
      }
      UnpackLines<kLine + 1>(block, strip, to);
    }
  }

  static void Unpack(const std::byte* tile, size_t first, size_t blocks, size_t slot, std::byte* panel) {
    std::byte* to = panel + 2 * slot * kStripBytes;
    for (size_t b = first; b < first + blocks; ++b, to += S::kBytes) {
      const std::byte* header = tile + b / kFormat.blocks * kFormat.group_bytes();
      const size_t index = b % kFormat.blocks;
      const std::byte* block = header + kFormat.header_bytes + index * kFormat.block_bytes;
      PrefetchBlock<kFormat>(header, index);
      for (int strip = 0; strip < 2; ++strip) {
        std::byte* own = to + static_cast<size_t>(strip) * kStripBytes;
        UnpackLines<0>(block, strip, own);
        StoreStripScales<kType>(LoadScales<kFormat>(header, index, strip), own);
      }
    }
  }

  template <int kStrips>
  static void MultiplyStrips(const std::byte* panel, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                             size_t tokens, float* sums) {
    for (; tokens >= kTokens; tokens -= kTokens, x += kTokens * x_stride, sums += kTokens * kPanelWidth) {
      StripKernel<kType, kStrips, kTokens>::Multiply(panel, blocks, x, x_stride, sums);
    }
    if (tokens == 1) StripKernel<kType, kStrips, 1>::Multiply(panel, blocks, x, x_stride, sums);
    if (tokens == 2) StripKernel<kType, kStrips, 2>::Multiply(panel, blocks, x, x_stride, sums);
  }

  static void Multiply(const std::byte* panel, size_t tiles, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                       size_t tokens, float* sums) {
    if (tiles == 3) {
      MultiplyStrips<3>(panel, blocks, x, x_stride, tokens, sums);
      MultiplyStrips<3>(panel + 3 * kStripBytes, blocks, x, x_stride, tokens, sums + 24);
      return;
    }
    for (size_t tile = 0; tile < tiles; ++tile) {
      MultiplyStrips<2>(panel + 2 * tile * kStripBytes, blocks, x, x_stride, tokens, sums + 16 * tile);
    }
  }
};

// ---- float weights ----

template <PackedType kType>
[[gnu::always_inline]] inline __m256 LoadWeights(const std::byte* weights, int strip) {
  if constexpr (kType == PackedType::kF32) return _mm256_load_ps(reinterpret_cast<const float*>(weights) + 8 * strip);
  if constexpr (kType == PackedType::kF16) return Halves(weights + 16 * strip);
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 16 * strip));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

template <PackedType kType>
struct FloatKernel {
  static constexpr size_t kPanelTiles = 4;
  static constexpr size_t kPanelInputs = 256;
  static constexpr size_t kChunkTokens = 96;
  static constexpr size_t kTokens = 6;
  static constexpr size_t kWidth = kPanelTiles * kTileRows;
  static constexpr size_t kInputBytes = kTileRows * static_cast<size_t>(FormatOf(kType).bits) / 8;

  template <int kTiles, int kCount>
  static void Run(const std::byte* weights, size_t tile_bytes, size_t inputs, const float* x, size_t x_stride,
                  float* sums) {
    __m256 acc[2 * kTiles][kCount];
#pragma GCC unroll 8
    for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 8
      for (int r = 0; r < 2 * kTiles; ++r) acc[r][t] = _mm256_loadu_ps(sums + kWidth * t + 8 * r);
    }
    for (size_t k = 0; k < inputs; ++k, weights += kInputBytes) {
      __m256 w[2 * kTiles];
#pragma GCC unroll 8
      for (int r = 0; r < 2 * kTiles; ++r)
        w[r] = LoadWeights<kType>(weights + static_cast<size_t>(r / 2) * tile_bytes, r % 2);
#pragma GCC unroll 8
      for (int t = 0; t < kCount; ++t) {
        const __m256 input = _mm256_broadcast_ss(x + static_cast<size_t>(t) * x_stride + k);
#pragma GCC unroll 8
        for (int r = 0; r < 2 * kTiles; ++r) acc[r][t] = _mm256_fmadd_ps(w[r], input, acc[r][t]);
      }
    }
#pragma GCC unroll 8
    for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 8
      for (int r = 0; r < 2 * kTiles; ++r) _mm256_storeu_ps(sums + kWidth * t + 8 * r, acc[r][t]);
    }
  }

  static void RunTile(size_t tokens, const std::byte* weights, size_t inputs, const float* x, size_t x_stride,
                      float* sums) {
    switch (tokens) {
      case 1: return Run<1, 1>(weights, 0, inputs, x, x_stride, sums);
      case 2: return Run<1, 2>(weights, 0, inputs, x, x_stride, sums);
      case 3: return Run<1, 3>(weights, 0, inputs, x, x_stride, sums);
      case 4: return Run<1, 4>(weights, 0, inputs, x, x_stride, sums);
      case 5: return Run<1, 5>(weights, 0, inputs, x, x_stride, sums);
      default: return Run<1, 6>(weights, 0, inputs, x, x_stride, sums);
    }
  }

  static void Multiply(const std::byte* weights, size_t tile_bytes, size_t tiles, size_t inputs, const float* x,
                       size_t x_stride, size_t tokens, float* sums) {
    if (tokens == 1 && tiles == kPanelTiles) return Run<kPanelTiles, 1>(weights, tile_bytes, inputs, x, x_stride, sums);
    for (size_t tile = 0; tile < tiles; ++tile) {
      for (size_t t = 0; t < tokens; t += kTokens) {
        RunTile(Smaller(kTokens, tokens - t), weights + tile * tile_bytes, inputs, x + t * x_stride, x_stride,
                sums + kWidth * t + kTileRows * tile);
      }
    }
  }
};

// ---- entry points ----

constexpr size_t kMostTileRows = 24;  // above, unpacking a panel pays

template <PackedType kType>
void MultiplyType(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
                  std::byte* scratch) {
  if constexpr (FormatOf(kType).scales == ScaleForm::kNone) {
    MultiplyFloats<FloatKernel<kType>>(w, x, tiles, out, scratch);
  } else if (x.rows <= kMostTileRows) {
    MultiplyTiles<kType>(w, x, tiles, out);
  } else {
    MultiplyPanels<PanelKernel<kType>>(w, x, tiles, out, scratch);
  }
}

void Multiply(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out,
              std::span<std::byte> scratch) {
  VisitPacked(w.type, [&](auto type) __attribute__((always_inline)) {
    MultiplyType<type.value>(w, x, tiles, out, scratch.data());
  });
}

// The largest magnitude of 32 floats, as bits, in which infinities and NaNs are above all finite numbers.
inline uint32_t MaximumBits(const __m256 (&x)[4]) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i m[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) m[i] = _mm256_and_si256(_mm256_castps_si256(x[i]), magnitude);
  const __m256i eight = _mm256_max_epi32(_mm256_max_epi32(m[0], m[1]), _mm256_max_epi32(m[2], m[3]));
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(four));
}

// Pair sums of 16 values, the same in each of the 4 lanes of two int16.
[[gnu::always_inline]] inline __m128i PairSums(__m128i values) {
  __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), values);
  pairs = _mm_add_epi16(pairs, _mm_shuffle_epi32(pairs, 0x4e));
  return _mm_add_epi16(pairs, _mm_shuffle_epi32(pairs, 0xb1));
}

void QuantiseBlock(const float* input, QuantisedBlock& out) {
  __m256 x[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) x[i] = _mm256_loadu_ps(input + 8 * i);
  const uint32_t bits = MaximumBits(x);
  float maximum;
  std::memcpy(&maximum, &bits, 4);
  if (bits >= 0x7f800000 || maximum < kSmallestMaximum) {
    std::memset(&out, 0, sizeof(out));
    if (bits >= 0x7f800000) out.scale = out.scaled_sum = __builtin_nanf("");
    return;
  }
  const __m256 inverse = _mm256_set1_ps(127.0F / maximum);
  __m256i v[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) v[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], inverse));
  const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
  const __m256i values = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  const __m128i v0 = _mm256_castsi256_si128(values), v1 = _mm256_extracti128_si256(values, 1);
  _mm_store_si128(reinterpret_cast<__m128i*>(out.values), v0);
  _mm_store_si128(reinterpret_cast<__m128i*>(out.values + 16), v1);
  const __m128i high = PairSums(v1), whole = _mm_add_epi16(PairSums(v0), high);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out.sums), _mm_unpacklo_epi32(whole, high));
  out.scale = maximum / 127.0F;
  DeriveFromSums(out);
}

void Quantise(const float* x, size_t blocks, QuantisedBlock* out) {
  for (size_t b = 0; b < blocks; ++b) QuantiseBlock(x + b * kBlockSize, out[b]);
}

}  // namespace

constinit const MatMulKernels avx2::kMatMul = {Multiply, Quantise};

}  // namespace sheepop::kernel
