#include "train/options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace sheepop {
namespace {

using Options = TrainOptions;

constexpr double kMaxCount = 1e12;

const TrainField kFields[] = {
    {"size", "--size", &Options::size, 0, 0, "nano|tiny|small|medium", "",
     "the shape of the model, where the flags below do not say otherwise"},
    {"style", "--style", &Options::style, 0, 0, "llama|gpt2", "",
     "llama: RMS norm, rotary positions, SwiGLU; gpt2: layer norm, learned positions, GELU, biases"},
    {"layers", "--layers", &Options::layers, 0, 1024, "", "layers", "0: as --size says"},
    {"hidden", "--hidden", &Options::hidden, 0, 65536, "", "numbers", "width of the model; 0: as --size says"},
    {"heads", "--heads", &Options::heads, 0, 1024, "", "heads", "query heads; 0: as --size says"},
    {"kv_heads", "--kv-heads", &Options::kv_heads, 0, 1024, "", "heads",
     "key and value heads, which query heads share; 0: as many as query heads"},
    {"feed_forward", "--feed-forward", &Options::feed_forward, 0, 1 << 20, "", "numbers",
     "width inside the feed-forward; 0: 8/3 of the width in llama style, 4 times it in gpt2 style"},
    {"tied_embeddings", "--tied-embeddings", &Options::tied_embeddings, 0, 1, "", "",
     "the output projection is the embedding table"},
    {"rope_theta", "--rope-theta", &Options::rope_theta, 1, 1e9, "", "", "base of the rotary wavelengths"},
    {"init_deviation", "--init-deviation", &Options::init_deviation, 1e-6, 10, "", "",
     "standard deviation of fresh weights"},
    {"context", "--context", &Options::context, 2, 1 << 20, "", "tokens", "length of a training sequence"},
    {"batch", "--batch", &Options::batch, 1, 65536, "", "sequences", "sequences that are computed together"},
    {"accumulate", "--accumulate", &Options::accumulate, 1, 65536, "", "batches",
     "batches whose gradients make one step"},
    {"steps", "--steps", &Options::steps, 1, kMaxCount, "", "steps", "length of the run"},
    {"restart_documents", "--restart-documents", &Options::restart_documents, 0, 1, "", "",
     "positions and attention begin anew at each document of a sequence"},
    {"optimizer", "--optimizer", &Options::optimizer, 0, 0, "adamw|muon", "",
     "muon: orthogonalised momentum for the layers' matrices, AdamW for the rest"},
    {"learning_rate", "--learning-rate", &Options::learning_rate, 0, 10, "", "",
     "the highest, after the warm-up; 0: 2e-3 at width 128, falling with the root of the width; a fifth of it with "
     "--from"},
    {"min_learning_rate", "--min-learning-rate", &Options::min_learning_rate, 0, 10, "", "",
     "at the end; 0: a tenth of the highest"},
    {"schedule", "--schedule", &Options::schedule, 0, 0, "cosine|constant|linear|wsd", "",
     "how the learning rate falls; wsd: not before the last part of the run"},
    {"warmup", "--warmup", &Options::warmup, 0, kMaxCount, "", "steps", "steps in which the learning rate rises"},
    {"decay_share", "--decay-share", &Options::decay_share, 0, 1, "", "share of the run", "the falling part of wsd"},
    {"beta1", "--beta1", &Options::beta1, 0, 0.9999, "", "", "memory of AdamW's first moment"},
    {"beta2", "--beta2", &Options::beta2, 0, 0.999999, "", "", "memory of AdamW's second moment"},
    {"epsilon", "--epsilon", &Options::epsilon, 1e-16, 1, "", "", "AdamW's bound on divisors"},
    {"weight_decay", "--weight-decay", &Options::weight_decay, 0, 10, "", "", "decoupled; never on norms and biases"},
    {"decay_embeddings", "--decay-embeddings", &Options::decay_embeddings, 0, 1, "", "", "decay embeddings too"},
    {"muon_learning_rate", "--muon-learning-rate", &Options::muon_learning_rate, 0, 10, "", "",
     "of Muon's matrices; follows the same schedule"},
    {"muon_momentum", "--muon-momentum", &Options::muon_momentum, 0, 0.9999, "", "", "Muon's memory"},
    {"clip", "--clip", &Options::clip, 0, 1e9, "", "", "largest norm of the whole gradient; 0: no bound"},
    {"dropout", "--dropout", &Options::dropout, 0, 0.9, "", "probability", "of embeddings, attention and branches"},
    {"precision", "--precision", &Options::precision, 0, 0, "auto|fp32|bf16", "",
     "of matrix products; auto: bf16 where the processor has it"},
    {"seed", "--seed", &Options::seed, 0, 9e15, "", "", "same seed, same data and options: same weights"},
    {"eval_every", "--eval-every", &Options::eval_every, 0, kMaxCount, "", "steps",
     "between measurements on held-out documents; 0: at the end only"},
    {"eval_batches", "--eval-batches", &Options::eval_batches, 0, kMaxCount, "", "batches",
     "that a measurement takes; 0: all held-out documents"},
    {"patience", "--patience", &Options::patience, 0, kMaxCount, "", "measurements",
     "without a new best, after which the run stops; 0: never"},
    {"checkpoint_every", "--checkpoint-every", &Options::checkpoint_every, 0, kMaxCount, "", "steps",
     "between checkpoints; 0: at the end only"},
    {"keep", "--keep", &Options::keep, 1, 10000, "", "files", "checkpoints that are kept, the latest ones"},
    {"on_spike", "--on-spike", &Options::on_spike, 0, 0, "stop|skip|ignore", "",
     "what happens when the loss is no number or jumps; skip: that step's gradient is dropped"},
    {"spike_factor", "--spike-factor", &Options::spike_factor, 1, 1e9, "", "",
     "a loss this many times the recent mean is a jump"},
};

std::string NumberText(double value) { return fmt::format("{}", value); }

std::vector<std::string_view> Choices(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find('|'), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <class Number>
Number Parse(const TrainField& field, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be {}", field.name, text, field.Bounds());
  }
  return value;
}

void Check(const TrainField& field, double value) {
  if (value >= field.low && value <= field.high) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be {}", field.name, NumberText(value), field.Bounds());
}

void Check(const TrainField& field, std::string_view value) {
  const std::vector<std::string_view> choices = Choices(field.choices);
  if (std::ranges::find(choices, value) != choices.end()) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be {}", field.name, value, field.Bounds());
}

void CheckField(const TrainField& field, const TrainOptions& options) {
  std::visit(
      [&](auto pointer) {
        if constexpr (std::is_same_v<decltype(pointer), std::string Options::*>) {
          Check(field, std::string_view(options.*pointer));
        } else {
          Check(field, static_cast<double>(options.*pointer));
        }
      },
      field.member);
}

struct Size {
  std::string_view name;
  size_t layers, hidden, heads;
};
constexpr std::array<Size, 4> kSizes = {
    {{"nano", 4, 128, 4}, {"tiny", 6, 192, 6}, {"small", 8, 320, 8}, {"medium", 8, 512, 8}}};

// The usual 8/3 of the width, to a multiple of 32.
size_t GatedWidth(size_t hidden) { return (hidden * 8 / 3 + 31) / 32 * 32; }

}  // namespace

std::string TrainField::Get(const TrainOptions& options) const {
  return std::visit(
      [&](auto pointer) -> std::string {
        if constexpr (std::is_same_v<decltype(pointer), std::string Options::*>) {
          return options.*pointer;
        } else {
          return fmt::format("{}", options.*pointer);
        }
      },
      member);
}

std::string TrainField::Default() const { return Get(TrainOptions{}); }

std::string TrainField::Bounds() const {
  if (std::holds_alternative<bool Options::*>(member)) return "true or false";
  if (!choices.empty()) return fmt::format("{}", fmt::join(Choices(choices), " or "));
  if (high >= kMaxCount) return fmt::format("at least {}", NumberText(low));
  return fmt::format("{} to {}", NumberText(low), NumberText(high));
}

void TrainField::Set(TrainOptions& options, std::string_view text) const {
  std::visit(
      [&](auto pointer) {
        using Value = std::remove_cvref_t<decltype(options.*pointer)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          Check(*this, text);
          options.*pointer = std::string(text);
        } else if constexpr (std::is_same_v<Value, bool>) {
          if (text != "true" && text != "false") {
            throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be true or false", name, text);
          }
          options.*pointer = text == "true";
        } else {
          const auto value = Parse<Value>(*this, text);
          Check(*this, static_cast<double>(value));
          options.*pointer = value;
        }
      },
      member);
}

std::span<const TrainField> TrainFields() { return kFields; }

const TrainField& TrainFieldNamed(std::string_view name) {
  const auto found =
      std::ranges::find_if(kFields, [&](const TrainField& f) { return f.name == name || f.flag == name; });
  if (found == std::end(kFields)) {
    throw Error(ErrorCategory::kInvalidArgument, "there is no training option \"{}\"", name);
  }
  return *found;
}

void Validate(const TrainOptions& options) {
  for (const TrainField& field : kFields) CheckField(field, options);
  if (options.learning_rate > 0 && options.min_learning_rate > options.learning_rate) {
    throw Error(ErrorCategory::kInvalidArgument, "min_learning_rate is {}, must be at most learning_rate, which is {}",
                options.min_learning_rate, options.learning_rate);
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
  const Size& size = *std::ranges::find(kSizes, options.size, &Size::name);
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
    throw Error(ErrorCategory::kInvalidArgument, "hidden is {}, must be a multiple of twice the {} heads",
                config.hidden, config.heads);
  }
  if (config.heads % config.kv_heads != 0 || (gpt2 && config.kv_heads != config.heads)) {
    throw Error(ErrorCategory::kInvalidArgument, "kv_heads is {}, must {} the {} heads", config.kv_heads,
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
