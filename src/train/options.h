// Every setting of a training run, and the rows that describe them to every front: flags, configuration files, help and
// bounds come from there. Plain data; copies are independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/option_table.h"
#include "model/config.h"

namespace sheepop {

// Ascending.
inline constexpr std::string_view kSizeNames[] = {"nano", "tiny", "small", "medium"};

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

// In the order of the help text. What no fingerprint holds may differ between two sittings of one run: it decides no
// weights.
inline constexpr OptionRow kTrainRows[] = {
    {"size", "--size", Field<&TrainOptions::size>(), "nano|tiny|small|medium", "",
     "the shape of the model, where the flags below do not say otherwise"},
    {"style", "--style", Field<&TrainOptions::style>(), "llama|gpt2", "",
     "llama: RMS norm, rotary positions, SwiGLU; gpt2: layer norm, learned positions, GELU, biases"},
    {"layers", "--layers", Field<&TrainOptions::layers>(), Between(0, 1024), "layers", "0: as --size says"},
    {"hidden", "--hidden", Field<&TrainOptions::hidden>(), Between(0, 65536), "numbers",
     "width of the model; 0: as --size says"},
    {"heads", "--heads", Field<&TrainOptions::heads>(), Between(0, 1024), "heads", "query heads; 0: as --size says"},
    {"kv_heads", "--kv-heads", Field<&TrainOptions::kv_heads>(), Between(0, 1024), "heads",
     "key and value heads, which query heads share; 0: as many as query heads"},
    {"feed_forward", "--feed-forward", Field<&TrainOptions::feed_forward>(), Between(0, 1 << 20), "numbers",
     "width inside the feed-forward; 0: 8/3 of the width in llama style, 4 times it in gpt2 style"},
    {"tied_embeddings", "--tied-embeddings", Field<&TrainOptions::tied_embeddings>(), kAny, "",
     "the output projection is the embedding table"},
    {"rope_theta", "--rope-theta", Field<&TrainOptions::rope_theta>(), Between(1, 1e9), "",
     "base of the rotary wavelengths", OptionTraits().OnlyWith("style=llama")},
    {"init_deviation", "--init-deviation", Field<&TrainOptions::init_deviation>(), Between(1e-6, 10), "",
     "standard deviation of fresh weights"},
    {"context", "--context", Field<&TrainOptions::context>(), Between(2, 1 << 20), "tokens",
     "length of a training sequence"},
    {"batch", "--batch", Field<&TrainOptions::batch>(), Between(1, 65536), "sequences",
     "sequences that are computed together"},
    {"accumulate", "--accumulate", Field<&TrainOptions::accumulate>(), Between(1, 65536), "batches",
     "batches whose gradients make one step"},
    {"steps", "--steps", Field<&TrainOptions::steps>(), AtLeast(1, 1e12), "steps", "length of the run"},
    {"restart_documents", "--restart-documents", Field<&TrainOptions::restart_documents>(), kAny, "",
     "positions and attention begin anew at each document of a sequence"},
    {"optimizer", "--optimizer", Field<&TrainOptions::optimizer>(), "adamw|muon", "",
     "muon: orthogonalised momentum for the layers' matrices, AdamW for the rest"},
    {"learning_rate", "--learning-rate", Field<&TrainOptions::learning_rate>(), Between(0, 10), "",
     "the highest, after the warm-up; 0: 2e-3 at width 128, falling with the root of the width; a fifth of it with "
     "--from"},
    {"min_learning_rate", "--min-learning-rate", Field<&TrainOptions::min_learning_rate>(), Between(0, 10), "",
     "at the end; 0: a tenth of the highest", OptionTraits().OnlyWith("schedule!=constant")},
    {"schedule", "--schedule", Field<&TrainOptions::schedule>(), "cosine|constant|linear|wsd", "",
     "how the learning rate falls; wsd: not before the last part of the run"},
    {"warmup", "--warmup", Field<&TrainOptions::warmup>(), AtLeast(0, 1e12), "steps",
     "steps in which the learning rate rises"},
    {"decay_share", "--decay-share", Field<&TrainOptions::decay_share>(), Between(0, 1), "share of the run",
     "the falling part of wsd", OptionTraits().OnlyWith("schedule=wsd")},
    {"beta1", "--beta1", Field<&TrainOptions::beta1>(), Between(0, 0.9999), "", "memory of AdamW's first moment"},
    {"beta2", "--beta2", Field<&TrainOptions::beta2>(), Between(0, 0.999999), "", "memory of AdamW's second moment"},
    {"epsilon", "--epsilon", Field<&TrainOptions::epsilon>(), Between(1e-16, 1), "", "AdamW's bound on divisors"},
    {"weight_decay", "--weight-decay", Field<&TrainOptions::weight_decay>(), Between(0, 10), "",
     "decoupled; never on norms and biases"},
    {"decay_embeddings", "--decay-embeddings", Field<&TrainOptions::decay_embeddings>(), kAny, "",
     "decay embeddings too", OptionTraits().OnlyWith("weight_decay!=0")},
    {"muon_learning_rate", "--muon-learning-rate", Field<&TrainOptions::muon_learning_rate>(), Between(0, 10), "",
     "of Muon's matrices; follows the same schedule", OptionTraits().OnlyWith("optimizer=muon")},
    {"muon_momentum", "--muon-momentum", Field<&TrainOptions::muon_momentum>(), Between(0, 0.9999), "", "Muon's memory",
     OptionTraits().OnlyWith("optimizer=muon")},
    {"clip", "--clip", Field<&TrainOptions::clip>(), Between(0, 1e9), "",
     "largest norm of the whole gradient; 0: no bound"},
    {"dropout", "--dropout", Field<&TrainOptions::dropout>(), Between(0, 0.9), "probability",
     "of embeddings, attention and branches"},
    {"precision", "--precision", Field<&TrainOptions::precision>(), "auto|fp32|bf16", "",
     "of matrix products; auto: bf16 where the processor has it"},
    {"seed", "--seed", Field<&TrainOptions::seed>(), Between(0, 9e15), "",
     "same seed, same data and options: same weights"},
    {"eval_every", "--eval-every", Field<&TrainOptions::eval_every>(), AtLeast(0, 1e12), "steps",
     "between measurements on held-out documents; 0: at the end only", OptionTraits().OutsideFingerprint()},
    {"eval_batches", "--eval-batches", Field<&TrainOptions::eval_batches>(), AtLeast(0, 1e12), "batches",
     "that a measurement takes; 0: all held-out documents", OptionTraits().OutsideFingerprint()},
    {"patience", "--patience", Field<&TrainOptions::patience>(), AtLeast(0, 1e12), "measurements",
     "without a new best, after which the run stops; 0: never",
     OptionTraits().OutsideFingerprint().OnlyWith("eval_every!=0")},
    {"checkpoint_every", "--checkpoint-every", Field<&TrainOptions::checkpoint_every>(), AtLeast(0, 1e12), "steps",
     "between checkpoints; 0: at the end only", OptionTraits().OutsideFingerprint()},
    {"keep", "--keep", Field<&TrainOptions::keep>(), Between(1, 10000), "files",
     "checkpoints that are kept, the latest ones", OptionTraits().OutsideFingerprint()},
    {"on_spike", "--on-spike", Field<&TrainOptions::on_spike>(), "stop|skip|ignore", "",
     "what happens when the loss is no number or jumps; skip: that step's gradient is dropped",
     OptionTraits().OutsideFingerprint()},
    {"spike_factor", "--spike-factor", Field<&TrainOptions::spike_factor>(), Between(1, 1e9), "",
     "a loss this many times the recent mean is a jump",
     OptionTraits().OutsideFingerprint().OnlyWith("on_spike!=ignore")},
};

inline constexpr OptionTable<TrainOptions> kTrainTable("training option", kTrainRows);

// Throws kInvalidArgument naming the first field out of its bounds, its value and the bounds; also for shapes whose
// parts do not divide.
void Validate(const TrainOptions& options);

// Gives the learning rates that are 0 their values: 2e-3 for a model of width 128, falling with the root of the width, a
// fifth of that for a model that is `continued` from another's weights; and a tenth of the highest at the end.
void SetRates(const ModelConfig& config, bool continued, TrainOptions& options);

// The shape that the options describe, for a vocabulary. Validated.
ModelConfig ModelConfigFor(const TrainOptions& options, size_t vocab);

}  // namespace sheepop
