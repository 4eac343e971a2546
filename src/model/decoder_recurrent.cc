// The recurrent layers of a DecoderPass. Positions go in one after the other, whatever the batch and the chunks, so that the
// bits of a result do not depend on them; threads share the channels and the sequences.
#include <algorithm>
#include <cmath>

#include "kernel/vector.h"
#include "model/decoder_pass.h"

namespace sheepop {
namespace {

constexpr size_t kChannels = 256;  // that a thread takes at a time; whole blocks

}  // namespace

// Copies `count` floats of the state, from `offset` on, when `rows` rows of the run are in it.
void DecoderPass::Capture(const Run& run, size_t rows, size_t offset, size_t count) {
  for (const KvCache::Capture& capture : run.captures) {
    if (capture.rows == rows) std::copy_n(cache_.State(run.sequence) + offset, count, capture.to.get() + offset);
  }
}

// Channels [channel, channel + count) of the rows of one sequence. The state holds the gated inputs of the positions before,
// [convolution - 1] of each channel, the oldest first.
void DecoderPass::ConvolveRun(size_t layer, const Run& run, size_t channel, size_t count) {
  const size_t hidden = config_.hidden, length = config_.convolution, kept = length - 1;
  const size_t offset = config_.StateFloats(layer) + channel * kept;
  float* state = cache_.State(run.sequence) + offset;
  const float* weights = weights_.vector(Role::kConvolution, layer) + channel * length;
  for (size_t r = run.first_row; r < run.first_row + run.rows; ++r) {
    const float* mixed = work_.mixed_.row(r) + channel;
    float* out = work_.recurrent_.row(r) + channel;
    for (size_t c = 0; c < count; ++c) {
      float* past = state + c * kept;
      const float now = mixed[c] * mixed[2 * hidden + c];
      float sum = 0;
      for (size_t j = 0; j < kept; ++j) sum += weights[c * length + j] * past[j];
      sum += weights[c * length + kept] * now;
      out[c] = mixed[hidden + c] * sum;
      if (kept == 0) continue;
      std::copy(past + 1, past + kept, past);
      past[kept - 1] = now;
    }
    Capture(run, r - run.first_row + 1, offset, count * kept);
  }
}

void DecoderPass::Convolve(size_t layer) {
  const Product input{
      &weights_.matrix(Role::kConvolutionInput, layer), nullptr, {work_.mixed_.values(), work_.mixed_.stride(), false}};
  Multiply({&input, 1}, work_.normed_.Input(rows_.size()));
  const size_t parts = (config_.hidden + kChannels - 1) / kChannels;
  pool_.ParallelFor(runs_.size() * parts, [&](size_t i, size_t) {
    const size_t channel = i % parts * kChannels;
    ConvolveRun(layer, runs_[i / parts], channel, std::min(kChannels, config_.hidden - channel));
  });
  ForEachRow(rows_.size(), [&](size_t r) { work_.recurrent_.Quantise(kernels_.matmul, r); });
}

void DecoderPass::ConvolutionOutput(size_t layer, Into into) {
  const Product product{&weights_.matrix(Role::kConvolutionOutput, layer), nullptr, BranchOutput(into)};
  Multiply({&product, 1}, work_.recurrent_.Input(rows_.size()));
  FinishBranch(into);
}

// Queries, keys and values, gates and rates of all rows.
void DecoderPass::DeltaInputs(size_t layer) {
  const size_t heads = config_.delta_net.value_heads;
  auto* rates = reinterpret_cast<float*>(work_.delta_rates_.data());
  const auto product = [&](Role role, const kernel::MatMulOutput& out) {
    return Product{&weights_.matrix(role, layer), nullptr, out};
  };
  const Product products[] = {
      product(Role::kDeltaInput, {work_.mixed_.values(), work_.mixed_.stride(), false}),
      product(Role::kDeltaGate, {work_.delta_gate_.values(), work_.delta_gate_.stride(), false}),
      product(Role::kDeltaBeta, {rates, 2 * heads, false}),
      product(Role::kDeltaAlpha, {rates + heads, 2 * heads, false}),
  };
  Multiply(products, work_.normed_.Input(rows_.size()));
}

// The convolution of some channels and its activation, in place. The state holds the inputs of the positions before,
// [convolution - 1] of each channel, the oldest first.
void DecoderPass::DeltaConvolveRun(size_t layer, const Run& run, size_t channel, size_t count) {
  const size_t length = config_.convolution, kept = length - 1;
  const size_t offset = config_.StateFloats(layer) + channel * kept;
  float* state = cache_.State(run.sequence) + offset;
  const float* weights = weights_.vector(Role::kDeltaConvolution, layer) + channel * length;
  for (size_t r = run.first_row; r < run.first_row + run.rows; ++r) {
    float* mixed = work_.mixed_.row(r) + channel;
    for (size_t c = 0; c < count; ++c) {
      float* past = state + c * kept;
      const float now = mixed[c];
      float sum = 0;
      for (size_t j = 0; j < kept; ++j) sum += weights[c * length + j] * past[j];
      mixed[c] = sum + weights[c * length + kept] * now;
      if (kept == 0) continue;
      std::copy(past + 1, past + kept, past);
      past[kept - 1] = now;
    }
    kernels_.vector.silu(count, mixed);
    Capture(run, r - run.first_row + 1, offset, count * kept);
  }
}

// Queries and keys of each head to length 1, queries then to 1 / sqrt(key_dim).
void DecoderPass::NormDeltaKeys(size_t row) {
  constexpr float kEpsilon = 1e-6F;  // added to the sum of squares
  const DeltaNetConfig& delta = config_.delta_net;
  const auto dim = static_cast<float>(delta.key_dim);
  for (size_t h = 0; h < 2 * delta.key_heads; ++h) {
    float* head = work_.mixed_.row(row) + h * delta.key_dim;
    kernels_.vector.rms_norm(head, nullptr, delta.key_dim, kEpsilon / dim, head);
    kernels_.vector.scale(h < delta.key_heads ? 1 / dim : 1 / std::sqrt(dim), delta.key_dim, head);
  }
}

void DecoderPass::DeltaHeadRun(size_t layer, const Run& run, size_t head) {
  const DeltaNetConfig& delta = config_.delta_net;
  const size_t columns = (delta.value_dim + 15) / 16 * 16, floats = delta.key_dim * columns;
  const size_t offset = config_.StateFloats(layer) + (config_.convolution - 1) * delta.channels() + head * floats;
  const double decay = static_cast<double>(weights_.vector(Role::kDeltaDecay, layer)[head]);
  const double bias = static_cast<double>(weights_.vector(Role::kDeltaTimeBias, layer)[head]);
  const auto* rates = reinterpret_cast<const float*>(work_.delta_rates_.data());
  for (size_t r = run.first_row; r < run.first_row + run.rows; ++r) {
    const float* mixed = work_.mixed_.row(r);
    const float* rate = rates + 2 * r * delta.value_heads + head;
    const double beta = 1 / (1 + kernel::Exp(-static_cast<double>(rate[0])));
    const double step = static_cast<double>(rate[delta.value_heads]) + bias;
    const double softplus = step > 30 ? step : kernel::Log(1 + kernel::Exp(step));
    float* out = work_.recurrent_.row(r) + head * delta.value_dim;
    kernels_.vector.delta_rule(static_cast<float>(kernel::Exp(decay * softplus)), static_cast<float>(beta),
                               mixed + delta.key_head(head) * delta.key_dim,
                               mixed + delta.keys() + delta.key_head(head) * delta.key_dim,
                               mixed + 2 * delta.keys() + head * delta.value_dim, delta.key_dim, delta.value_dim,
                               cache_.State(run.sequence) + offset, out);
    Capture(run, r - run.first_row + 1, offset, floats);
    kernels_.vector.rms_norm(out, weights_.vector(Role::kDeltaNorm, layer), delta.value_dim, config_.norm_epsilon, out);
    kernels_.vector.silu_multiply(work_.delta_gate_.row(r) + head * delta.value_dim, out, delta.value_dim, out);
  }
}

void DecoderPass::DeltaNet(size_t layer) {
  const DeltaNetConfig& delta = config_.delta_net;
  DeltaInputs(layer);
  const size_t parts = (delta.channels() + kChannels - 1) / kChannels;
  pool_.ParallelFor(runs_.size() * parts, [&](size_t i, size_t) {
    const size_t channel = i % parts * kChannels;
    DeltaConvolveRun(layer, runs_[i / parts], channel, std::min(kChannels, delta.channels() - channel));
  });
  ForEachRow(rows_.size(), [&](size_t r) { NormDeltaKeys(r); });
  pool_.ParallelFor(runs_.size() * delta.value_heads, [&](size_t i, size_t) {
    DeltaHeadRun(layer, runs_[i / delta.value_heads], i % delta.value_heads);
  });
  ForEachRow(rows_.size(), [&](size_t r) { work_.recurrent_.Quantise(kernels_.matmul, r); });
}

void DecoderPass::DeltaNetOutput(size_t layer, Into into) {
  const Product product{&weights_.matrix(Role::kDeltaOutput, layer), nullptr, BranchOutput(into)};
  Multiply({&product, 1}, work_.recurrent_.Input(rows_.size()));
  FinishBranch(into);
}

}  // namespace sheepop
