#include "train/options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "base/error.h"

namespace sheepop {
namespace {

struct Size {
  size_t layers, hidden, heads;
};
constexpr std::array<Size, std::size(kSizeNames)> kSizes = {{{4, 128, 4}, {6, 192, 6}, {8, 320, 8}, {8, 512, 8}}};

// The usual 8/3 of the width, to a multiple of 32.
size_t GatedWidth(size_t hidden) { return (hidden * 8 / 3 + 31) / 32 * 32; }

}  // namespace

void Validate(const TrainOptions& options) {
  kTrainTable.Validate(options);
  if (options.learning_rate > 0 && options.min_learning_rate > options.learning_rate) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--min-learning-rate is {}, must be at most --learning-rate, which is {}", options.min_learning_rate,
                options.learning_rate);
  }
}

void SetRates(const ModelConfig& config, bool continued, TrainOptions& options) {
  constexpr double kRate = 2e-3, kWidth = 128, kContinued = 0.2, kLast = 0.1;
  if (options.learning_rate == 0) {
    const double rate = kRate * std::sqrt(kWidth / static_cast<double>(config.hidden)) * (continued ? kContinued : 1);
    options.learning_rate = std::max(rate, options.min_learning_rate);
  }
  if (options.min_learning_rate == 0) options.min_learning_rate = kLast * options.learning_rate;
}

ModelConfig ModelConfigFor(const TrainOptions& options, size_t vocab) {
  Validate(options);
  const Size& size = kSizes[std::ranges::find(kSizeNames, options.size) - std::begin(kSizeNames)];
  const auto or_else = [](int64_t value, size_t otherwise) { return value ? static_cast<size_t>(value) : otherwise; };
  const bool gpt2 = options.style == "gpt2";
  ModelConfig config;
  config.architecture = options.style;
  config.layers = or_else(options.layers, size.layers);
  config.hidden = or_else(options.hidden, size.hidden);
  config.heads = or_else(options.heads, size.heads);
  config.kv_heads = or_else(options.kv_heads, config.heads);
  config.feed_forward = or_else(options.feed_forward, gpt2 ? 4 * config.hidden : GatedWidth(config.hidden));
  config.vocab = vocab;
  config.context = static_cast<size_t>(options.context);
  config.tied_embeddings = options.tied_embeddings;
  if (config.hidden % (2 * config.heads) != 0) {
    throw Error(ErrorCategory::kInvalidArgument, "--hidden is {}, must be a multiple of twice the {} heads",
                config.hidden, config.heads);
  }
  if (config.heads % config.kv_heads != 0 || (gpt2 && config.kv_heads != config.heads)) {
    throw Error(ErrorCategory::kInvalidArgument, "--kv-heads is {}, must {} the {} heads", config.kv_heads,
                gpt2 ? "equal" : "divide", config.heads);
  }
  config.head_dim = config.hidden / config.heads;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_dim));
  config.shapes.assign(config.layers, {});
  if (gpt2) {
    config.norm = NormType::kLayer;
    config.activation = Activation::kGelu;
    config.gated = false;
    config.attention_bias = config.projection_bias = config.learned_positions = true;
  } else {
    RopeConfig rope;
    rope.dims = config.head_dim;
    rope.theta = options.rope_theta;
    rope.interleaved = true;  // as the llama architecture of GGUF files lays out its queries and keys
    config.ropes = {rope};
    for (LayerShape& shape : config.shapes) shape.rope = 0;
  }
  Validate(config);
  return config;
}

}  // namespace sheepop
