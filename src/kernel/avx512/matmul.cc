#include <cstring>

#include "kernel/avx512/matmul_lines.h"
#include "kernel/avx512/set.h"
#include "kernel/generic/matmul_panels.h"
#include "kernel/generic/quantised_block.h"
#include "kernel/packed.h"

namespace sheepop::kernel {
namespace {

// ---- scales ----

// Of one block, a lane per row. Which are set depends on the form.
struct Scales {
  __m512 scale;               // d, or d * scale
  __m512 high_scale;          // of inputs 16 .. 31, where a scale that is no whole number is of 16
  __m512 min;                 // m, or -(dmin * min); for kSixteenthsMin -dmin
  __m512i low, high;          // integer scales of inputs 0 .. 15 and 16 .. 31
  __m512i min_low, min_high;  // integer minimums of the same, as pairs of equal int16
};

template <PackedFormat kFormat>
inline Scales LoadScales(const std::byte* header, size_t index) {
  constexpr ScaleForm kForm = kFormat.scales;
  const std::byte* halves = header + HalfOffset(kFormat, index);
  const std::byte* own = header + ScaleOffset(kForm, index, 0);
  Scales s = {};
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
    s.scale = _mm512_mul_ps(Halves(halves), _mm512_cvtepi32_ps(SignedIntegers(own)));
  }
  if constexpr (kForm == ScaleForm::kSuper) {
    const __m512 minus_dmin = _mm512_xor_ps(Halves(halves + 32), _mm512_set1_ps(-0.0F));
    s.scale = _mm512_mul_ps(Halves(halves), _mm512_cvtepi32_ps(UnsignedIntegers(own)));
    s.min = _mm512_mul_ps(minus_dmin, _mm512_cvtepi32_ps(UnsignedIntegers(own + 16)));
  }
  if constexpr (HasWholeSixteenths(kForm)) {
    s.scale = Halves(halves);
    s.low = SignedIntegers(own);
    s.high = SignedIntegers(own + 16);
  }
  if constexpr (kForm == ScaleForm::kSixteenthsMin) {
    s.min = _mm512_xor_ps(Halves(halves + 32), _mm512_set1_ps(-0.0F));
    s.min_low = _mm512_or_si512(UnsignedIntegers(own + 32), _mm512_slli_epi32(UnsignedIntegers(own + 32), 16));
    s.min_high = _mm512_or_si512(UnsignedIntegers(own + 48), _mm512_slli_epi32(UnsignedIntegers(own + 48), 16));
  }
  return s;
}

// ---- the sum of one block ----

// The start of a block's two sums, which takes the weights' offset off.
template <PackedFormat kFormat>
inline void Start(const QuantisedBlock& x, __m512i& low, __m512i& high) {
  low = high = _mm512_setzero_si512();
  if constexpr (HasSixteenths(kFormat.scales) && kFormat.offset == 32) {
    low = Broadcast32(x.starts + 2);
    high = Broadcast32(x.starts + 3);
  } else if constexpr (HasSixteenths(kFormat.scales) && kFormat.offset != 0) {
    const __m512i offset = _mm512_set1_epi16(-kFormat.offset), high_sums = Broadcast32(x.sums + 2);
    low = _mm512_dpwssd_epi32(low, offset, _mm512_sub_epi16(Broadcast32(x.sums), high_sums));
    high = _mm512_dpwssd_epi32(high, offset, high_sums);
  } else if constexpr (kFormat.offset == 1) {
    low = _mm512_dpwssd_epi32(low, _mm512_set1_epi16(-1), Broadcast32(x.sums));
  } else if constexpr (kFormat.offset != 0) {
    static_assert(kFormat.offset == 8 || kFormat.offset == 16 || kFormat.offset == 128);
    low = Broadcast32(x.starts + (kFormat.offset == 128 ? 1 : 0));
    if constexpr (kFormat.offset == 16) high = low;
  }
}

// acc + the products of 16 rows with one block, in the order matmul.h gives.
template <PackedFormat kFormat>
inline __m512 AddBlock(const __m512i (&w)[8], const Scales& s, const QuantisedBlock& x, __m512 acc) {
  constexpr ScaleForm kForm = kFormat.scales;
  __m512i low, high;
  Start<kFormat>(x, low, high);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    low = _mm512_dpbusd_epi32(low, w[i], Broadcast32(x.values + 4 * i));
    high = _mm512_dpbusd_epi32(high, w[4 + i], Broadcast32(x.values + 16 + 4 * i));
  }
  const __m512 d_x = _mm512_set1_ps(x.scale);
  if constexpr (kForm == ScaleForm::kE4m3Sixteenths) {
    acc = _mm512_fmadd_ps(_mm512_mul_ps(s.scale, d_x), _mm512_cvtepi32_ps(low), acc);
    return _mm512_fmadd_ps(_mm512_mul_ps(s.high_scale, d_x), _mm512_cvtepi32_ps(high), acc);
  }
  if constexpr (HasWholeSixteenths(kForm)) {
    low = _mm512_mullo_epi32(low, s.low);
    high = _mm512_mullo_epi32(high, s.high);
  }
  const __m512 dot = _mm512_cvtepi32_ps(_mm512_add_epi32(low, high));
  acc = _mm512_fmadd_ps(_mm512_mul_ps(s.scale, d_x), dot, acc);
  if constexpr (kForm == ScaleForm::kSixteenthsMin) {
    const __m512i high_sums = Broadcast32(x.sums + 2);
    const __m512i low_sums = _mm512_sub_epi16(Broadcast32(x.sums), high_sums);
    __m512i sum = _mm512_dpwssd_epi32(_mm512_setzero_si512(), s.min_low, low_sums);
    sum = _mm512_dpwssd_epi32(sum, s.min_high, high_sums);
    acc = _mm512_fmadd_ps(_mm512_mul_ps(s.min, d_x), _mm512_cvtepi32_ps(sum), acc);
  } else if constexpr (HasMin(kForm)) {
    acc = _mm512_fmadd_ps(s.min, _mm512_set1_ps(x.scaled_sum), acc);
  }
  return acc;
}

// ---- few input rows: one tile straight from memory ----

struct TileOutput {
  float* values;  // of the first input row, at the tile's first output
  size_t stride;
  __mmask16 mask;
  bool add;
};

inline void StoreOutput(const TileOutput& out, size_t token, __m512 sum) {
  float* to = out.values + token * out.stride;
  if (out.add) sum = _mm512_add_ps(_mm512_maskz_loadu_ps(out.mask, to), sum);
  _mm512_mask_storeu_ps(to, out.mask, sum);
}

template <PackedType kType, int kTokens>
void MultiplyTile(const std::byte* tile, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                  const TileOutput& out) {
  constexpr PackedFormat kFormat = FormatOf(kType);
  // Long lines of 8-bit values and long groups come as fast without, as long as there is little to compute.
  constexpr bool kPrefetch = kTokens > 2 || (kFormat.bits != 8 && kFormat.blocks != 8);
  __m512 acc[kTokens];
#pragma GCC unroll 8
  for (int t = 0; t < kTokens; ++t) acc[t] = _mm512_setzero_ps();
  const auto add_block = [&](const std::byte* header, size_t index) __attribute__((always_inline)) {
    const std::byte* block = header + kFormat.header_bytes + index * kFormat.block_bytes;
    if constexpr (kPrefetch) PrefetchBlock<kFormat>(header, index);
    const Scales scales = LoadScales<kFormat>(header, index);
    __m512i w[8];
    LoadValues<kFormat>(block, w);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      acc[t] = AddBlock<kFormat>(w, scales, x[static_cast<size_t>(t) * x_stride], acc[t]);
    }
    ++x;
  };
  for (; blocks >= kFormat.blocks; blocks -= kFormat.blocks, tile += kFormat.group_bytes()) {
    for (size_t index = 0; index < kFormat.blocks; ++index) add_block(tile, index);
  }
  for (size_t index = 0; index < blocks; ++index) add_block(tile, index);
#pragma GCC unroll 8
  for (int t = 0; t < kTokens; ++t) StoreOutput(out, static_cast<size_t>(t), acc[t]);
}

template <PackedType kType>
void MultiplyTileBy(size_t tokens, const std::byte* tile, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                    const TileOutput& out) {
  switch (tokens) {
    case 1: return MultiplyTile<kType, 1>(tile, blocks, x, x_stride, out);
    case 2: return MultiplyTile<kType, 2>(tile, blocks, x, x_stride, out);
    case 3: return MultiplyTile<kType, 3>(tile, blocks, x, x_stride, out);
    case 4: return MultiplyTile<kType, 4>(tile, blocks, x, x_stride, out);
    case 5: return MultiplyTile<kType, 5>(tile, blocks, x, x_stride, out);
    case 6: return MultiplyTile<kType, 6>(tile, blocks, x, x_stride, out);
    case 7: return MultiplyTile<kType, 7>(tile, blocks, x, x_stride, out);
    default: return MultiplyTile<kType, 8>(tile, blocks, x, x_stride, out);
  }
}

constexpr size_t kTileTokens = 8;

template <PackedType kType>
void MultiplyTiles(const PackedView& w, const MatMulInput& x, TileRange tiles, const MatMulOutput& out) {
  const size_t tile_bytes = TileBytes(kType, w.cols);
  for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const size_t left = w.rows - tile * kTileRows;
    const auto mask = static_cast<__mmask16>(left >= kTileRows ? 0xffff : (1U << left) - 1);
    for (size_t token = 0; token < x.rows; token += kTileTokens) {
      MultiplyTileBy<kType>(Smaller(kTileTokens, x.rows - token), w.data + tile * tile_bytes, w.blocks(),
                            x.quantised + token * x.quantised_stride, x.quantised_stride,
                            {out.values + token * out.stride + tile * kTileRows, out.stride, mask, out.add});
    }
  }
}

// ---- many input rows: panels of one tile ----

// A block of a panel: the unpacked lines and scales of a tile, at these offsets.
struct PanelBlock {
  static constexpr size_t kScale = 512, kMin = 576, kLow = 640, kHigh = 704, kMinLow = 768, kMinHigh = 832;
  static constexpr size_t kHighScale = kMin;  // no form has both
  static constexpr size_t Bytes(ScaleForm form) {
    if (form == ScaleForm::kSixteenthsMin) return 896;
    if (form == ScaleForm::kSixteenths) return 768;
    return HasMin(form) || form == ScaleForm::kE4m3Sixteenths ? 640 : 576;
  }
};

// Where the sums of a panel are: in scratch between runs of blocks, or the outputs themselves.
struct PanelSums {
  float* values;  // [tokens, stride]
  size_t stride;
  bool resume;  // go on from the sums that are there
  bool add;     // add the complete sums to what is there

  float* at(int token) const { return values + static_cast<size_t>(token) * stride; }
};

template <ScaleForm kForm>
inline Scales LoadPanelScales(const std::byte* block) {
  Scales s = {};
  s.scale = _mm512_load_ps(block + PanelBlock::kScale);
  if constexpr (HasMin(kForm)) s.min = _mm512_load_ps(block + PanelBlock::kMin);
  if constexpr (kForm == ScaleForm::kE4m3Sixteenths) s.high_scale = _mm512_load_ps(block + PanelBlock::kHighScale);
  if constexpr (HasWholeSixteenths(kForm)) {
    s.low = LoadLine(block + PanelBlock::kLow);
    s.high = LoadLine(block + PanelBlock::kHigh);
  }
  if constexpr (kForm == ScaleForm::kSixteenthsMin) {
    s.min_low = LoadLine(block + PanelBlock::kMinLow);
    s.min_high = LoadLine(block + PanelBlock::kMinHigh);
  }
  return s;
}

template <ScaleForm kForm>
inline void StorePanelScales(const Scales& s, std::byte* block) {
  _mm512_store_ps(block + PanelBlock::kScale, s.scale);
  if constexpr (HasMin(kForm)) _mm512_store_ps(block + PanelBlock::kMin, s.min);
  if constexpr (kForm == ScaleForm::kE4m3Sixteenths) _mm512_store_ps(block + PanelBlock::kHighScale, s.high_scale);
  if constexpr (HasWholeSixteenths(kForm)) {
    _mm512_store_si512(block + PanelBlock::kLow, s.low);
    _mm512_store_si512(block + PanelBlock::kHigh, s.high);
  }
  if constexpr (kForm == ScaleForm::kSixteenthsMin) {
    _mm512_store_si512(block + PanelBlock::kMinLow, s.min_low);
    _mm512_store_si512(block + PanelBlock::kMinHigh, s.min_high);
  }
}

// What a panel's kernel must know of a format. Formats whose panels look alike share one.
constexpr PackedFormat PanelFormat(PackedFormat format) {
  const bool one_scale = format.scales == ScaleForm::kPower || format.scales == ScaleForm::kEighths;
  const ScaleForm form = format.scales == ScaleForm::kSuper ? ScaleForm::kHalfMin
                         : one_scale                        ? ScaleForm::kHalf
                                                            : format.scales;
  return {form, 8, format.offset, 1, 0, PanelBlock::Bytes(form)};
}

// sums [kTokens, 16] of a panel with kTokens input rows.
template <PackedFormat kFormat, int kTokens>
void MultiplyPanel(const std::byte* panel, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                   const PanelSums& sums) {
  __m512 acc[kTokens];
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) acc[t] = sums.resume ? _mm512_loadu_ps(sums.at(t)) : _mm512_setzero_ps();
  for (size_t b = 0; b < blocks; ++b, panel += kFormat.block_bytes, ++x) {
    const Scales scales = LoadPanelScales<kFormat.scales>(panel);
    __m512i w[8];
    LoadValues<kFormat>(panel, w);
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      acc[t] = AddBlock<kFormat>(w, scales, x[static_cast<size_t>(t) * x_stride], acc[t]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
    float* to = sums.at(t);
    _mm512_storeu_ps(to, sums.add ? _mm512_add_ps(_mm512_loadu_ps(to), acc[t]) : acc[t]);
  }
}

template <PackedFormat kFormat, int kTokens>
void MultiplyPanelBy(size_t tokens, const std::byte* panel, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                     const PanelSums& sums) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) return MultiplyPanelBy<kFormat, kTokens - 1>(tokens, panel, blocks, x, x_stride, sums);
  }
  MultiplyPanel<kFormat, kTokens>(panel, blocks, x, x_stride, sums);
}

template <PackedType kType>
struct PanelKernel {
  static constexpr PackedFormat kFormat = FormatOf(kType);
  static constexpr PackedFormat kPanelFormat = PanelFormat(kFormat);
  static constexpr size_t kPanelTiles = 1;
  static constexpr size_t kPanelBlocks = 64;
  static constexpr size_t kChunkTokens = 256;
  static constexpr size_t kTokens = 8;
  static constexpr size_t kPanelBytes = kPanelBlocks * kPanelFormat.block_bytes;

  static void Unpack(const std::byte* tile, size_t first, size_t blocks, size_t /*slot*/, std::byte* panel) {
    for (size_t b = first; b < first + blocks; ++b, panel += kPanelFormat.block_bytes) {
      const std::byte* header = tile + b / kFormat.blocks * kFormat.group_bytes();
      const size_t index = b % kFormat.blocks;
      PrefetchBlock<kFormat>(header, index);
      __m512i w[8];
      LoadValues<kFormat>(header + kFormat.header_bytes + index * kFormat.block_bytes, w);
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) _mm512_store_si512(panel + 64 * i, w[i]);
      StorePanelScales<kPanelFormat.scales>(LoadScales<kFormat>(header, index), panel);
    }
  }

  static void Multiply(const std::byte* panel, size_t /*tiles*/, size_t blocks, const QuantisedBlock* x,
                       size_t x_stride, size_t tokens, float* sums) {
    MultiplyInto(panel, blocks, x, x_stride, tokens, {sums, kTileRows, true, false});
  }

  static void Finish(const std::byte* panel, size_t /*tiles*/, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                     size_t tokens, const MatMulOutput& out) {
    MultiplyInto(panel, blocks, x, x_stride, tokens, {out.values, out.stride, false, out.add});
  }

 private:
  static void MultiplyInto(const std::byte* panel, size_t blocks, const QuantisedBlock* x, size_t x_stride,
                           size_t tokens, PanelSums sums) {
    for (size_t t = 0; t < tokens; t += kTokens, x += kTokens * x_stride, sums.values += kTokens * sums.stride) {
      MultiplyPanelBy<kPanelFormat, kTokens>(Smaller(kTokens, tokens - t), panel, blocks, x, x_stride, sums);
    }
  }
};

// ---- float weights ----

template <PackedType kType>
inline __m512 LoadWeights(const std::byte* weights) {
  if constexpr (kType == PackedType::kF32) return _mm512_load_ps(weights);
  if constexpr (kType == PackedType::kF16) return Halves(weights);
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

template <PackedType kType>
struct FloatKernel {
  static constexpr size_t kPanelTiles = 4;
  static constexpr size_t kPanelInputs = 512;
  static constexpr size_t kChunkTokens = 192;
  static constexpr size_t kTokens = 6;
  static constexpr size_t kWidth = kPanelTiles * kTileRows;
  static constexpr size_t kInputBytes = kTileRows * static_cast<size_t>(FormatOf(kType).bits) / 8;

  template <int kTiles, int kCount>
  static void Run(const std::byte* weights, size_t tile_bytes, size_t inputs, const float* x, size_t x_stride,
                  float* sums) {
    __m512 acc[kTiles][kCount];
#pragma GCC unroll 8
    for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 4
      for (int r = 0; r < kTiles; ++r) acc[r][t] = _mm512_loadu_ps(sums + kWidth * t + 16 * r);
    }
    for (size_t k = 0; k < inputs; ++k, weights += kInputBytes) {
      __m512 w[kTiles];
#pragma GCC unroll 4
      for (int r = 0; r < kTiles; ++r) w[r] = LoadWeights<kType>(weights + static_cast<size_t>(r) * tile_bytes);
#pragma GCC unroll 8
      for (int t = 0; t < kCount; ++t) {
        const __m512 input = _mm512_set1_ps(x[static_cast<size_t>(t) * x_stride + k]);
#pragma GCC unroll 4
        for (int r = 0; r < kTiles; ++r) acc[r][t] = _mm512_fmadd_ps(w[r], input, acc[r][t]);
      }
    }
#pragma GCC unroll 8
    for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 4
      for (int r = 0; r < kTiles; ++r) _mm512_storeu_ps(sums + kWidth * t + 16 * r, acc[r][t]);
    }
  }

  template <int kTiles>
  static void RunBy(size_t tokens, const std::byte* weights, size_t tile_bytes, size_t inputs, const float* x,
                    size_t x_stride, float* sums) {
    switch (tokens) {
      case 1: return Run<kTiles, 1>(weights, tile_bytes, inputs, x, x_stride, sums);
      case 2: return Run<kTiles, 2>(weights, tile_bytes, inputs, x, x_stride, sums);
      case 3: return Run<kTiles, 3>(weights, tile_bytes, inputs, x, x_stride, sums);
      case 4: return Run<kTiles, 4>(weights, tile_bytes, inputs, x, x_stride, sums);
      case 5: return Run<kTiles, 5>(weights, tile_bytes, inputs, x, x_stride, sums);
      default: return Run<kTiles, 6>(weights, tile_bytes, inputs, x, x_stride, sums);
    }
  }

  static void Multiply(const std::byte* weights, size_t tile_bytes, size_t tiles, size_t inputs, const float* x,
                       size_t x_stride, size_t tokens, float* sums) {
    for (size_t t = 0; t < tokens; t += kTokens) {
      const size_t count = Smaller(kTokens, tokens - t);
      const float* own_x = x + t * x_stride;
      float* own = sums + kWidth * t;
      if (tiles == kPanelTiles) {
        RunBy<kPanelTiles>(count, weights, tile_bytes, inputs, own_x, x_stride, own);
        continue;
      }
      for (size_t r = 0; r < tiles; ++r) {
        RunBy<1>(count, weights + r * tile_bytes, tile_bytes, inputs, own_x, x_stride, own + 16 * r);
      }
    }
  }
};

// ---- entry points ----

constexpr size_t kMostTileRows = 64;  // above, unpacking a panel pays

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

void QuantiseBlock(const float* x, QuantisedBlock& out) {
  const __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
  const __m512i magnitude_bits = _mm512_set1_epi32(0x7fffffff);
  const __m512i magnitudes = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(x0), magnitude_bits),
                                              _mm512_and_si512(_mm512_castps_si512(x1), magnitude_bits));
  const uint32_t bits = _mm512_reduce_max_epu32(magnitudes);
  float maximum;
  std::memcpy(&maximum, &bits, 4);
  if (bits >= 0x7f800000 || maximum < kSmallestMaximum) {
    std::memset(&out, 0, sizeof(out));
    if (bits >= 0x7f800000) out.scale = out.scaled_sum = __builtin_nanf("");
    return;
  }
  const __m512 inverse = _mm512_set1_ps(127.0F / maximum);
  const __m128i v0 = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x0, inverse)));
  const __m128i v1 = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x1, inverse)));
  _mm_store_si128(reinterpret_cast<__m128i*>(out.values), v0);
  _mm_store_si128(reinterpret_cast<__m128i*>(out.values + 16), v1);
  // Pair sums of four bytes each in a lane of two int16, then the four lanes together.
  const __m128i ones = _mm_set1_epi8(1);
  const auto four = [](__m128i pairs) {
    pairs = _mm_add_epi16(pairs, _mm_shuffle_epi32(pairs, 0x4e));
    return _mm_add_epi16(pairs, _mm_shuffle_epi32(pairs, 0xb1));
  };
  const __m128i high = four(_mm_maddubs_epi16(ones, v1));
  const __m128i whole = _mm_add_epi16(four(_mm_maddubs_epi16(ones, v0)), high);
  const __m128i pairs = _mm_unpacklo_epi32(whole, high);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out.sums), pairs);
  const __m128i sums = _mm_madd_epi16(pairs, _mm_set1_epi16(1));  // of all values, of the upper half
  const __m128i upper = _mm_maskz_shuffle_epi32(4, sums, _MM_PERM_BBBB);
  const __m128i starts = _mm_sub_epi32(upper, _mm_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 0, 0)));
  _mm_store_si128(reinterpret_cast<__m128i*>(out.starts), _mm_sllv_epi32(starts, _mm_setr_epi32(3, 7, 5, 5)));
  out.scale = maximum / 127.0F;
  out.scaled_sum = out.scale * _mm_cvtss_f32(_mm_cvtepi32_ps(sums));
}

void Quantise(const float* x, size_t blocks, QuantisedBlock* out) {
  for (size_t b = 0; b < blocks; ++b) QuantiseBlock(x + b * kBlockSize, out[b]);
}

}  // namespace

constinit const MatMulKernels avx512::kMatMul = {Multiply, Quantise};

}  // namespace sheepop::kernel
