#include "train/attention.h"

#include <algorithm>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::GemmAhead;
using kernel::kPanelColumns;

constexpr size_t kStripRows = 64;
constexpr size_t kRowsTogether = 8;  // of a strip, whose probabilities are converted while they are in the first cache

}  // namespace

// Query rows [begin, begin + rows) and the keys [first_key, end_key) that some of them see; first_key starts a panel.
struct Attention::Strip {
  size_t begin, rows;
  size_t first_key, end_key;

  size_t keys() const { return end_key - first_key; }
};

// A thread's scratch. "Across" has positions as columns, "down" as depth; panels and copies are in units of the
// products' type, each of a float's size.
struct Attention::Panels {
  float* keys_across;    // [length / 16, units of head_dim, 16]
  float* keys_down;      // [head_dim / 16, units of length, 16]
  float* values_across;  // of either kind, as the pass needs
  float* values_down;
  float* p;  // [kStripRows, padded length]
  float* dp;
  float* strip;         // [kStripRows, padded head_dim]: rows of a strip's result
  float* queries_down;  // [head_dim / 16, units of kStripRows, 16]
  float* dout_down;
  float* weights;  // [kStripRows, units of length]: the copy of p or dp
  float* p_down;   // [length / 16, units of kStripRows, 16]
  float* dp_down;
  float* queries;  // [kStripRows, units of head_dim]
  float* dout;
};

// A left operand, row by row.
struct Attention::Rows {
  const float* data;
  size_t stride;  // units
};

size_t Attention::scratch_floats() const {
  const size_t length = padded_length(), dim = padded_dim(), strip_units = units(kStripRows);
  const size_t copied = copies() ? kStripRows * (units(length) + 2 * units(dim)) + 2 * strip_units * length : 0;
  return 4 * length * dim + kStripRows * (2 * length + dim) + 2 * strip_units * dim + copied;
}

Attention::Panels Attention::Split(float* scratch) const {
  const size_t length = padded_length(), dim = padded_dim(), strip_units = units(kStripRows);
  const auto take = [&](size_t count) {
    float* at = scratch;
    scratch += count;
    return at;
  };
  Panels panels{};
  for (float** each : {&panels.keys_across, &panels.keys_down, &panels.values_across, &panels.values_down}) {
    *each = take(length * dim);
  }
  panels.p = take(kStripRows * length);
  panels.dp = take(kStripRows * length);
  panels.strip = take(kStripRows * dim);
  panels.queries_down = take(strip_units * dim);
  panels.dout_down = take(strip_units * dim);
  if (copies()) {
    panels.weights = take(kStripRows * units(length));
    panels.p_down = take(strip_units * length);
    panels.dp_down = take(strip_units * length);
    panels.queries = take(kStripRows * units(dim));
    panels.dout = take(kStripRows * units(dim));
  } else {  // a float is its own unit
    panels.p_down = panels.p;
    panels.dp_down = panels.dp;
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

// A strip's rows of x [length, head_dim] as a left operand, where they are or in `copy`; and in panels, in `down`, if
// that is not null.
Attention::Rows Attention::RowsIn(const Strip& strip, const float* x, size_t stride, float* copy, float* down) const {
  x += strip.begin * stride;
  const PanelsView panels = Down(down, s_.head_dim, kStripRows);
  if (!copies()) {
    if (down) k_.Convert({x, stride, strip.rows}, panels);
    return {x, stride};
  }
  k_.Convert({x, stride, strip.rows}, Copy(copy, s_.head_dim), panels);
  return {copy, units(s_.head_dim)};
}

PanelsView Attention::Down(float* panels, size_t width, size_t rows) const {
  return {reinterpret_cast<std::byte*>(panels), k_.gemm.type, width, kPanelColumns * units(rows)};
}

ActivationView Attention::Copy(float* copy, size_t width) const {
  return {reinterpret_cast<std::byte*>(copy), k_.gemm.type, width};
}

// Rows of weights [strip rows, padded length] as a left operand: where they are or in `copy`.
Attention::Rows Attention::Weights(const Strip& strip, const float* x, const float* copy) const {
  return copies() ? Rows{copy, units(strip.keys())} : Rows{x, padded_length()};
}

// The three products below leave out what no row of a group of kPanelColumns sees: keys behind its last row. What they
// leave out of one they do not read in the next.

// out [rows, padded length], from column 0 = first_key: left [rows, head_dim] times positions that lie across.
void Attention::Scores(const Strip& strip, const Rows& left, const float* panels, float* out, GemmAhead* ahead) const {
  Gemm g{};
  g.ahead = ahead;
  g.left_row = left.stride;
  g.left_step = 1;
  g.right = panels + strip.first_key * units(s_.head_dim);
  g.right_panel = kPanelColumns * units(s_.head_dim);
  g.depth = units(s_.head_dim);
  g.out_stride = padded_length();
  for (size_t row = 0; row < strip.rows; row += g.rows) {
    g.left = left.data + row * left.stride;
    g.rows = std::min(kPanelColumns, strip.rows - row);
    g.columns = strip.begin + row + g.rows - strip.first_key;
    g.out = out + row * padded_length();
    k_.gemm.multiply(g);
  }
}

// out [rows, head_dim]: weights [rows, keys] times positions that lie down.
void Attention::Combine(const Strip& strip, const Rows& weights, const float* positions, Output out,
                        GemmAhead* ahead) const {
  Gemm g{};
  g.ahead = ahead;
  g.left_row = weights.stride;
  g.left_step = 1;
  g.right = positions + units(strip.first_key) * kPanelColumns;
  g.right_panel = kPanelColumns * units(s_.length);
  g.columns = s_.head_dim;
  g.out_stride = out.stride;
  for (size_t row = 0; row < strip.rows; row += g.rows) {
    g.left = weights.data + row * weights.stride;
    g.rows = std::min(kPanelColumns, strip.rows - row);
    g.depth = units(strip.begin + row + g.rows - strip.first_key);
    g.out = out.data + row * out.stride;
    k_.gemm.multiply(g);
  }
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

void Attention::ForwardStrip(const AttentionRows& rows, const Strip& strip, size_t head, const Panels& panels,
                             GemmAhead* ahead) const {
  const size_t length = padded_length(), dim = padded_dim();
  const Rows queries = RowsIn(strip, rows.qkv + head * s_.head_dim, s_.width(), panels.queries, nullptr);
  Scores(strip, queries, panels.keys_across, panels.p, ahead);
  for (size_t first = 0; first < strip.rows; first += kRowsTogether) {
    const size_t count = std::min(kRowsTogether, strip.rows - first);
    for (size_t r = first; r < first + count; ++r) {
      float* p = panels.p + r * length;
      rows.sums[(strip.begin + r) * s_.heads + head] = k_.train.softmax(VisibleTo(rows, strip, r), strip.keys(), p);
      DropProbabilities(rows, strip, head, r, p);
    }
    if (!copies()) continue;
    k_.Convert({panels.p + first * length, length, count}, Copy(panels.weights, strip.keys()).From(first));
  }
  Combine(strip, Weights(strip, panels.p, panels.weights), panels.values_down, {panels.strip, dim}, ahead);
  std::byte* out = rows.out.row(strip.begin) + head * s_.head_dim * kernel::ElementBytes(rows.out.type);
  k_.gemm.convert({panels.strip, dim, strip.rows, s_.head_dim, out, rows.out.stride(), nullptr, 0});
}

// The positions of x [length, stride], a head's columns.
void Attention::LayDown(const float* x, float* down) const {
  k_.Convert({x, s_.width(), s_.length}, Down(down, s_.head_dim, s_.length));
}

void Attention::LayAcross(const float* x, float* across) const {
  k_.gemm.pack_transposed(x, s_.width(), s_.head_dim, s_.length, kPanelColumns * units(s_.head_dim), across);
}

void Attention::Forward(const AttentionRows& rows, size_t kv_head, float* scratch, GemmAhead* ahead) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads;
  const float* keys = rows.qkv + (s_.heads + kv_head) * s_.head_dim;
  LayAcross(keys, panels.keys_across);
  LayDown(keys + s_.kv_heads * s_.head_dim, panels.values_down);
  for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (size_t begin = 0; begin < s_.length; begin += kStripRows) {
      ForwardStrip(rows, StripAt(rows, begin), head, panels, ahead);
    }
  }
}

// out [positions, width] = or += weights^T values, for the keys of a strip; weights [strip rows, keys], in panels or in
// fp32 where they are, values [strip rows, head_dim] in panels. The strip's own positions have nothing yet before the
// first head.
void Attention::AddOuter(const Strip& strip, bool first_head, const float* weights, const float* values, float* out,
                         GemmAhead* ahead) const {
  Gemm g{};
  g.ahead = ahead;
  g.left_row = 1;
  g.left_step = copies() ? kPanelColumns : padded_length();
  g.right_panel = kPanelColumns * units(kStripRows);
  g.columns = s_.head_dim;
  g.out_stride = g.start_stride = s_.width();
  for (size_t key = strip.first_key; key < strip.end_key; key += g.rows) {
    const size_t row = key > strip.begin ? key - strip.begin : 0;  // the first that sees one of these keys
    g.left = weights + (key - strip.first_key) * (copies() ? units(kStripRows) : 1) + units(row) * g.left_step;
    g.right = values + units(row) * kPanelColumns;
    g.depth = units(strip.rows - row);
    g.rows = std::min(kPanelColumns, strip.end_key - key);
    g.out = out + key * s_.width();
    g.start = first_head && key >= strip.begin ? nullptr : g.out;
    k_.gemm.multiply(g);
  }
}

// From the scores and the probabilities' gradient of `count` rows: the probabilities and the scores' gradient.
void Attention::RowsBackward(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip,
                             size_t head, RowRange of, const Panels& panels) const {
  const size_t length = padded_length(), keys = strip.keys(), dim = s_.head_dim;
  for (size_t r = of.begin; r < of.begin + of.count; ++r) {
    const size_t position = strip.begin + r;
    float *p = panels.p + r * length, *dp = panels.dp + r * length;
    DropProbabilities(rows, strip, head, r, dp);
    k_.train.softmax_again(VisibleTo(rows, strip, r), rows.sums[position * s_.heads + head], keys, p);
    k_.gemm.load(rows.out.row(position) + head * dim * kernel::ElementBytes(rows.out.type), dim, panels.strip);
    const float dot = k_.train.dot(panels.strip, gradients.dout + position * s_.query_width() + head * dim, dim);
    k_.train.softmax_backward(p, dot, s_.scale, keys, dp);
    DropProbabilities(rows, strip, head, r, p);
  }
  if (!copies()) return;
  k_.Convert({panels.dp + of.begin * length, length, of.count}, Copy(panels.weights, keys).From(of.begin),
             Down(panels.dp_down, keys, kStripRows).From(of.begin));
  k_.Convert({panels.p + of.begin * length, length, of.count}, Down(panels.p_down, keys, kStripRows).From(of.begin));
}

void Attention::BackwardStrip(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip,
                              size_t head, const Panels& panels, GemmAhead* ahead) const {
  const size_t dim = s_.head_dim;
  const Rows queries = RowsIn(strip, rows.qkv + head * dim, s_.width(), panels.queries, panels.queries_down);
  const Rows douts = RowsIn(strip, gradients.dout + head * dim, s_.query_width(), panels.dout, panels.dout_down);
  Scores(strip, queries, panels.keys_across, panels.p, ahead);
  Scores(strip, douts, panels.values_across, panels.dp, ahead);
  for (size_t r = 0; r < strip.rows; r += kRowsTogether) {
    RowsBackward(rows, gradients, strip, head, {r, std::min(kRowsTogether, strip.rows - r)}, panels);
  }
  Combine(strip, Weights(strip, panels.dp, panels.weights), panels.keys_down,
          {gradients.dqkv + strip.begin * s_.width() + head * dim, s_.width()}, ahead);
  const size_t group = s_.heads / s_.kv_heads;
  float* dkeys = gradients.dqkv + (s_.heads + head / group) * dim;
  AddOuter(strip, head % group == 0, panels.dp_down, panels.queries_down, dkeys, ahead);
  AddOuter(strip, head % group == 0, panels.p_down, panels.dout_down, dkeys + s_.kv_heads * dim, ahead);
}

void Attention::Backward(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head, float* scratch,
                         GemmAhead* ahead) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads;
  const float* keys = rows.qkv + (s_.heads + kv_head) * s_.head_dim;
  LayAcross(keys, panels.keys_across);
  LayAcross(keys + s_.kv_heads * s_.head_dim, panels.values_across);
  LayDown(keys, panels.keys_down);
  for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (size_t begin = 0; begin < s_.length; begin += kStripRows) {
      BackwardStrip(rows, gradients, StripAt(rows, begin), head, panels, ahead);
    }
  }
}

// The columns of a key head's queries, its keys and its values in rows of q, k and v.
void Attention::AddRegions(const float* qkv, size_t kv_head, Regions& regions) const {
  const size_t group = s_.heads / s_.kv_heads, stride = s_.width() * sizeof(float), head = s_.head_dim * sizeof(float);
  const float* keys = qkv + (s_.heads + kv_head) * s_.head_dim;
  regions.push_back({keys, head, s_.length, stride});
  regions.push_back({keys + s_.kv_heads * s_.head_dim, head, s_.length, stride});
  regions.push_back({qkv + kv_head * group * s_.head_dim, group * head, s_.length, stride});
}

void Attention::AddForwardRegions(const AttentionRows& rows, size_t kv_head, Regions& regions) const {
  const ActivationView& out = rows.out;
  const size_t bytes = s_.heads / s_.kv_heads * s_.head_dim * kernel::ElementBytes(out.type);
  AddRegions(rows.qkv, kv_head, regions);
  regions.push_back({out.data + kv_head * bytes, bytes, s_.length, ActivationView::Bytes(out.type, 1, out.width)});
}

void Attention::AddBackwardRegions(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head,
                                   Regions& regions) const {
  const size_t columns = s_.heads / s_.kv_heads * s_.head_dim;
  AddForwardRegions(rows, kv_head, regions);
  regions.push_back(
      {gradients.dout + kv_head * columns, columns * sizeof(float), s_.length, s_.query_width() * sizeof(float)});
  AddRegions(gradients.dqkv, kv_head, regions);
}

}  // namespace sheepop
