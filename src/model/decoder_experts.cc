// The mixture of experts of a DecoderPass. Rows that chose the same expert go through it together; what a row gets is the
// same to the bit whoever goes with it.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel/packed.h"
#include "model/decoder_pass.h"

namespace sheepop {

using kernel::kTileRows;
using kernel::TileRange;

DecoderPass::Network DecoderPass::ExpertNetwork(size_t layer, size_t expert) const {
  return {&weights_.matrix(Role::kExpertGate, layer, expert),  &weights_.matrix(Role::kExpertUp, layer, expert),
          &weights_.matrix(Role::kExpertDown, layer, expert),  weights_.vector(Role::kExpertGateBias, layer, expert),
          weights_.vector(Role::kExpertUpBias, layer, expert), weights_.vector(Role::kExpertDownBias, layer, expert)};
}

DecoderPass::Network DecoderPass::SharedNetwork(size_t layer) const {
  return {&weights_.matrix(Role::kSharedGate, layer),
          &weights_.matrix(Role::kSharedUp, layer),
          &weights_.matrix(Role::kSharedDown, layer),
          nullptr,
          nullptr,
          nullptr};
}

void DecoderPass::RouteRows(size_t layer) {
  const ExpertConfig& experts = config_.experts;
  auto* logits = reinterpret_cast<float*>(work_.router_logits_.data());
  const Product router{&weights_.matrix(Role::kRouter, layer),
                       weights_.vector(Role::kRouterBias, layer),
                       {logits, experts.count, false}};
  Multiply({&router, 1}, work_.normed_.Input(rows_.size()));
  const float* bias = weights_.vector(Role::kExpertChoiceBias, layer);
  const float* scale = weights_.vector(Role::kExpertScale, layer);
  ForEachRow(rows_.size(), [&](size_t r) {
    const auto chosen = std::span(work_.choices_).subspan(r * experts.used, experts.used);
    ChooseExperts(experts, {logits + r * experts.count, experts.count}, bias, chosen);
    for (ExpertChoice& choice : chosen) choice.weight *= scale ? scale[choice.expert] : 1;
  });
}

// The rows of each expert that any chose, experts and rows in rising order.
std::vector<DecoderPass::ExpertRows> DecoderPass::GroupByExpert(size_t layer) {
  const size_t used = config_.experts.used, chosen = rows_.size() * used;
  std::vector<size_t> order(chosen);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return work_.choices_[i].expert; });
  std::vector<ExpertRows> groups;
  for (size_t begin = 0; begin < chosen;) {
    const uint32_t expert = work_.choices_[order[begin]].expert;
    size_t end = begin;
    for (; end < chosen && work_.choices_[order[end]].expert == expert; ++end) work_.expert_row_of_[order[end]] = end;
    // One row is read where it stands.
    const bool alone = end == begin + 1;
    groups.push_back(
        {ExpertNetwork(layer, expert), begin, end - begin,
         alone ? work_.normed_.Input(order[begin] / used, 1) : work_.expert_input_.Input(begin, end - begin)});
    begin = end;
  }
  ForEachRow(groups.size(), [&](size_t g) {
    const ExpertRows& group = groups[g];
    const bool blocks = kernel::IsQuantised(group.network.up->type);
    for (size_t i = 0; group.rows > 1 && i < group.rows; ++i) {
      work_.expert_input_.CopyRow(work_.normed_, order[group.first + i] / used, group.first + i, blocks);
    }
  });
  return groups;
}

// Calls body(group, tiles, worker) for all tiles of all groups' matrices, which have `tiles` each. With few rows the
// tiles of all chosen experts are one run that the threads share; with many each expert is enough to be shared out.
template <typename Body>
void DecoderPass::ForEachExpertTile(std::span<const ExpertRows> groups, size_t tiles, const Body& body) {
  if (rows_.size() <= kSplitRows) {
    const size_t pairs = (tiles + 1) / 2, all = groups.size() * pairs, chunks = std::min(all, 2 * pool_.threads());
    pool_.ParallelFor(chunks, [&](size_t chunk, size_t worker) {
      size_t at = all * chunk / chunks;
      for (const size_t end = all * (chunk + 1) / chunks; at < end;) {
        const size_t group = at / pairs, first = at % pairs, last = std::min(pairs, first + end - at);
        body(groups[group], TileRange{2 * first, std::min(tiles, 2 * last)}, worker);
        at += last - first;
      }
    });
    return;
  }
  struct Part {
    const ExpertRows* group;
    TileRange tiles;
  };
  std::vector<Part> parts;
  for (const ExpertRows& group : groups) {
    const size_t chunks = TileChunks(group.rows, tiles, pool_.threads());
    for (size_t c = 0; c < chunks; ++c) parts.push_back({&group, ChunkOfTiles(c, chunks, tiles)});
  }
  pool_.ParallelFor(parts.size(), [&](size_t i, size_t worker) { body(*parts[i].group, parts[i].tiles, worker); });
}

// Adds to each row the results of its experts, in the order of its choice.
void DecoderPass::AddExperts(float* out, size_t stride) {
  const size_t used = config_.experts.used;
  ForEachRow(rows_.size(), [&](size_t r) {
    for (size_t i = r * used; i < (r + 1) * used; ++i) {
      float* result = work_.expert_output_.row(work_.expert_row_of_[i]);
      kernels_.vector.scale(work_.choices_[i].weight, config_.hidden, result);
      kernels_.vector.add(result, config_.hidden, out + r * stride);
    }
  });
}

// branch += the shared expert's result, times its gate.
void DecoderPass::AddShared(size_t layer) {
  Dense(SharedNetwork(layer), {work_.branch_.values(), work_.branch_.stride(), false});
  const float* gate = weights_.vector(Role::kSharedInput, layer);
  if (!gate) return;
  ForEachRow(rows_.size(), [&](size_t r) {
    const float sum = std::inner_product(gate, gate + config_.hidden, work_.normed_.row(r), 0.0F);
    const auto factor = static_cast<float>(1 / (1 + kernel::Exp(-static_cast<double>(sum))));
    kernels_.vector.scale(factor, config_.hidden, work_.branch_.row(r));
  });
}

// branch = what the experts that were chosen make of normed.
void DecoderPass::MixExperts(size_t layer) {
  const std::vector<ExpertRows> groups = GroupByExpert(layer);
  const size_t hidden_tiles = (config_.experts.feed_forward + kTileRows - 1) / kTileRows;
  ForEachExpertTile(groups, hidden_tiles, [&](const ExpertRows& group, TileRange tiles, size_t worker) {
    GatedChunk(group.network, group.input, work_.expert_hidden_, group.first, tiles, worker);
  });
  const size_t output_tiles = (config_.hidden + kTileRows - 1) / kTileRows;
  ForEachExpertTile(groups, output_tiles, [&](const ExpertRows& group, TileRange tiles, size_t worker) {
    const Product down{group.network.down,
                       group.network.down_bias,
                       {work_.expert_output_.row(group.first), work_.expert_output_.stride(), false}};
    MultiplyChunk(down, work_.expert_hidden_.Input(group.first, group.rows), tiles, worker);
  });
  if (config_.experts.shared_feed_forward > 0) {
    AddShared(layer);
  } else {
    ForEachRow(rows_.size(), [&](size_t r) { std::fill_n(work_.branch_.row(r), config_.hidden, 0.0F); });
  }
  AddExperts(work_.branch_.values(), work_.branch_.stride());
}

void DecoderPass::Experts(size_t layer, Into into) {
  RouteRows(layer);
  MixExperts(layer);
  if (into == Into::kStream) AddBranch();
}

void DecoderPass::FeedForwardBesideExperts(size_t layer) {
  const size_t hidden = config_.hidden;
  const float epsilon = config_.norm_epsilon;
  Dense(DenseNetwork(layer), {work_.dense_.values(), work_.dense_.stride(), false});
  // The router's own reading of the stream.
  const float* scale = weights_.vector(Role::kRouterInputScale, layer);
  ForEachRow(rows_.size(), [&](size_t r) {
    float *dense = work_.dense_.row(r), *input = work_.normed_.row(r);
    kernels_.vector.rms_norm(dense, weights_.vector(Role::kPostDenseNorm, layer), hidden, epsilon, dense);
    kernels_.vector.rms_norm(work_.stream_.row(r), scale, hidden, epsilon, input);
    kernels_.vector.scale(1 / std::sqrt(static_cast<float>(hidden)), hidden, input);
    work_.normed_.Quantise(kernels_.matmul, r);
  });
  RouteRows(layer);
  Norm(Role::kExpertNorm, Role::kExpertNorm, layer);
  MixExperts(layer);
  ForEachRow(rows_.size(), [&](size_t r) {
    float* branch = work_.branch_.row(r);
    kernels_.vector.rms_norm(branch, weights_.vector(Role::kPostExpertNorm, layer), hidden, epsilon, branch);
    kernels_.vector.add(work_.dense_.row(r), hidden, branch);
  });
}

}  // namespace sheepop
