#include "model/config.h"

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

void CheckRopes(const ModelConfig& config) {
  for (const RopeConfig& rope : config.ropes) {
    if (rope.dims > config.head_dim || rope.dims % 2 != 0) {
      throw Error(ErrorCategory::kCorrupt,
                  "model configuration: {} rotary dimensions, must be even and at most the {} of a head", rope.dims,
                  config.head_dim);
    }
    for (double frequency : Frequencies(rope)) CheckFinite("rope frequency", frequency, true);
    CheckFinite("rope factor", rope.factor, true);
  }
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
}

}  // namespace

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
  CheckFinite("attention_scale", config.attention_scale, true);
  CheckFinite("attention_softcap", config.attention_softcap, false);
  CheckFinite("final_softcap", config.final_softcap, false);
  CheckRopes(config);
}

}  // namespace sheepop
