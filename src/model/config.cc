#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "model/limits.h"

namespace sheepop {
namespace {

void CheckSize(std::string_view field, size_t value, size_t bound) {
  if (value < 1 || value > bound) {
    throw Error(ErrorCategory::kCorrupt, "model configuration: {} is {}, it must be between 1 and {}", field, value,
                bound);
  }
}

void CheckFinite(std::string_view field, double value, bool positive) {
  if (!std::isfinite(value) || (positive && value <= 0)) {
    throw Error(ErrorCategory::kCorrupt, "model configuration: {} is {}, it must be a {}number", field, value,
                positive ? "positive " : "finite ");
  }
}

// 0: none.
void CheckSoftcap(std::string_view field, double value) {
  CheckFinite(field, value, false);
  if (value >= 0) return;
  throw Error(ErrorCategory::kCorrupt, "model configuration: {} is {}, it must be at least 0", field, value);
}

void CheckRopes(const ModelConfig& config) {
  for (const RopeConfig& rope : config.ropes) {
    if (rope.dims > config.MostHeadDim() || rope.dims % 2 != 0) {
      throw Error(ErrorCategory::kCorrupt,
                  "model configuration: {} rotary dimensions, must be even and at most the {} of a head", rope.dims,
                  config.MostHeadDim());
    }
    const std::vector<double> frequencies = Frequencies(rope);
    for (size_t i = 0; i < frequencies.size(); ++i) {
      CheckFinite("rope frequency", frequencies[i], i < rope.turned());
      if (frequencies[i] <= kMostFrequency) continue;
      throw Error(ErrorCategory::kCorrupt,
                  "model configuration: rope frequency is {}, it must be at most {}: the base of rotary positions and "
                  "what divides them say so",
                  frequencies[i], kMostFrequency);
    }
    CheckFinite("rope factor", rope.factor, true);
  }
}

void CheckShapes(const ModelConfig& config) {
  if (config.shapes.size() != config.layers) {
    throw Error(ErrorCategory::kCorrupt, "model configuration: {} layers, but the shapes of {}", config.layers,
                config.shapes.size());
  }
  for (const LayerShape& shape : config.shapes) {
    if (shape.rope != kNoRope && shape.rope >= config.ropes.size()) {
      throw Error(ErrorCategory::kCorrupt, "model configuration: a layer names rope {} of {}", shape.rope,
                  config.ropes.size());
    }
  }
  for (size_t layer = 0; layer < config.layers; ++layer) {
    const LayerShape& shape = config.shapes[layer];
    CheckSize("head_dim of a layer", config.HeadDim(layer), kMostHeadDim);
    CheckSize("kv_heads of a layer", config.KvHeads(layer), config.heads);
    CheckSize("feed_forward of a layer", config.FeedForward(layer), kMostFeedForward);
    if (config.heads % config.KvHeads(layer) != 0) {
      throw Error(ErrorCategory::kCorrupt, "model configuration: {} heads are no multiple of {} kv_heads of layer {}",
                  config.heads, config.KvHeads(layer), layer);
    }
    if (shape.rope != kNoRope && config.ropes[shape.rope].dims > config.HeadDim(layer)) {
      throw Error(ErrorCategory::kCorrupt, "model configuration: {} rotary dimensions, the heads of layer {} have {}",
                  config.ropes[shape.rope].dims, layer, config.HeadDim(layer));
    }
    if (shape.keys_of == kOwnKeys) continue;
    const size_t from = shape.keys_of;
    if (from >= layer || !config.HasKeys(from) || config.KvHeads(from) != config.KvHeads(layer) ||
        config.HeadDim(from) != config.HeadDim(layer)) {
      throw Error(ErrorCategory::kCorrupt,
                  "model configuration: layer {} cannot attend to the keys of layer {}: it must come before, have keys "
                  "and heads of the same size",
                  layer, from);
    }
  }
}

void CheckDeltaNet(const ModelConfig& config) {
  const bool any = std::ranges::any_of(config.shapes, [](LayerShape shape) { return shape.mixer == Mixer::kDeltaNet; });
  if (!any) return;
  const DeltaNetConfig& delta = config.delta_net;
  CheckSize("key heads of linear attention", delta.key_heads, kMostHeads);
  CheckSize("value heads of linear attention", delta.value_heads, kMostHeads);
  CheckSize("key dimensions of linear attention", delta.key_dim, kMostHeadDim);
  CheckSize("value dimensions of linear attention", delta.value_dim, kMostHeadDim);
  if (delta.value_heads % delta.key_heads != 0) {
    throw Error(ErrorCategory::kCorrupt,
                "model configuration: {} value heads of linear attention are no multiple of {} key heads",
                delta.value_heads, delta.key_heads);
  }
}

void CheckLatent(const ModelConfig& config) {
  const LatentConfig& latent = config.latent;
  if (latent.rank == 0) return;
  CheckSize("rank of latents", latent.rank, kMostHeadDim);
  if (latent.query_rank > 0) CheckSize("rank of queries", latent.query_rank, kMostHidden);
  CheckSize("unturned dimensions of a query", latent.content, kMostHeadDim);
  CheckSize("turned dimensions of a query", latent.rotary, kMostHeadDim);
  CheckSize("dimensions of a value", latent.value, kMostHeadDim);
}

void CheckExperts(const ModelConfig& config) {
  const ExpertConfig& experts = config.experts;
  if (std::ranges::none_of(config.shapes, &LayerShape::experts)) return;
  CheckSize("experts", experts.count, kMostExperts);
  CheckSize("experts chosen for a row", experts.used, experts.count);
  CheckSize("feed_forward of an expert", experts.feed_forward, kMostFeedForward);
  if (experts.shared_feed_forward > 0) {
    CheckSize("feed_forward of the shared expert", experts.shared_feed_forward, kMostFeedForward);
  }
  CheckSize("groups of experts", experts.groups, experts.count);
  CheckSize("groups of experts chosen", experts.groups_used, experts.groups);
  const size_t in_group = experts.count / experts.groups;
  if (experts.count % experts.groups != 0 || experts.used > in_group * experts.groups_used) {
    throw Error(ErrorCategory::kCorrupt,
                "model configuration: {} experts in {} groups, of which {} are chosen, cannot give {} experts",
                experts.count, experts.groups, experts.groups_used, experts.used);
  }
  CheckFinite("scale of experts", experts.scale, true);
  CheckFinite("sum of the experts' weights", experts.sum_floor, false);
}

}  // namespace

size_t ModelConfig::MostHeadDim() const {
  size_t most = head_dim;
  for (const LayerShape& shape : shapes) most = std::max(most, shape.head_dim);
  return most;
}

size_t ModelConfig::CacheLayer(size_t layer) const {
  const size_t of = shapes[layer].keys_of == kOwnKeys ? layer : shapes[layer].keys_of;
  size_t place = 0;
  for (size_t i = 0; i < of; ++i) place += HasKeys(i);
  return place;
}

size_t ModelConfig::LastKeys() const {
  size_t last = layers;
  while (last > 0 && shapes[last - 1].keys_of != kOwnKeys) --last;
  return last > 0 && HasKeys(last - 1) ? last - 1 : layers;
}

size_t ModelConfig::AttentionLayers(size_t count) const {
  return static_cast<size_t>(std::count_if(shapes.begin(), shapes.begin() + static_cast<ptrdiff_t>(count),
                                           [](const LayerShape& shape) { return shape.mixer == Mixer::kAttention; }));
}

size_t ModelConfig::StateFloats(size_t count) const {
  size_t floats = 0;
  for (size_t layer = 0; layer < count; ++layer) {
    if (shapes[layer].mixer == Mixer::kShortConvolution) floats += (convolution - 1) * hidden;
    if (shapes[layer].mixer == Mixer::kDeltaNet) {
      const size_t columns = (delta_net.value_dim + 15) / 16 * 16;
      floats += (convolution - 1) * delta_net.channels() + delta_net.value_heads * delta_net.key_dim * columns;
    }
  }
  return floats;
}

void Validate(const ModelConfig& config) {
  CheckSize("layers", config.layers, kMostLayers);
  CheckSize("hidden", config.hidden, kMostHidden);
  CheckSize("heads", config.heads, kMostHeads);
  CheckSize("kv_heads", config.kv_heads, config.heads);
  CheckSize("head_dim", config.head_dim, kMostHeadDim);
  CheckSize("feed_forward", config.feed_forward, kMostFeedForward);
  CheckSize("vocab", config.vocab, kMostVocab);
  CheckSize("context", config.context, size_t{1} << 31);
  if (config.heads % config.kv_heads != 0) {
    throw Error(ErrorCategory::kCorrupt, "model configuration: {} heads are no multiple of {} kv_heads", config.heads,
                config.kv_heads);
  }
  CheckFinite("norm_epsilon", config.norm_epsilon, true);
  CheckFinite("embedding_scale", config.embedding_scale, true);
  CheckFinite("residual_scale", config.residual_scale, true);
  CheckFinite("logit_scale", config.logit_scale, true);
  CheckFinite("query_temperature scale", config.query_temperature.scale, false);
  CheckSize("query_temperature length", config.query_temperature.length, SIZE_MAX);
  CheckFinite("attention_scale", config.attention_scale, true);
  CheckSoftcap("attention_softcap", config.attention_softcap);
  CheckSoftcap("final_softcap", config.final_softcap);
  CheckRopes(config);
  CheckShapes(config);
  CheckExperts(config);
  CheckDeltaNet(config);
  CheckLatent(config);
  if (config.AttentionLayers(config.layers) < config.layers) {
    CheckSize("positions of a convolution", config.convolution, kMostConvolution);
  }
}

}  // namespace sheepop
