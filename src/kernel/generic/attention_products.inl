// The products of attention over F32x16: groups of query vectors that share every load of keys and values, each in its
// own chains of sums. Included after lanes.h.
#include <utility>

#include "kernel/attention_segments.h"

namespace sheepop::kernel {
namespace {

constexpr size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }
constexpr size_t Larger(size_t a, size_t b) { return a > b ? a : b; }

// Tiles of keys, or 16-lane columns of values, that `queries` vectors take at a time.
constexpr size_t Width(size_t queries) {
  size_t width = 4;
  while (width * queries > kAccumulators) width /= 2;
  return width;
}
static_assert(Width(kMaxGroup) <= kPanelWidth);

// Up to `left` elements, 16 at most: masks cost more than they should, above all AVX2's stores.
template <typename Element>
inline F32x16 LoadSome(const Element* p, size_t left) {
  return left < 16 ? LoadFirst(p, left) : Load(p);
}
inline void StoreSome(float* p, size_t left, F32x16 x) { left < 16 ? StoreFirst(p, left, x) : Store(p, x); }

// sums[t][q] += x[q * x_stride] * lanes[16 t], all at once. With few queries their values stay in registers and the
// lanes pass by, with many it is the lanes that stay: sixteen registers hold twelve sums and little more.
template <size_t Q, size_t T, typename Element>
inline void AddProducts(const float* x, size_t x_stride, const Element* const (&lanes)[T], size_t offset,
                        F32x16 (&sums)[T][Q]) {
  if constexpr (Q <= 3) {
    F32x16 factors[Q];
#pragma GCC unroll 3
    for (size_t q = 0; q < Q; ++q) factors[q] = Broadcast(x[q * x_stride]);
#pragma GCC unroll 4
    for (size_t t = 0; t < T; ++t) AddTo(sums[t], factors, lanes[t] + offset);
  } else {
    F32x16 held[T];
#pragma GCC unroll 4
    for (size_t t = 0; t < T; ++t) held[t] = Load(lanes[t] + offset);
#pragma GCC unroll 12
    for (size_t q = 0; q < Q; ++q) {
      const F32x16 factor = Broadcast(x[q * x_stride]);
#pragma GCC unroll 4
      for (size_t t = 0; t < T; ++t) sums[t][q] = Fma(factor, held[t], sums[t][q]);
    }
  }
}

// Tiles of keys as a product reads them, [head_dim, 16] each, and as many bytes elsewhere that are wanted soon after.
template <typename Element>
struct KeyTiles {
  const Element* tiles[4];
  const Element* ahead[4];
};

// scores[q, 16 t + slot] = queries[:, q] . tiles[t][:, slot]
template <size_t Q, size_t T, bool kAhead, typename Element>
void ScoreTiles(const float* queries, size_t head_dim, const KeyTiles<Element>& keys, float* scores) {
  F32x16 sums[T][Q];
  for (auto& tile : sums) {
    for (F32x16& sum : tile) sum = Zero();
  }
  const Element* tiles[T];
  for (size_t t = 0; t < T; ++t) tiles[t] = keys.tiles[t];
  for (size_t d = 0; d < head_dim; ++d) {
    for (size_t t = 0; kAhead && t < T; ++t) __builtin_prefetch(keys.ahead[t] + d * 16, 0, 2);
    AddProducts(queries + d * Q, 1, tiles, d * 16, sums);
  }
  for (size_t q = 0; q < Q; ++q) {
    for (size_t t = 0; t < T; ++t) Store(scores + q * kScoreStride + t * 16, sums[t][q]);
  }
}

// Values as a product reads them: position p of the segment at blocks[p / 16] + p % 16 * stride. As many bytes
// elsewhere are wanted soon after.
template <typename Element>
struct ValueColumns {
  const Element* blocks[kSegmentBlocks];
  const Element* ahead[kSegmentBlocks];
  size_t stride;
};

// sums[q, :] += weights[q, p] * values[p, :] for p in the range, ascending, D columns of 16.
template <size_t Q, size_t D, bool kAhead, typename Element>
void AddValues(const float* weights, PositionRange range, const ValueColumns<Element>& values, float* sums,
               size_t sums_stride) {
  F32x16 acc[D][Q];
  for (size_t q = 0; q < Q; ++q) {
    for (size_t i = 0; i < D; ++i) acc[i][q] = Load(sums + q * sums_stride + i * 16);
  }
  for (size_t p = range.begin; p < range.end;) {
    const Element* v = values.blocks[p / 16] + p % 16 * values.stride;
    const Element* ahead = kAhead ? values.ahead[p / 16] + p % 16 * values.stride : nullptr;
    const size_t end = Smaller(range.end, p / 16 * 16 + 16);
    for (; p < end; ++p, v += values.stride) {
      const Element* columns[D];
      for (size_t i = 0; i < D; ++i) columns[i] = v + i * 16;
      for (size_t i = 0; kAhead && i < D; ++i) __builtin_prefetch(ahead + i * 16, 0, 2);
      if constexpr (kAhead) ahead += values.stride;
      AddProducts(weights + p, kScoreStride, columns, 0, acc);
    }
  }
  for (size_t q = 0; q < Q; ++q) {
    for (size_t i = 0; i < D; ++i) Store(sums + q * sums_stride + i * 16, acc[i][q]);
  }
}

template <typename Element, bool kAhead>
struct Products {
  using Score = void (*)(const float*, size_t, const KeyTiles<Element>&, float*);
  using Add = void (*)(const float*, PositionRange, const ValueColumns<Element>&, float*, size_t);

  // For 1 to kMaxGroup queries, at index queries - 1; 1, 2 and 4 tiles of keys or columns of values, at half of that.
  struct Tables {
    Score score[kMaxGroup][3];
    Add add[kMaxGroup][3];
  };

  template <size_t Q, size_t T>
  static constexpr Score ScoreOf() {
    return ScoreTiles<Q, Smaller(T, Width(Q)), kAhead, Element>;
  }
  template <size_t Q, size_t D>
  static constexpr Add AddOf() {
    return AddValues<Q, Smaller(D, Width(Q)), kAhead, Element>;
  }
  template <size_t... I>
  static constexpr Tables Make(std::index_sequence<I...>) {
    return {{{ScoreOf<I + 1, 1>(), ScoreOf<I + 1, 2>(), ScoreOf<I + 1, 4>()}...},
            {{AddOf<I + 1, 1>(), AddOf<I + 1, 2>(), AddOf<I + 1, 4>()}...}};
  }
  static constexpr Tables kTables = Make(std::make_index_sequence<kMaxGroup>());
};
using WidenedProducts = Products<float, false>;
template <typename Element>
using StoredProducts = Products<Element, true>;

}  // namespace
}  // namespace sheepop::kernel
