#include "train/attention.h"

#include <algorithm>

namespace sheepop {
namespace {

using kernel::Gemm;
using kernel::GemmSource;
using kernel::GemmType;
using kernel::kPanelColumns;

constexpr size_t kStripRows = 32;

}  // namespace

// Query rows [begin, begin + rows) and the keys [first_key, end_key) that some of them see; first_key starts a panel.
struct Attention::Strip {
  size_t begin, rows;
  size_t first_key, end_key;

  size_t keys() const { return end_key - first_key; }
};

// A thread's scratch. "Across" packs positions as columns, "down" as depth.
struct Attention::Panels {
  float* keys_across;    // [length / 16, head_dim, 16]
  float* keys_down;      // [head_dim / 16, length, 16]
  float* values_across;  // of either kind, as the pass needs
  float* values_down;
  float* p;  // [kStripRows, padded length]
  float* dp;
  float* strip;   // [kStripRows, padded head_dim]: rows of a strip's result
  float* packed;  // [padded head_dim / 16, kStripRows, 16]
  float* dk;      // [length, padded head_dim]
  float* dv;
};

size_t Attention::scratch_floats() const {
  const size_t length = padded_length(), dim = padded_dim();
  return 6 * length * dim + 2 * kStripRows * length + 2 * kStripRows * dim;
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
  return panels;
}

Attention::Strip Attention::StripAt(const AttentionRows& rows, size_t begin) const {
  Strip strip{begin, std::min(kStripRows, s_.length - begin), rows.first[begin], 0};
  if (s_.window > 0 && begin + 1 > s_.window) strip.first_key = std::max(strip.first_key, begin + 1 - s_.window);
  strip.first_key -= strip.first_key % kPanelColumns;
  strip.end_key = begin + strip.rows;
  return strip;
}

void Attention::PackColumns(const float* from, size_t stride, size_t depth, size_t panel, float* to) const {
  k_.attention.pack_columns({from, GemmType::kF32, stride}, depth, s_.head_dim, panel, to);
}

// out [rows, padded length], from column 0 = first_key: left [rows, head_dim] times positions that lie across.
void Attention::Scores(const Strip& strip, const float* left, size_t stride, const float* panels, float* out) const {
  Gemm g{};
  g.left = left;
  g.left_row = stride;
  g.left_step = 1;
  g.right = panels + strip.first_key * s_.head_dim;
  g.right_panel = kPanelColumns * s_.head_dim;
  g.rows = strip.rows;
  g.columns = strip.keys();
  g.depth = s_.head_dim;
  g.out = out;
  g.out_stride = padded_length();
  k_.attention.multiply(g);
}

void Attention::DropProbabilities(const AttentionRows& rows, const Strip& strip, size_t head, float* p) const {
  for (size_t r = 0; r < strip.rows; ++r) {
    const size_t at = (head * s_.length + strip.begin + r) * s_.length + strip.first_key;
    k_.train.dropout(rows.dropout_key, at, s_.dropout, strip.keys(), p + r * padded_length());
  }
}

void Attention::ForwardStrip(const AttentionRows& rows, const Strip& strip, size_t head, const Panels& panels) const {
  const size_t stride = s_.width(), length = padded_length(), dim = padded_dim();
  Scores(strip, rows.qkv + strip.begin * stride + head * s_.head_dim, stride, panels.keys_across, panels.p);
  for (size_t r = 0; r < strip.rows; ++r) {
    const size_t position = strip.begin + r;
    size_t first = rows.first[position];
    if (s_.window > 0 && position + 1 > s_.window) first = std::max<size_t>(first, position + 1 - s_.window);
    rows.log_sum_exp[position * s_.heads + head] = k_.train.softmax(
        {first - strip.first_key, position + 1 - strip.first_key, s_.scale}, strip.keys(), panels.p + r * length);
  }
  if (s_.dropout > 0) DropProbabilities(rows, strip, head, panels.p);
  Gemm g{};
  g.left = panels.p;
  g.left_row = length;
  g.left_step = 1;
  g.right = panels.values_down + strip.first_key * kPanelColumns;
  g.right_panel = kPanelColumns * s_.length;
  g.rows = strip.rows;
  g.columns = s_.head_dim;
  g.depth = strip.keys();
  g.out = panels.strip;
  g.out_stride = dim;
  k_.attention.multiply(g);
  for (size_t r = 0; r < strip.rows; ++r) {
    std::byte* out = rows.out.row(strip.begin + r) + head * s_.head_dim * kernel::ElementBytes(rows.out.type);
    k_.Store(panels.strip + r * dim, s_.head_dim, out);
  }
}

void Attention::Forward(const AttentionRows& rows, size_t kv_head, float* scratch) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads, stride = s_.width();
  const float* keys = rows.qkv + (s_.heads + kv_head) * s_.head_dim;
  const float* values = keys + s_.kv_heads * s_.head_dim;
  k_.attention.pack_transposed({keys, GemmType::kF32, stride}, s_.head_dim, s_.length, kPanelColumns * s_.head_dim,
                               panels.keys_across);
  PackColumns(values, stride, s_.length, kPanelColumns * s_.length, panels.values_down);
  for (size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (size_t begin = 0; begin < s_.length; begin += kStripRows) {
      ForwardStrip(rows, StripAt(rows, begin), head, panels);
    }
  }
}

// out [keys, padded head_dim] += weights [strip rows, keys]^T values [strip rows, head_dim].
void Attention::AddOuter(const Strip& strip, const float* weights, const float* values, size_t stride,
                         const Panels& panels, float* out) const {
  PackColumns(values, stride, strip.rows, kPanelColumns * kStripRows, panels.packed);
  Gemm g{};
  g.left = weights;
  g.left_row = 1;
  g.left_step = padded_length();
  g.right = panels.packed;
  g.right_panel = kPanelColumns * kStripRows;
  g.rows = strip.keys();
  g.columns = s_.head_dim;
  g.depth = strip.rows;
  g.out = out + strip.first_key * padded_dim();
  g.start = g.out;
  g.out_stride = g.start_stride = padded_dim();
  k_.attention.multiply(g);
}

void Attention::BackwardStrip(const AttentionRows& rows, const AttentionGradients& gradients, const Strip& strip,
                              size_t head, const Panels& panels) const {
  const size_t stride = s_.width(), length = padded_length(), keys = strip.keys(), dim = s_.head_dim;
  const float* queries = rows.qkv + strip.begin * stride + head * dim;
  const float* dout = gradients.dout + strip.begin * s_.query_width() + head * dim;
  Scores(strip, queries, stride, panels.keys_across, panels.p);
  Scores(strip, dout, s_.query_width(), panels.values_across, panels.dp);
  if (s_.dropout > 0) DropProbabilities(rows, strip, head, panels.dp);
  for (size_t r = 0; r < strip.rows; ++r) {
    const size_t position = strip.begin + r;
    size_t first = rows.first[position];
    if (s_.window > 0 && position + 1 > s_.window) first = std::max<size_t>(first, position + 1 - s_.window);
    k_.train.softmax_again({first - strip.first_key, position + 1 - strip.first_key, s_.scale},
                           rows.log_sum_exp[position * s_.heads + head], keys, panels.p + r * length);
    k_.Load(rows.out.row(position) + head * dim * kernel::ElementBytes(rows.out.type), dim, panels.strip);
    const float dot = k_.train.dot(panels.strip, dout + r * s_.query_width(), dim);
    k_.train.softmax_backward(panels.p + r * length, dot, s_.scale, keys, panels.dp + r * length);
  }
  Gemm g{};
  g.left = panels.dp;
  g.left_row = length;
  g.left_step = 1;
  g.right = panels.keys_down + strip.first_key * kPanelColumns;
  g.right_panel = kPanelColumns * s_.length;
  g.rows = strip.rows;
  g.columns = dim;
  g.depth = keys;
  g.out = gradients.dqkv + strip.begin * stride + head * dim;
  g.out_stride = stride;
  k_.attention.multiply(g);
  AddOuter(strip, panels.dp, queries, stride, panels, panels.dk);
  if (s_.dropout > 0) DropProbabilities(rows, strip, head, panels.p);
  AddOuter(strip, panels.p, dout, s_.query_width(), panels, panels.dv);
}

void Attention::Backward(const AttentionRows& rows, const AttentionGradients& gradients, size_t kv_head,
                         float* scratch) const {
  const Panels panels = Split(scratch);
  const size_t group = s_.heads / s_.kv_heads, stride = s_.width(), dim = s_.head_dim;
  const size_t key_column = (s_.heads + kv_head) * dim, value_column = key_column + s_.kv_heads * dim;
  const GemmSource keys = {rows.qkv + key_column, GemmType::kF32, stride};
  const GemmSource values = {rows.qkv + value_column, GemmType::kF32, stride};
  k_.attention.pack_transposed(keys, dim, s_.length, kPanelColumns * dim, panels.keys_across);
  k_.attention.pack_transposed(values, dim, s_.length, kPanelColumns * dim, panels.values_across);
  k_.attention.pack_columns(keys, s_.length, dim, kPanelColumns * s_.length, panels.keys_down);
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
