// What the files of Network share; nothing for its users.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "train/network.h"

namespace sheepop {

struct Network::Layer {
  // Kept by the forward pass. [rows, width]
  HugeBuffer stream_in, stream_middle;  // before attention, before the feed-forward; hidden, fp32
  HugeBuffer qkv;                       // rotated; fp32
  HugeBuffer softmax_sums;              // [rows, heads]
  Panels normed_in, normed_middle;
  Activations attention, gate_up;
  // The matrices, q, k, v and gate, up as one each.
  std::unique_ptr<Linear> query_key_value, attention_output, gate_and_up, down;
};

// A thread's own memory for one block of rows.
struct Network::Scratch {
  float* wide;    // [kRowBlock, widest of 2 feed_forward, vocab, q k v, hidden], fp32
  float* hidden;  // [kRowBlock, widest of hidden, feed_forward]
  float* row[5];  // [row_stride], one behind the other
  size_t row_stride;
  ActivationView wide_activations;    // [kRowBlock, as set]
  ActivationView hidden_activations;  // [kRowBlock, as set]
  float* attention;                   // what Attention asks for; shares memory with the rest

  ActivationView Wide(size_t width) const { return {wide_activations.data, wide_activations.type, width}; }
  ActivationView Hidden(size_t width) const { return {hidden_activations.data, hidden_activations.type, width}; }
};

enum DropoutSite : size_t { kDropProbabilities, kDropAttention, kDropFeedForward, kDropoutSites };

template <typename T>
T* ArrayIn(const HugeBuffer& buffer) {
  return const_cast<T*>(reinterpret_cast<const T*>(buffer.data()));
}
inline float* Floats(const HugeBuffer& buffer) { return ArrayIn<float>(buffer); }

// These rows of fp32, of elements or of panels.
inline kernel::GemmRegion AheadOf(const HugeBuffer& buffer, RowRange rows, size_t width) {
  return {Floats(buffer) + rows.begin * width, rows.count * width * sizeof(float)};
}
inline kernel::GemmRegion AheadOf(const Activations& activations, RowRange rows) {
  const ActivationView& view = activations.view();
  return {view.row(rows.begin), ActivationView::Bytes(view.type, rows.count, view.width)};
}
inline kernel::GemmRegion AheadOf(const Panels& panels, RowRange rows) { return panels.Region(rows); }

// body(rows, scratch) for each block of kRowBlock rows.
template <typename Body>
void Network::ForEachBlock(size_t rows, const Body& body) {
  pool_.ParallelFor((rows + kRowBlock - 1) / kRowBlock, [&](size_t block, size_t worker) {
    const size_t begin = block * kRowBlock;
    body(RowRange{begin, std::min(kRowBlock, rows - begin)}, ScratchOf(worker));
  });
}

// The rows that this thread most likely goes on with; none behind the last.
inline RowRange Network::NextBlock(RowRange rows) const {
  const size_t begin = std::min(rows.begin + rows.count, rows_);
  return {begin, std::min(kRowBlock, rows_ - begin)};
}

// body(first, count) for kRowsAtOnce of `count` rows at a time.
template <typename Body>
void ForEachFewRows(size_t rows, const Body& body) {
  for (size_t r = 0; r < rows; r += kRowsAtOnce) body(r, std::min(kRowsAtOnce, rows - r));
}

}  // namespace sheepop
