// A transformer that can run: configuration and weights, immutable after Load and shared between threads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "base/token.h"
#include "checkpoint/checkpoint.h"
#include "model/config.h"
#include "model/kv_cache.h"
#include "model/rows.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace sheepop {

struct LoadOptions {
  size_t context = 0;  // positions that will be used; 0: the model's own. LongRoPE chooses its factors by it.
  // Of the cache that will be made beside the weights: how many sequences hold such a context; 0: it is made otherwise.
  size_t sequences = 1;
  kernel::KvType kv_type = kernel::KvType::kF16;
  Isa isa = AvailableIsas().back();
  LoadProgress progress = {};  // may be empty
};

struct Architecture;

class Model {
 public:
  // Repacks the weights with the pool. Throws kCorrupt or kUnsupported, naming what is wrong, and kLimit, before any weight
  // is read, when they and the context asked for do not fit the memory that is free.
  static std::shared_ptr<const Model> Load(const Checkpoint& checkpoint, const LoadOptions& options, ThreadPool& pool);

  const ModelConfig& config() const { return config_; }
  const Weights& weights() const { return weights_; }
  Isa isa() const { return isa_; }

  // Appends the rows to their sequences, in order: prefill, decode, many users, chunked prompts and drafts are all rows.
  // Results do not depend on how rows are shared out over calls. At most work.rows() rows, work.logit_rows() of them
  // wanting logits. The logits are valid until the next call on `work`. Throws kLimit, before anything has changed, when
  // the cache has no room; kInvalidArgument for a token outside the vocabulary.
  LogitRows Forward(std::span<const Row> rows, KvCache& cache, Workspace& work, ThreadPool& pool) const;

  // log(sum(exp(logits))): a logit less this is a log-probability.
  double LogSumExp(std::span<const float> logits) const;

 private:
  static std::shared_ptr<const Model> LoadNamed(const Checkpoint& checkpoint, const LoadOptions& options,
                                                ThreadPool& pool);
  Model(ModelConfig config, const Architecture& architecture, Weights weights, Isa isa)
      : config_(std::move(config)), architecture_(architecture), weights_(std::move(weights)), isa_(isa) {}

  ModelConfig config_;
  const Architecture& architecture_;
  Weights weights_;
  Isa isa_;
};

}  // namespace sheepop
