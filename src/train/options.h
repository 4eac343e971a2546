// Every setting of a training run. One table describes the fields: validation messages, command-line flags,
// configuration files and help text all come from it. Plain data; copies are independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "model/config.h"

namespace sheepop {

struct TrainOptions {
  // The model, unless one is continued from.
  std::string size = "tiny";
  std::string style = "llama";
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t feed_forward = 0;
  bool tied_embeddings = true;
  double rope_theta = 10000;
  double init_deviation = 0.02;

  int64_t context = 256;
  int64_t batch = 8;
  int64_t accumulate = 1;
  int64_t steps = 1000;
  bool restart_documents = true;

  std::string optimizer = "adamw";
  double learning_rate = 0;
  double min_learning_rate = 0;
  std::string schedule = "cosine";
  int64_t warmup = 100;
  double decay_share = 0.2;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  bool decay_embeddings = false;
  double muon_learning_rate = 0.02;
  double muon_momentum = 0.95;
  double clip = 1;
  double dropout = 0;
  std::string precision = "auto";

  int64_t seed = 1;
  int64_t eval_every = 250;
  int64_t eval_batches = 20;
  int64_t patience = 0;
  int64_t checkpoint_every = 250;
  int64_t keep = 3;
  std::string on_spike = "stop";
  double spike_factor = 3;

  bool operator==(const TrainOptions&) const = default;
};

struct TrainField {
  using Member =
      std::variant<double TrainOptions::*, int64_t TrainOptions::*, bool TrainOptions::*, std::string TrainOptions::*>;
  std::string_view name;  // in configuration files and in messages
  std::string_view flag;  // on the command line
  Member member;
  double low, high;          // bounds of a number, inclusive
  std::string_view choices;  // of a text, separated by '|'
  std::string_view unit;     // empty: none
  std::string_view help;

  std::string Default() const;
  std::string Bounds() const;  // "0 to 1", "llama or gpt2"; empty when any value is fine
  std::string Get(const TrainOptions& options) const;
  // Reads one value from text. Throws kInvalidArgument naming the field, the text and what is allowed.
  void Set(TrainOptions& options, std::string_view text) const;
};

// In the order of the help text.
std::span<const TrainField> TrainFields();

// By name or by flag; throws kInvalidArgument for an unknown one.
const TrainField& TrainFieldNamed(std::string_view name);

// Throws kInvalidArgument naming the first field out of its bounds, its value and the bounds; also for shapes whose
// parts do not divide.
void Validate(const TrainOptions& options);

// Gives the learning rates that are 0 their values: 2e-3 for a model of width 128, falling with the root of the width, a
// fifth of that for a model that is `continued` from another's weights; and a tenth of the highest at the end.
void SetRates(const ModelConfig& config, bool continued, TrainOptions& options);

// The shape that the options describe, for a vocabulary. Validated.
ModelConfig ModelConfigFor(const TrainOptions& options, size_t vocab);

}  // namespace sheepop
