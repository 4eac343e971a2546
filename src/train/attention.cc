#include "train/attention.h"

#include <algorithm>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::GemmSource;
using kernel::GemmType;
using kernel::kPanelColumns;
using kernel::UnitDepth;

constexpr size_t kStripRows = 32;

}  // namespace

// Query rows [begin, begin + rows) and the keys [first_key, end_key) that some of them see; first_key starts a panel.
struct Attention::Strip {
  size_t begin, rows;
  size_t first_key, end_key;

  size_t keys() const { return end_key - first_key; }
};

// A thread's scratch. "Across" packs positions as columns, "down" as depth; panels, copies and tiles are in units of
// the products' type, each of a float's size.
struct Attention::Panels {
  float* keys_across;    // [length / 16, units of head_dim, 16]
  float* keys_down;      // [head_dim / 16, units of length, 16]
  float* values_across;  // of either kind, as the pass needs
  float* values_down;
  float* dk;  // [length, padded head_dim]
  float* dv;
  float* p;  // [kStripRows, padded length]
  float* dp;
  float* strip;    // [kStripRows, padded head_dim]: rows of a strip's result
  float* packed;   // [padded head_dim / 16, units of kStripRows, 16]
  float* weights;  // [kStripRows, padded length]: the copy of p or dp
  float* tiles;    // [padded length / left_rows, units of kStripRows, left_rows]
  float* queries;  // [kStripRows, padded head_dim]
  float* dout;
};

size_t Attention::scratch_floats() const {
  const size_t length = padded_length(), dim = padded_dim();
  const size_t copied = copies() ? 2 * kStripRows * (length + dim) / UnitDepth(k_.gemm.type) : 0;
  return 6 * length * dim + 2 * kStripRows * (length + dim) + copied;
}

Attention::Panels Attention::Split(float* scratch) const {
  const size_t length = padded_length(), dim = padded_dim();
  const auto take = [&](size_t count) {
    float* at = scratch;
    scratch += count;
    return at;
  };
  Panels panels{};
  for (float** each :
       {&panels.keys_across, &panels.keys_down, &panels.values_across, &panels.values_down, &panels.dk, &panels.dv}) {
    *each = take(length * dim);
  }
  panels.p = take(kStripRows * length);
  panels.dp = take(kStripRows * length);
  panels.strip = take(kStripRows * dim);
  panels.packed = take(kStripRows * dim);
  if (copies()) {
    panels.weights = take(kStripRows * units(length));
    panels.tiles = take(units(kStripRows) * length);
    panels.queries = take(kStripRows * units(dim));
    panels.dout = take(kStripRows * units(dim));
  }
  return panels;
}

Attention::Strip Attention::StripAt(const AttentionRows& rows, size_t begin) const {
  Strip strip{begin, std::min(kStripRows, s_.length - begin), rows.first[begin], 0};
  if (s_.window > 0 && begin + 1 > s_.window) strip.first_key = std::max(strip.first_key, begin + 1 - s_.window);
  strip.first_key -= strip.first_key % kPanelColumns;
  strip.end_key = begin + strip.rows;
  return strip;
}

// x [width] in the type of the products; what lacks of a unit is zero.
void Attention::CopyRow(const float* x, size_t width, float* to) const {
  if (width % UnitDepth(k_.gemm.type) != 0) to[units(width) - 1] = 0;
  k_.gemm.store(x, width, to);
}

// A strip's rows of x [length, head_dim] in the type of the products: where they are or in `copy`.
GemmSource Attention::Rows(const Strip& strip, const float* x, size_t stride, float* copy) const {
  x += strip.begin * stride;
  if (!copies()) return {x, GemmType::kF32, stride};
  const size_t row = units(padded_dim());
  for (size_t r = 0; r < strip.rows; ++r) CopyRow(x + r * stride, s_.head_dim, copy + r * row);
  return {copy, k_.gemm.type, padded_dim()};
}

// The same of x [strip rows, padded length], which has been copied already.
GemmSource Attention::Weights(const float* x, const float* copy) const {
  return {copies() ? copy : x, k_.gemm.type, padded_length()};
}

// out [rows, padded length], from column 0 = first_key: left [rows, head_dim] times positions that lie across.
void Attention::Scores(const Strip& strip, const GemmSource& left, const float* panels, float* out) const {
  Gemm g{};
  g.left = left.data;
  g.left_row = left.stride / UnitDepth(left.type);
  g.left_step = 1;
  g.right = panels + strip.first_key * units(s_.head_dim);
  g.right_panel = kPanelColumns * units(s_.head_dim);
  g.rows = strip.rows;
  g.columns = strip.keys();
  g.depth = units(s_.head_dim);
  g.out = out;
  g.out_stride = padded_length();
  k_.gemm.multiply(g);
}

// out [rows, head_dim]: weights [rows, keys] times positions that lie down.
void Attention::Combine(const Strip& strip, const GemmSource& weights, const float* panels, Output out) const {
  Gemm g{};
  g.left = weights.data;
  g.left_row = weights.stride / UnitDepth(weights.type);
  g.left_step = 1;
  g.right = panels + units(strip.first_key) * kPanelColumns;
  g.right_panel = kPanelColumns * units(s_.length);
  g.rows = strip.rows;
  g.columns = s_.head_dim;
  g.depth = units(strip.keys());
  g.out = out.data;
  g.out_stride = out.stride;
  k_.gemm.multiply(g);
}

void Attention::DropProbabilities(const AttentionRows& rows, const Strip& strip, size_t head, size_t r,
                                  float* p) const {
  const size_t at = (head * s_.length + strip.begin + r) * s_.length + strip.first_key;
  if (s_.dropout > 0) k_.train.dropout(rows.dropout_key, at, s_.dropout, strip.keys(), p);
}

kernel::Visible Attention::VisibleTo(const AttentionRows& rows, const Strip& strip, size_t r) const {
  const size_t position = strip.begin + r;
  size_t first = rows.first[position];
  if (s_.window > 0 && position + 1 > s_.window) first = std::max<size_t>(first, position + 1 - s_.window);
  return {first - strip.first_key, position + 1 - strip.first_key, s_.scale};
}

void Attention::ForwardStrip(const AttentionRows& rows, const Strip& strip, size_t head, const Panels& panels) const {
  const size_t length = padded_length(), dim = padded_dim();
  const GemmSource queries = Rows(strip, rows.qkv + head * s_.head_dim, s_.width(), panels.queries);
  Scores(strip, queries, panels.keys_across, panels.p);
  for (size_t r = 0; r < strip.rows; ++r) {
    float* p = panels.p + r * length;
    rows.sums[(strip.begin + r) * s_.heads + head] = k_.train.softmax(VisibleTo(rows, strip, r), strip.keys(), p);
    DropProbabilities(rows, strip, head, r, p);
    if (copies()) CopyRow(p, strip.keys(), panels.weights + r * units(length));
  }
  Combine(strip, Weights(panels.p, panels.weights), panels.values_down, {panels.strip, dim});
  for (size_t r = 0; r < strip.rows; ++r) {
    std::byte* out = rows.out.row(strip.begin + r) + head * s_.head_dim * kernel::ElementBytes(rows.out.type);
    k_.gemm.store(panels.strip + r * dim, s_.head_dim, out);
  }
}

void Attention::Forward(const AttentionRows& rows, size_t kv_head, float* scratch) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads, stride = s_.width();
  const float* keys = rows.qkv + (s_.heads + kv_head) * s_.head_dim;
  const float* values = keys + s_.kv_heads * s_.head_dim;
  k_.gemm.pack_transposed({keys, GemmType::kF32, stride}, s_.head_dim, s_.length, kPanelColumns * units(s_.head_dim),
                          panels.keys_across);
  k_.gemm.pack_columns({values, GemmType::kF32, stride}, s_.length, s_.head_dim, kPanelColumns * units(s_.length),
                       panels.values_down);
  for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (size_t begin = 0; begin < s_.length; begin += kStripRows) {
      ForwardStrip(rows, StripAt(rows, begin), head, panels);
    }
  }
}

// out [keys, padded head_dim] += weights [strip rows, keys]^T values [strip rows, head_dim].
void Attention::AddOuter(const Strip& strip, const GemmSource& weights, const GemmSource& values, const Panels& panels,
                         float* out) const {
  const size_t step = k_.gemm.left_rows, depth = units(strip.rows), tile = units(kStripRows) * step;
  k_.gemm.pack_columns(values, strip.rows, s_.head_dim, kPanelColumns * depth, panels.packed);
  Gemm g{};
  g.left_row = 1;
  g.right = panels.packed;
  g.right_panel = kPanelColumns * depth;
  g.columns = s_.head_dim;
  g.depth = depth;
  g.out_stride = g.start_stride = padded_dim();
  if (copies()) {
    g.left_step = step;
    k_.gemm.pack_left(weights, strip.rows, strip.keys(), tile, panels.tiles);
  } else {
    g.left_step = weights.stride;
  }
  for (size_t key = 0; key < strip.keys(); key += step) {
    g.left = copies() ? panels.tiles + key / step * tile : static_cast<const float*>(weights.data) + key;
    g.rows = std::min(step, strip.keys() - key);
    g.out = out + (strip.first_key + key) * padded_dim();
    g.start = g.out;
    k_.gemm.multiply(g);
  }
}

void Attention::BackwardStrip(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip,
                              size_t head, const Panels& panels) const {
  const size_t length = padded_length(), keys = strip.keys(), dim = s_.head_dim;
  const GemmSource queries = Rows(strip, rows.qkv + head * dim, s_.width(), panels.queries);
  const GemmSource douts = Rows(strip, gradients.dout + head * dim, s_.query_width(), panels.dout);
  Scores(strip, queries, panels.keys_across, panels.p);
  Scores(strip, douts, panels.values_across, panels.dp);
  for (size_t r = 0; r < strip.rows; ++r) {
    const size_t position = strip.begin + r;
    float *p = panels.p + r * length, *dp = panels.dp + r * length;
    DropProbabilities(rows, strip, head, r, dp);
    k_.train.softmax_again(VisibleTo(rows, strip, r), rows.sums[position * s_.heads + head], keys, p);
    k_.gemm.load(rows.out.row(position) + head * dim * kernel::ElementBytes(rows.out.type), dim, panels.strip);
    const float dot = k_.train.dot(panels.strip, gradients.dout + position * s_.query_width() + head * dim, dim);
    k_.train.softmax_backward(p, dot, s_.scale, keys, dp);
    if (copies()) CopyRow(dp, keys, panels.weights + r * units(length));
    DropProbabilities(rows, strip, head, r, p);
  }
  const GemmSource dscores = Weights(panels.dp, panels.weights);
  Combine(strip, dscores, panels.keys_down, {gradients.dqkv + strip.begin * s_.width() + head * dim, s_.width()});
  AddOuter(strip, dscores, queries, panels, panels.dk);
  AddOuter(strip, {panels.p, GemmType::kF32, length}, douts, panels, panels.dv);
}

void Attention::Backward(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head,
                         float* scratch) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads, stride = s_.width(), dim = s_.head_dim;
  const size_t key_column = (s_.heads + kv_head) * dim, value_column = key_column + s_.kv_heads * dim;
  const GemmSource keys = {rows.qkv + key_column, GemmType::kF32, stride};
  const GemmSource values = {rows.qkv + value_column, GemmType::kF32, stride};
  const size_t across = kPanelColumns * units(dim), down = kPanelColumns * units(s_.length);
  k_.gemm.pack_transposed(keys, dim, s_.length, across, panels.keys_across);
  k_.gemm.pack_transposed(values, dim, s_.length, across, panels.values_across);
  k_.gemm.pack_columns(keys, s_.length, dim, down, panels.keys_down);
  std::fill_n(panels.dk, s_.length * padded_dim(), 0.0F);
  std::fill_n(panels.dv, s_.length * padded_dim(), 0.0F);
  for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (size_t begin = 0; begin < s_.length; begin += kStripRows) {
      BackwardStrip(rows, gradients, StripAt(rows, begin), head, panels);
    }
  }
  for (size_t position = 0; position < s_.length; ++position) {
    float* to = gradients.dqkv + position * stride;
    std::copy_n(panels.dk + position * padded_dim(), dim, to + key_column);
    std::copy_n(panels.dv + position * padded_dim(), dim, to + value_column);
  }
}

}  // namespace sheepop
