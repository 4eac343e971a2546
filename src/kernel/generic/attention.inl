// The attention kernels over F32x16. Included after lanes.h and transpose.h; internal linkage, so that each instruction set has its
// own.
//
// The rows of a call are taken in blocks, the query vectors of a block in groups. Few groups read the cache as it is
// stored; many groups share keys and values widened to float once.
#include "kernel/attention_segments.h"
#include "kernel/generic/attention_products.inl"
#include "kernel/generic/lanes_math.inl"

namespace sheepop::kernel {
namespace {

constexpr float kNothing = -__builtin_inff();
constexpr size_t kDirectGroups =
    2;  // up to so many groups, reading 16-bit elements again costs less than widening them

// Consecutive rows of one key head, and the scratch memory they work in.
struct Block {
  const AttentionShape& shape;
  const KvLayer& layer;
  const uint32_t* table;
  size_t kv_head;
  size_t first_position;
  size_t queries;    // rows * heads_per_kv
  size_t group = 0;  // query vectors in a group
  size_t groups = 0;

  float* scores = nullptr;  // [queries, kScoreStride], of one segment; then the weights
  float* sums = nullptr;    // [queries, RoundUp16(head_dim)], of one segment
  float* totals = nullptr;  // [queries, RoundUp16(head_dim)]
  float* keys = nullptr;    // [kPanelWidth, head_dim, 16]
  float* values = nullptr;  // [kSegment, 16 * kPanelWidth]
  float* packed = nullptr;  // [groups, head_dim, group]
  float* sums_l = nullptr;  // [queries] each
  float* sums_m = nullptr;
  float* totals_l = nullptr;
  float* totals_m = nullptr;

  size_t padded_dim() const { return RoundUp16(shape.head_dim); }
  size_t position(size_t query) const { return first_position + query / shape.heads_per_kv; }

  // What a query sees of a segment, counted from the segment's begin.
  PositionRange Visible(size_t query, size_t segment) const { return Visible(query, query, segment); }

  // What any query from `first` to `last` sees.
  PositionRange Visible(size_t first, size_t last, size_t segment) const {
    const PositionRange all = {VisiblePositions(shape, position(first)).begin, position(last) + 1};
    const PositionRange range = InSegment(all, segment);
    return {range.begin - segment * kSegment, range.end - segment * kSegment};
  }
};

void Carve(Block& block, std::byte* scratch) {
  const size_t padded = PaddedQueries(block.shape.heads_per_kv);
  auto* next = reinterpret_cast<float*>(scratch);
  auto take = [&](size_t floats) {
    float* taken = next;
    next += floats;
    return taken;
  };
  block.scores = take(padded * kScoreStride);
  block.sums = take(padded * block.padded_dim());
  block.totals = take(padded * block.padded_dim());
  block.keys = take(kPanelWidth * 16 * block.shape.head_dim);
  block.values = take(kPanelWidth * 16 * kSegment);
  block.packed = take(padded * block.shape.head_dim);
  block.sums_l = take(padded);
  block.sums_m = take(padded);
  block.totals_l = take(padded);
  block.totals_m = take(padded);
}

// The group's queries, interleaved so that the products read them in order; missing ones are zero.
void Pack(const Block& block, const AttentionRows& rows, size_t g) {
  const AttentionShape& shape = block.shape;
  const float* from[kMaxGroup];
  size_t present = 0;
  for (; present < block.group && g * block.group + present < block.queries; ++present) {
    const size_t query = g * block.group + present;
    const size_t head = block.kv_head * shape.heads_per_kv + query % shape.heads_per_kv;
    from[present] = rows.queries + query / shape.heads_per_kv * rows.stride + head * shape.head_dim;
  }
  float* to = block.packed + g * block.group * shape.head_dim;
  for (size_t d = 0; d < shape.head_dim; ++d) {
    for (size_t i = 0; i < block.group; ++i) *to++ = i < present ? from[i][d] : 0;
  }
}

Block MakeBlock(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& rows, size_t kv_head,
                std::byte* scratch) {
  Block block = {.shape = shape,
                 .layer = layer,
                 .table = rows.blocks,
                 .kv_head = kv_head,
                 .first_position = rows.first_position,
                 .queries = rows.rows * shape.heads_per_kv};
  block.groups = (block.queries + kMaxGroup - 1) / kMaxGroup;
  block.group = (block.queries + block.groups - 1) / block.groups;
  Carve(block, scratch);
  // Rows lie far apart, and the processor foresees no such jumps.
  const size_t heads_width = shape.heads_per_kv * shape.head_dim;
  for (size_t row = 0; row < rows.rows; ++row) {
    const float* from = rows.queries + row * rows.stride + kv_head * heads_width;
    for (size_t i = 0; i < heads_width; i += 16) __builtin_prefetch(from + i);
  }
  for (size_t g = 0; g < block.groups; ++g) Pack(block, rows, g);
  return block;
}

template <typename Element>
const Element* BlockOf(const Block& block, const std::byte* data, size_t kv_block) {
  const size_t index = block.kv_head * block.layer.blocks + block.table[kv_block];
  return reinterpret_cast<const Element*>(data) + index * kKvBlock * block.shape.head_dim;
}

void Widen(const float* /*from*/, size_t /*n*/, float* /*to*/) {}

template <typename Element>
void Widen(const Element* from, size_t n, float* to) {
  for (size_t i = 0; i < n; i += 16) Store(to + i, Load(from + i));
}

// Raw products of every query with the keys of a segment's positions in `range`, whole tiles of 16.
template <typename Element>
void Score(const Block& block, size_t segment, PositionRange range) {
  const size_t dim = block.shape.head_dim;
  const size_t end = (range.end + 15) / 16;
  const bool widen = sizeof(Element) < sizeof(float) && block.groups > kDirectGroups;
  const std::byte* read_next = block.shape.value_dim > 0 ? block.layer.keys : block.layer.values;
  for (size_t tile = range.begin / 16, width = Width(block.group); tile < end; tile += width) {
    while (tile + width > end) width /= 2;
    KeyTiles<Element> stored;
    KeyTiles<float> widened;
    for (size_t t = 0; t < width; ++t) {
      const size_t kv_block = segment * kSegmentBlocks + tile + t;
      stored.tiles[t] = BlockOf<Element>(block, block.layer.keys, kv_block);
      stored.ahead[t] = BlockOf<Element>(block, read_next, kv_block);
      widened.tiles[t] = block.keys + t * 16 * dim;
      if (widen) Widen(stored.tiles[t], 16 * dim, block.keys + t * 16 * dim);
    }
    for (size_t g = 0; g < block.groups; ++g) {
      const size_t newest = Smaller((g + 1) * block.group, block.queries) - 1;
      if (block.Visible(newest, segment).end <= tile * 16) continue;
      const float* packed = block.packed + g * block.group * dim;
      float* scores = block.scores + g * block.group * kScoreStride + tile * 16;
      if (widen) {
        WidenedProducts::kTables.score[block.group - 1][width / 2](packed, dim, widened, scores);
      } else {
        StoredProducts<Element>::kTables.score[block.group - 1][width / 2](packed, dim, stored, scores);
      }
    }
  }
}

// Scores of one query -> weights, their sum and the maximum.
void Weigh(const Block& block, size_t query, PositionRange range) {
  float* scores = block.scores + query * kScoreStride;
  const size_t begin = range.begin / 16 * 16;
  const F32x16 scale = Broadcast(block.shape.scale);
  const F32x16 cap = Broadcast(block.shape.softcap);
  const F32x16 nothing = Broadcast(kNothing);
  F32x16 maxima = nothing;
  for (size_t p = begin; p < range.end; p += 16) {
    F32x16 s = Load(scores + p) * scale;
    if (block.shape.softcap > 0) s = Softcap(s, cap);
    if (p < range.begin || p + 16 > range.end) {
      s = KeepRange(s, p < range.begin ? range.begin - p : 0, Smaller(range.end - p, 16), nothing);
    }
    maxima = Max(s, maxima);
    Store(scores + p, s);
  }
  const float max = MaxLane(maxima);
  const F32x16 shift = Broadcast(max == kNothing ? 0 : max);
  F32x16 total = Zero();
  for (size_t p = begin; p < range.end; p += 16) {
    const F32x16 weight = ExpBounded(Load(scores + p) - shift);
    Store(scores + p, weight);
    total = total + weight;
  }
  block.sums_l[query] = Sum(total);
  block.sums_m[query] = max;
}

// The positions that every query of a group sees; empty when there are none.
PositionRange Common(const Block& block, size_t first, size_t end, size_t segment) {
  const PositionRange oldest = block.Visible(first, segment);
  const PositionRange newest = block.Visible(end - 1, segment);
  const size_t stop = oldest.begin < oldest.end ? oldest.end : newest.begin;
  return {newest.begin, Larger(stop, newest.begin)};
}

// Adds the weighted values of columns [column, column + width) to the sums of every group.
template <typename Forms, typename Element>
void AddColumns(const Block& block, size_t segment, const ValueColumns<Element>& values, size_t column, size_t width) {
  const size_t dim = block.padded_dim();
  const size_t form = width / 2;
  for (size_t first = 0; first < block.queries; first += block.group) {
    const size_t end = Smaller(first + block.group, block.queries);
    const PositionRange common = Common(block, first, end, segment);
    auto one_by_one = [&](size_t from, size_t to) {
      for (size_t query = first; query < end; ++query) {
        PositionRange range = block.Visible(query, segment);
        range = {Larger(range.begin, from), Smaller(range.end, to)};
        if (range.begin >= range.end) continue;
        Forms::kTables.add[0][form](block.scores + query * kScoreStride, range, values,
                                    block.sums + query * dim + column * 16, dim);
      }
    };
    one_by_one(0, common.begin);
    Forms::kTables.add[block.group - 1][form](block.scores + first * kScoreStride, common, values,
                                              block.sums + first * dim + column * 16, dim);
    one_by_one(common.end, kSegment);
  }
}

// Widens the columns of the segment's positions in `range`, with zeros beyond head_dim, and adds them.
template <typename Element>
void AddWidened(const Block& block, size_t segment, PositionRange range, size_t column, size_t width) {
  ValueColumns<float> panel = {{}, {}, 16 * width};
  for (size_t b = range.begin / 16; b * 16 < range.end; ++b) {
    panel.blocks[b] = block.values + b * 16 * panel.stride;
    const Element* stored = BlockOf<Element>(block, block.layer.values, segment * kSegmentBlocks + b) + column * 16;
    for (size_t p = Larger(range.begin, b * 16); p < Smaller(range.end, b * 16 + 16); ++p) {
      for (size_t i = 0; i < width; ++i) {
        const Element* from = stored + p % 16 * block.shape.head_dim + i * 16;
        const size_t left = block.shape.head_dim - (column + i) * 16;
        Store(block.values + p * panel.stride + i * 16, LoadSome(from, left));
      }
    }
  }
  AddColumns<WidenedProducts>(block, segment, panel, column, width);
}

// The same of values that are in the keys, [head_dim, 16] a block.
template <typename Element>
void AddTurned(const Block& block, size_t segment, PositionRange range, size_t column, size_t width) {
  ValueColumns<float> panel = {{}, {}, 16 * width};
  for (size_t b = range.begin / 16; b * 16 < range.end; ++b) {
    float* to = block.values + b * 16 * panel.stride;
    panel.blocks[b] = to;
    const Element* keys = BlockOf<Element>(block, block.layer.keys, segment * kSegmentBlocks + b);
    for (size_t i = 0; i < width; ++i) {
      const size_t first = (column + i) * 16;
      F32x16 lanes[16];
      for (size_t d = 0; d < 16; ++d) {
        lanes[d] = first + d < block.shape.value_dim ? Load(keys + (first + d) * kKvBlock) : Zero();
      }
      Transpose(lanes);
      for (size_t p = 0; p < 16; ++p) Store(to + p * panel.stride + i * 16, lanes[p]);
    }
  }
  AddColumns<WidenedProducts>(block, segment, panel, column, width);
}

template <typename Element>
void AddStored(const Block& block, size_t segment, PositionRange range, size_t column, size_t width) {
  ValueColumns<Element> columns = {{}, {}, block.shape.head_dim};
  const size_t last = block.position(block.queries - 1) / kKvBlock;
  for (size_t b = range.begin / 16; b * 16 < range.end; ++b) {
    const size_t kv_block = segment * kSegmentBlocks + b;
    const size_t next = Smaller(kv_block + kSegmentBlocks, last);
    columns.blocks[b] = BlockOf<Element>(block, block.layer.values, kv_block) + column * 16;
    columns.ahead[b] = BlockOf<Element>(block, block.layer.keys, next) + column * 16;
  }
  AddColumns<StoredProducts<Element>>(block, segment, columns, column, width);
}

template <typename Element>
void AddAllTurned(const Block& block, size_t segment, PositionRange range) {
  const size_t columns = (block.shape.value_dim + 15) / 16;
  for (size_t column = 0; column < columns;) {
    size_t width = Smaller(Width(block.group), kPanelWidth);
    while (column + width > columns) width /= 2;
    AddTurned<Element>(block, segment, range, column, width);
    column += width;
  }
}

// One segment for every query of the block -> sums, sums_l, sums_m.
template <typename Element>
void AttendBlock(const Block& block, size_t segment) {
  const PositionRange range = block.Visible(0, block.queries - 1, segment);
  const size_t dim = block.padded_dim();
  for (size_t i = 0; i < block.groups * block.group * dim; i += 16) Store(block.sums + i, Zero());
  for (size_t query = 0; query < block.queries; ++query) {
    block.sums_l[query] = 0;
    block.sums_m[query] = kNothing;
  }
  if (range.begin >= range.end) return;
  Score<Element>(block, segment, range);
  for (size_t query = 0; query < block.queries; ++query) {
    const PositionRange visible = block.Visible(query, segment);
    if (visible.begin < visible.end) Weigh(block, query, visible);
  }
  if (block.shape.value_dim > 0) return AddAllTurned<Element>(block, segment, range);
  const bool widen = sizeof(Element) < sizeof(float) && block.groups > kDirectGroups;
  const size_t whole = block.shape.head_dim / 16;
  for (size_t column = 0; column < whole;) {
    size_t width = Width(block.group);
    while (column + width > whole) width /= 2;
    widen ? AddWidened<Element>(block, segment, range, column, width)
          : AddStored<Element>(block, segment, range, column, width);
    column += width;
  }
  if (whole * 16 < block.shape.head_dim) AddWidened<Element>(block, segment, range, whole, 1);
}

void AttendBlock(const Block& block, size_t segment) {
  switch (block.shape.type) {
    case KvType::kF32: return AttendBlock<float>(block, segment);
    case KvType::kF16: return AttendBlock<Half>(block, segment);
    case KvType::kBf16: return AttendBlock<Bf16>(block, segment);
  }
}

// Mostly exp(0), which is 1 to the bit.
float ExpOf(float x) { return x == 0 ? 1 : FirstLane(Exp(Broadcast(x))); }
float MaxOf(float a, float b) { return a > b ? a : b; }

struct Factors {
  float mine, theirs;
};

// Joins l and m of two sides; the sums are to be multiplied by the factors and added.
Factors JoinTails(float l, float m, float& total_l, float& total_m) {
  const float max = MaxOf(m, total_m);
  const float mine = total_m == kNothing ? 0 : ExpOf(total_m - max);
  const float theirs = m == kNothing ? 0 : ExpOf(m - max);
  total_l = FirstLane(Fma(Broadcast(total_l), Broadcast(mine), Broadcast(l * theirs)));
  total_m = max;
  return {mine, theirs};
}

// Joins the sink of a query head; returns what its sums are to be multiplied by.
float JoinSink(const AttentionShape& shape, size_t head, float& total_l, float& total_m) {
  return shape.sinks ? JoinTails(1, shape.sinks[head], total_l, total_m).mine : 1;
}

void JoinSegment(const Block& block) {
  const size_t dim = block.padded_dim();
  for (size_t query = 0; query < block.queries; ++query) {
    const Factors factors =
        JoinTails(block.sums_l[query], block.sums_m[query], block.totals_l[query], block.totals_m[query]);
    const F32x16 mine = Broadcast(factors.mine);
    const F32x16 theirs = Broadcast(factors.theirs);
    float* totals = block.totals + query * dim;
    for (size_t d = 0; d < dim; d += 16) {
      Store(totals + d, Fma(Load(totals + d), mine, Load(block.sums + query * dim + d) * theirs));
    }
  }
}

void Attend(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& rows, size_t kv_head,
            const AttentionOutput& out, std::byte* scratch) {
  const size_t dim = shape.head_dim;
  const size_t at_once = RowsPerBlock(shape.heads_per_kv);
  for (size_t row = 0; row < rows.rows; row += at_once) {
    const size_t count = Smaller(at_once, rows.rows - row);
    const Block block = MakeBlock(
        shape, layer, {rows.queries + row * rows.stride, rows.stride, count, rows.first_position + row, rows.blocks},
        kv_head, scratch);
    for (size_t i = 0; i < block.queries * block.padded_dim(); i += 16) Store(block.totals + i, Zero());
    for (size_t query = 0; query < block.queries; ++query) {
      block.totals_l[query] = 0;
      block.totals_m[query] = kNothing;
    }
    const size_t first = VisiblePositions(shape, block.first_position).begin / kSegment;
    const size_t last = (block.first_position + count - 1) / kSegment;
    for (size_t segment = first; segment <= last; ++segment) {
      AttendBlock(block, segment);
      JoinSegment(block);
    }
    for (size_t query = 0; query < block.queries; ++query) {
      const size_t head = kv_head * shape.heads_per_kv + query % shape.heads_per_kv;
      float* to = out.values + (row + query / shape.heads_per_kv) * out.stride + head * dim;
      const F32x16 factor = Broadcast(JoinSink(shape, head, block.totals_l[query], block.totals_m[query]));
      const F32x16 total = Broadcast(block.totals_l[query]);
      for (size_t d = 0; d < shape.value_size(); d += 16) {
        const F32x16 sum = Load(block.totals + query * block.padded_dim() + d);
        StoreSome(to + d, shape.value_size() - d, (shape.sinks ? sum * factor : sum) / total);
      }
    }
  }
}

void AttendSegment(const AttentionShape& shape, const KvLayer& layer, const AttentionRows& row, size_t kv_head,
                   size_t segment, float* partial, std::byte* scratch) {
  const Block block = MakeBlock(shape, layer, row, kv_head, scratch);
  AttendBlock(block, segment);
  const size_t dim = shape.head_dim;
  for (size_t query = 0; query < block.queries; ++query, partial += PartialFloats(dim)) {
    for (size_t d = 0; d < shape.value_size(); d += 16) {
      StoreSome(partial + d, shape.value_size() - d, Load(block.sums + query * block.padded_dim() + d));
    }
    partial[dim] = block.sums_l[query];
    partial[dim + 1] = block.sums_m[query];
  }
}

void Merge(const AttentionShape& shape, const float* partials, size_t segments, size_t kv_head, float* out) {
  const size_t dim = shape.head_dim, size = shape.value_size();
  for (size_t head = 0; head < shape.heads_per_kv; ++head, out += dim) {
    float l = 0;
    float m = kNothing;
    for (size_t d = 0; d < size; ++d) out[d] = 0;
    for (size_t segment = 0; segment < segments; ++segment) {
      const float* next = partials + (segment * shape.heads_per_kv + head) * PartialFloats(dim);
      const Factors factors = JoinTails(next[dim], next[dim + 1], l, m);
      for (size_t d = 0; d < size; d += 16) {
        const size_t left = size - d;
        const F32x16 theirs = LoadSome(next + d, left) * Broadcast(factors.theirs);
        StoreSome(out + d, left, Fma(LoadSome(out + d, left), Broadcast(factors.mine), theirs));
      }
    }
    const F32x16 factor = Broadcast(JoinSink(shape, kv_head * shape.heads_per_kv + head, l, m));
    for (size_t d = 0; d < size; d += 16) {
      const size_t left = size - d;
      const F32x16 sum = LoadSome(out + d, left);
      StoreSome(out + d, left, (shape.sinks ? sum * factor : sum) / Broadcast(l));
    }
  }
}

template <typename Element>
void StoreAs(const AttentionShape& shape, const KvLayer& layer, const float* key, const float* value, uint32_t block,
             size_t slot) {
  const size_t dim = shape.head_dim, value_step = shape.value_dim > 0 ? 0 : dim;
  for (size_t head = 0; head < shape.kv_heads; ++head, key += dim, value += value_step) {
    const size_t offset = (head * layer.blocks + block) * kKvBlock * dim;
    Element* keys = reinterpret_cast<Element*>(layer.keys) + offset + slot;
    Element* values = reinterpret_cast<Element*>(layer.values) + offset + slot * dim;
    for (size_t d = 0; d < dim; d += 16) {
      const size_t left = dim - d;
      Element narrow[16];
      Store(narrow, LoadSome(key + d, left));
      for (size_t i = 0; i < Smaller(left, 16); ++i) keys[(d + i) * kKvBlock] = narrow[i];
      if (shape.value_dim > 0) continue;
      if (left >= 16) {
        Store(values + d, Load(value + d));
        continue;
      }
      Store(narrow, LoadFirst(value + d, left));
      for (size_t i = 0; i < left; ++i) values[d + i] = narrow[i];
    }
  }
}

void StorePosition(const AttentionShape& shape, const KvLayer& layer, const float* key, const float* value,
                   uint32_t block, size_t slot) {
  switch (shape.type) {
    case KvType::kF32: return StoreAs<float>(shape, layer, key, value, block, slot);
    case KvType::kF16: return StoreAs<Half>(shape, layer, key, value, block, slot);
    case KvType::kBf16: return StoreAs<Bf16>(shape, layer, key, value, block, slot);
  }
}

constexpr AttentionKernels kTable = {
    .store = StorePosition,
    .attend = Attend,
    .attend_segment = AttendSegment,
    .merge = Merge,
};

}  // namespace
}  // namespace sheepop::kernel
