#include "train/network.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/error.h"
#include "base/philox.h"
#include "train/network_parts.h"

namespace sheepop {
namespace {

constexpr size_t kLossBytes = size_t{16} << 20;  // of the logits' gradient that is held at a time

HugeBuffer FloatBuffer(size_t count) { return HugeBuffer(count * sizeof(float)); }

void Refuse(bool asked, std::string_view what) {
  if (!asked) return;
  throw Error(ErrorCategory::kUnsupported,
              "training does not support {}; models like llama, qwen2, smollm3, seed_oss and gpt2 can be trained",
              what);
}

}  // namespace

// Names every member, so that a new one does not compile until this says whether it has a backward pass.
void RequireTrainable(const ModelConfig& config) {
  [[maybe_unused]] const auto& [architecture, name, layers, hidden, heads, kv_heads, head_dim, feed_forward, vocab,
                                context, norm, norm_bias, norm_epsilon, activation, gated, attention_bias,
                                projection_bias, query_key_norm, query_key_norm_whole, query_key_norm_late, value_norm,
                                attention_gate, sinks, pre_norms, post_norms, parallel_branches, learned_positions,
                                layer_scale, tied_embeddings, layer_input, embedding_scale, residual_scale, logit_scale,
                                query_temperature, attention_scale, attention_softcap, final_softcap, convolution,
                                delta_net, latent, experts, ropes, shapes, skipped_tensors, warnings] = config;
  Refuse(attention_softcap > 0 || final_softcap > 0, "soft caps");
  Refuse(query_key_norm || query_key_norm_whole || query_key_norm_late, "query and key norms");
  Refuse(config.AttentionLayers(config.layers) < config.layers, "layers without attention");
  Refuse(experts.count > 0, "mixtures of experts");
  Refuse(std::ranges::any_of(shapes,
                             [](const LayerShape& shape) {
                               return shape.kv_heads + shape.head_dim + shape.feed_forward > 0 ||
                                      shape.keys_of != kOwnKeys;
                             }),
         "layers of different sizes");
  Refuse(value_norm, "norms of values");
  Refuse(layer_scale || layer_input > 0, "layers that scale the stream or read the token itself");
  Refuse(latent.rank > 0, "attention over latents");
  Refuse(attention_gate, "gates of attention");
  Refuse(sinks, "sinks of attention");
  Refuse(!pre_norms || post_norms, "norms behind branches");
  Refuse(parallel_branches, "attention and feed-forward side by side");
  Refuse(norm == NormType::kLayer && !norm_bias, "layer norms without biases");
  Refuse(embedding_scale != 1, "scaled embeddings");
  Refuse(residual_scale != 1, "scaled branches");
  Refuse(logit_scale != 1, "scaled logits");
  Refuse(query_temperature.scale != 0, "queries scaled by position");
  Refuse(gated != (activation == Activation::kSilu), "this activation");
  Refuse(!skipped_tensors.empty(), "files that hold other models besides: what is written would lack them");
}

TrainingBytes TrainingBytesOf(const ModelConfig& config, const NetworkOptions& options) {
  const auto element =
      static_cast<double>(kernel::ElementBytes(TrainKernels::For(options.isa, options.precision).gemm.type));
  const auto hidden = static_cast<double>(config.hidden), query = static_cast<double>(config.query_width()),
             qkv = query + 2 * static_cast<double>(config.kv_width()),
             feed_forward = static_cast<double>(config.feed_forward), up = feed_forward * (config.gated ? 2 : 1);
  const double layer = sizeof(float) * (2 * hidden + qkv) + element * (2 * hidden + query + up) +
                       static_cast<double>(config.heads * sizeof(kernel::SoftmaxSums));
  const double once =
      sizeof(float) * (2 * hidden + query + qkv) + element * (5 * hidden + qkv + up + query + feed_forward);
  const double rows = static_cast<double>(options.sequences) * static_cast<double>(options.length);
  return {static_cast<double>(ParameterCount(config)) * (4 * sizeof(float) + 2 * element),
          rows * (static_cast<double>(config.layers) * layer + once)};
}

Network::Network(const ModelConfig& config, ParameterStore& parameters, const NetworkOptions& options, ThreadPool& pool)
    : c_(config),
      parameters_(parameters),
      options_(options),
      pool_(pool),
      k_(TrainKernels::For(options.isa, options.precision)),
      rows_(options.sequences * options.length),
      qkv_width_(config.query_width() + 2 * config.kv_width()),
      up_width_(config.gated ? 2 * config.feed_forward : config.feed_forward) {
  RequireTrainable(config);
  if (c_.learned_positions && options.length > c_.context) {
    throw Error(ErrorCategory::kInvalidArgument, "sequences of {} tokens, the model has {} learned positions",
                options.length, c_.context);
  }
  AllocateLayers();
  ListPackedRanges();
}

Network::~Network() = default;

void Network::AllocateLayers() {
  const auto linear = [&](Role weight, Role bias, size_t layer, size_t outputs, size_t inputs) {
    return std::make_unique<Linear>(k_.gemm, parameters_.weight(weight, layer), parameters_.gradient(weight, layer),
                                    parameters_.weight(bias, layer), outputs, inputs);
  };
  for (size_t i = 0; i < c_.layers; ++i) {
    auto layer = std::make_unique<Layer>();
    layer->stream_in = FloatBuffer(rows_ * c_.hidden);
    layer->stream_middle = FloatBuffer(rows_ * c_.hidden);
    layer->qkv = FloatBuffer(rows_ * qkv_width_);
    layer->softmax_sums = HugeBuffer(rows_ * c_.heads * sizeof(kernel::SoftmaxSums));
    layer->normed_in = Panels(k_.gemm.type, rows_, c_.hidden);
    layer->normed_middle = Panels(k_.gemm.type, rows_, c_.hidden);
    layer->attention = Activations(k_.gemm.type, rows_, c_.query_width());
    layer->gate_up = Activations(k_.gemm.type, rows_, up_width_);
    layer->query_key_value = linear(Role::kQuery, Role::kQueryBias, i, qkv_width_, c_.hidden);
    layer->attention_output =
        linear(Role::kAttentionOutput, Role::kAttentionOutputBias, i, c_.hidden, c_.query_width());
    layer->gate_and_up = linear(c_.gated ? Role::kGate : Role::kUp, Role::kUpBias, i, up_width_, c_.hidden);
    layer->down = linear(Role::kDown, Role::kDownBias, i, c_.hidden, c_.feed_forward);
    layers_.push_back(std::move(layer));
  }
  const Role output = c_.tied_embeddings ? Role::kTokenEmbedding : Role::kOutput;
  output_ = std::make_unique<Linear>(k_.gemm, parameters_.weight(output), parameters_.gradient(output), nullptr,
                                     c_.vocab, c_.hidden);
  last_normed_ = Activations(k_.gemm.type, rows_, c_.hidden);
  last_normed_panels_ = Panels(k_.gemm.type, rows_, c_.hidden);
  last_stream_ = FloatBuffer(rows_ * c_.hidden);
  gradient_ = FloatBuffer(rows_ * c_.hidden);
  attention_gradient_ = FloatBuffer(rows_ * c_.query_width());
  qkv_gradient_ = FloatBuffer(rows_ * qkv_width_);
  partials_ = FloatBuffer((rows_ + kRowBlock - 1) / kRowBlock * (parameters_.size() - parameters_.vectors_begin()));

  const size_t held = kLossBytes / (c_.vocab * kernel::ElementBytes(k_.gemm.type)) / kRowBlock * kRowBlock;
  loss_rows_ = std::min(rows_, std::max(kRowBlock, held));
  dlogits_ = Panels(k_.gemm.type, loss_rows_, c_.vocab);
  dqkv_ = Panels(k_.gemm.type, rows_, qkv_width_);
  dattention_ = Panels(k_.gemm.type, rows_, c_.hidden);
  dgate_up_ = Panels(k_.gemm.type, rows_, up_width_);
  ddown_ = Panels(k_.gemm.type, rows_, c_.hidden);
  attention_panels_ = Panels(k_.gemm.type, rows_, c_.query_width());
  hidden_panels_ = Panels(k_.gemm.type, rows_, c_.feed_forward);

  const size_t pairs = c_.head_dim / 2;
  rotations_ = FloatBuffer(std::max<size_t>(1, c_.ropes.size() * options_.length * 3 * pairs));
  for (size_t rope = 0; rope < c_.ropes.size(); ++rope) {
    const std::vector<double> frequencies = Frequencies(c_.ropes[rope]);
    for (size_t position = 0; position < options_.length; ++position) {
      float* cosines = Floats(rotations_) + (rope * options_.length + position) * 3 * pairs;
      kernel::RopeAngles(static_cast<double>(position), frequencies.data(), frequencies.size(), c_.ropes[rope].factor,
                         cosines, cosines + pairs);
      for (size_t i = 0; i < pairs; ++i) cosines[2 * pairs + i] = -cosines[pairs + i];
    }
  }

  const size_t wide = std::max({up_width_, c_.vocab, qkv_width_, c_.hidden}) + 16,
               hidden = std::max(c_.hidden, c_.feed_forward) + 16;
  const Attention attention(k_, {c_.heads, c_.kv_heads, c_.head_dim, options_.length, 0, 1, 0});
  const size_t own = 2 * kRowBlock * (wide + hidden) + std::size(Scratch{}.row) * std::max(wide, hidden);
  const size_t floats = std::max(own, attention.scratch_floats());
  scratch_bytes_ = (floats * sizeof(float) + 63) / 64 * 64;
  scratch_ = HugeBuffer(scratch_bytes_ * pool_.threads());
}

Network::Scratch Network::ScratchOf(size_t worker) const {
  const size_t wide = std::max({up_width_, c_.vocab, qkv_width_, c_.hidden}) + 16,
               hidden = std::max(c_.hidden, c_.feed_forward) + 16;
  auto* at = Floats(scratch_) + worker * (scratch_bytes_ / sizeof(float));
  Scratch scratch{};
  scratch.attention = at;
  const auto take = [&](size_t count) {
    float* taken = at;
    at += count;
    return taken;
  };
  scratch.wide = take(kRowBlock * wide);
  scratch.wide_activations = {reinterpret_cast<std::byte*>(take(kRowBlock * wide)), k_.gemm.type, wide};
  scratch.hidden = take(kRowBlock * hidden);
  scratch.hidden_activations = {reinterpret_cast<std::byte*>(take(kRowBlock * hidden)), k_.gemm.type, hidden};
  scratch.row_stride = std::max(wide, hidden);
  for (float*& row : scratch.row) row = take(scratch.row_stride);
  return scratch;
}

size_t Network::bytes() const {
  size_t bytes = last_normed_.bytes() + output_->bytes() + last_stream_.size() + gradient_.size() +
                 attention_gradient_.size() + qkv_gradient_.size() + rotations_.size() + partials_.size() +
                 scratch_.size();
  for (const Panels* panels : {&last_normed_panels_, &dlogits_, &dqkv_, &dattention_, &dgate_up_, &ddown_,
                               &attention_panels_, &hidden_panels_}) {
    bytes += panels->bytes();
  }
  for (const auto& layer : layers_) {
    bytes += layer->stream_in.size() + layer->stream_middle.size() + layer->qkv.size() + layer->softmax_sums.size() +
             layer->normed_in.bytes() + layer->normed_middle.bytes() + layer->attention.bytes() +
             layer->gate_up.bytes() + layer->query_key_value->bytes() + layer->attention_output->bytes() +
             layer->gate_and_up->bytes() + layer->down->bytes();
  }
  return bytes;
}

void Network::ListPackedRanges() {
  std::vector<Linear*> linears = {output_.get()};
  for (const auto& layer : layers_) {
    for (const auto* linear : {&layer->query_key_value, &layer->attention_output, &layer->gate_and_up, &layer->down}) {
      linears.push_back(linear->get());
    }
  }
  std::ranges::sort(linears, {}, &Linear::weight);
  for (Linear* linear : linears) {
    for (size_t i = 0; i < linear->pack_chunks(); ++i) {
      const std::span<const float> weights = linear->WeightsOf(i);
      packed_.emplace_back(linear, i);
      packed_ranges_.push_back({static_cast<size_t>(weights.data() - parameters_.weights().data()), weights.size()});
    }
  }
}

void Network::PackWeights() {
  pool_.ParallelFor(packed_.size(), [&](size_t i, size_t) { PackRange(i); });
}

AttentionRows Network::AttentionRowsOf(const Batch& batch, size_t layer, size_t sequence) const {
  const Layer& l = *layers_[layer];
  const size_t first = sequence * batch.length;
  const ActivationView& out = l.attention.view();
  return {Floats(l.qkv) + first * qkv_width_,
          batch.first.data() + first,
          ArrayIn<kernel::SoftmaxSums>(l.softmax_sums) + first * c_.heads,
          {out.row(first), out.type, out.width},
          RandomBits(DropoutKey(layer * kDropoutSites + kDropProbabilities), static_cast<uint32_t>(sequence), 0,
                     RandomLane::kTraining)};
}

uint64_t Network::DropoutKey(size_t site) const { return RandomBits(dropout_key_, 0, site, RandomLane::kTraining); }

void Network::DropRow(size_t site, size_t row, float* x) const {
  if (dropout_ > 0) k_.train.dropout(DropoutKey(site), row * c_.hidden, dropout_, c_.hidden, x);
}

void Network::Check(const Batch& batch) const {
  assert(batch.rows() <= rows_ && batch.length <= options_.length);
  for (Token token : batch.inputs) {
    if (token < 0 || static_cast<size_t>(token) >= c_.vocab) {
      throw Error(ErrorCategory::kInvalidArgument, "token {} is outside the vocabulary of {}", token, c_.vocab);
    }
  }
  for (Token token : batch.targets) {
    if (token < kNoTarget || token >= static_cast<Token>(c_.vocab)) {
      throw Error(ErrorCategory::kInvalidArgument, "target {} is outside the vocabulary of {}", token, c_.vocab);
    }
  }
}

// Those that no product writes.
void Network::ClearOtherGradients() {
  const auto clear = [&](Role role) {
    const size_t rows = role == Role::kTokenEmbedding ? c_.vocab : c_.context;
    constexpr size_t kRows = 64;
    float* gradient = parameters_.gradient(role);
    pool_.ParallelFor((rows + kRows - 1) / kRows, [&](size_t chunk, size_t) {
      const size_t begin = chunk * kRows, count = std::min(kRows, rows - begin);
      std::fill_n(gradient + begin * c_.hidden, count * c_.hidden, 0.0F);
    });
  };
  if (!c_.tied_embeddings) clear(Role::kTokenEmbedding);
  if (parameters_.Has(Role::kPositionEmbedding)) clear(Role::kPositionEmbedding);
  std::ranges::fill(parameters_.gradients().subspan(parameters_.vectors_begin()), 0.0F);
}

double Network::ForwardBackward(const Batch& batch, float scale, uint64_t dropout_key, Gradients gradients) {
  Check(batch);
  FlushDenormals flush;
  dropout_ = options_.dropout;
  dropout_key_ = dropout_key;
  add_ = gradients == Gradients::kAdd;
  if (!add_) ClearOtherGradients();
  const size_t rows = batch.rows(), blocks = (rows + kRowBlock - 1) / kRowBlock;
  std::memset(partials_.data(), 0, partials_.size());
  Forward(batch);
  const double loss = LossForwardBackward(batch, scale);
  for (size_t layer = c_.layers; layer-- > 0;) {
    if (layer + 1 == c_.layers) {
      ForEachBlock(rows, [&](RowRange block, const Scratch& scratch) { FeedForwardBackward(layer, block, scratch); });
    }
    AttentionBackward(batch, layer);
    ForEachBlock(rows, [&](RowRange block, const Scratch& scratch) {
      QkvBackward(batch, layer, block, scratch);
      if (layer > 0) FeedForwardBackward(layer - 1, block, scratch);
    });
  }
  const Linear& first = *layers_[0]->query_key_value;
  pool_.ParallelFor(first.gradient_chunks(), [&](size_t i, size_t) {
    first.Gradient(dqkv_.view(), layers_[0]->normed_in.view(), rows, i, add_);
  });
  EmbeddingBackward(batch);
  ReducePartials(blocks);
  return loss;
}

double Network::Loss(const Batch& batch, double* row_losses) {
  Check(batch);
  FlushDenormals flush;
  dropout_ = 0;
  Forward(batch);
  return LossForward(batch, row_losses);
}

std::vector<float> Network::Logits(const Batch& batch) {
  Check(batch);
  FlushDenormals flush;
  dropout_ = 0;
  Forward(batch);
  std::vector<float> logits(batch.rows() * c_.vocab);
  ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch&) {
    output_->Forward(last_normed_.view(), rows.begin, rows.count, nullptr, logits.data() + rows.begin * c_.vocab);
  });
  return logits;
}

void Network::Forward(const Batch& batch) {
  ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch& scratch) {
    for (size_t r = rows.begin; r < rows.begin + rows.count; ++r) EmbedRow(batch, r);
    QkvForward(batch, 0, rows, scratch);
  });
  for (size_t layer = 0; layer < c_.layers; ++layer) {
    AttentionForward(batch, layer);
    ForEachBlock(batch.rows(), [&](RowRange rows, const Scratch& scratch) {
      FeedForwardForward(layer, rows, scratch);
      if (layer + 1 < c_.layers) {
        QkvForward(batch, layer + 1, rows, scratch);
      } else {
        NormRows(Floats(last_stream_), Role::kOutputNorm, Role::kOutputNormBias, 0, rows,
                 last_normed_.view().From(rows.begin), last_normed_panels_, scratch);
      }
    });
  }
}

float* Network::PartialOf(Role role, size_t layer, size_t block) {
  if (!parameters_.Has(role, layer)) return nullptr;
  const size_t begin = parameters_.vectors_begin();
  return Floats(partials_) + block * (parameters_.size() - begin) + parameters_.offset(role, layer) - begin;
}

void Network::ReducePartials(size_t blocks) {
  constexpr size_t kColumns = 1024;
  const size_t begin = parameters_.vectors_begin(), count = parameters_.size() - begin;
  float* gradients = parameters_.gradients().data() + begin;
  pool_.ParallelFor((count + kColumns - 1) / kColumns, [&](size_t chunk, size_t) {
    const size_t at = chunk * kColumns, width = std::min(kColumns, count - at);
    for (size_t block = 0; block < blocks; ++block) {
      k_.vector.add(Floats(partials_) + block * count + at, width, gradients + at);
    }
  });
}

}  // namespace sheepop
