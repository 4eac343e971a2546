#include "model/config.h"

#include <cmath>
#include <string_view>

#include "base/error.h"

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
    if (2 * rope.frequencies.size() > config.head_dim) {
      throw Error(ErrorCategory::kCorrupt, "model configuration: {} rotary dimensions, a head has {}",
                  2 * rope.frequencies.size(), config.head_dim);
    }
    for (double frequency : rope.frequencies) CheckFinite("rope frequency", frequency, true);
    CheckFinite("rope factor", rope.factor, true);
  }
  if (config.layer_rope.size() != config.layers || config.layer_window.size() != config.layers) {
    throw Error(ErrorCategory::kCorrupt, "model configuration: {} layers, but {} rope and {} window entries",
                config.layers, config.layer_rope.size(), config.layer_window.size());
  }
  for (size_t rope : config.layer_rope) {
    if (rope >= config.ropes.size()) {
      throw Error(ErrorCategory::kCorrupt, "model configuration: a layer names rope {} of {}", rope,
                  config.ropes.size());
    }
  }
}

}  // namespace

void Validate(const ModelConfig& config) {
  CheckSize("layers", config.layers, 4096);
  CheckSize("hidden", config.hidden, 1 << 20);
  CheckSize("heads", config.heads, 1 << 16);
  CheckSize("kv_heads", config.kv_heads, config.heads);
  CheckSize("head_dim", config.head_dim, 1 << 14);
  CheckSize("feed_forward", config.feed_forward, 1 << 22);
  CheckSize("vocab", config.vocab, 1 << 24);
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

std::vector<double> RopeFrequencies(double theta, size_t dims) {
  std::vector<double> frequencies(dims / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dims));
  }
  return frequencies;
}

}  // namespace sheepop
