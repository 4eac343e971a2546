#include "model/model.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "checkpoint/naming.h"
#include "kernel/kernels.h"
#include "model/architecture.h"
#include "model/checkpoint_config.h"
#include "model/decoder_pass.h"
#include "model/weight_bytes.h"

namespace sheepop {
namespace {

// What a position takes beside its keys and values: its part of a block's record, and of what a workspace holds of each
// segment.
size_t BesideOf(const ModelConfig& config) {
  constexpr size_t kOfBlock = 16;
  return kOfBlock +
         kSplitRows * config.heads * kernel::PartialFloats(config.head_dim) * sizeof(float) / kernel::kSegment;
}

}  // namespace

std::shared_ptr<const Model> Model::Load(const Checkpoint& checkpoint, const LoadOptions& options, ThreadPool& pool) {
  return NamingFile(checkpoint.path(), [&] { return LoadNamed(checkpoint, options, pool); });
}

std::shared_ptr<const Model> Model::LoadNamed(const Checkpoint& checkpoint, const LoadOptions& options,
                                              ThreadPool& pool) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  ModelConfig config = ConfigOf(checkpoint, options.context);
  const Locate locate = checkpoint.gguf() ? architecture.locate_gguf : architecture.locate_hf;
  const size_t per_position = KvShapeOf(config, options.kv_type).BytesPerPosition() + BesideOf(config);
  RequireMemory(checkpoint.path().string(),
                {WeightBytes(config, checkpoint.tensors(), locate), per_position, options.context, options.sequences},
                AvailableMemory());
  Weights weights = Weights::Load(config, checkpoint.tensors(), locate, pool, options.progress);
  return std::shared_ptr<const Model>(new Model(std::move(config), architecture, std::move(weights), options.isa));
}

LogitRows Model::Forward(std::span<const Row> rows, KvCache& cache, Workspace& work, ThreadPool& pool) const {
  const auto wanted = static_cast<size_t>(std::ranges::count(rows, true, &Row::wants_logits));
  if (rows.size() > work.rows() || wanted > work.logit_rows()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} rows, {} of them with logits: this workspace holds {} and {}",
                rows.size(), wanted, work.rows(), work.logit_rows());
  }
  std::vector<KvCache::Count> counts;
  for (const Row& row : rows) {
    if (row.token < 0 || static_cast<size_t>(row.token) >= config_.vocab) {
      throw Error(ErrorCategory::kInvalidArgument, "token {} is outside the vocabulary of {}", row.token,
                  config_.vocab);
    }
    const auto found = std::ranges::find(counts, row.sequence, &KvCache::Count::sequence);
    if (found == counts.end()) {
      counts.push_back({row.sequence, 1});
    } else {
      ++found->positions;
    }
  }
  cache.CheckRoom(counts);
  if (config_.learned_positions) {
    for (const KvCache::Count& count : counts) {
      const size_t after = cache.size(count.sequence) + count.positions;
      if (after > config_.context) {
        throw Error(ErrorCategory::kLimit, "{} positions, the model has {} learned ones", after, config_.context);
      }
    }
  }
  FlushDenormals flush;
  DecoderPass pass(config_, weights_, isa_, rows, cache, work, pool);
  pass.Embed();
  for (size_t layer = 0; layer < config_.layers && !pass.done(); ++layer) architecture_.layer(pass, layer);
  return pass.Logits();
}

double Model::LogSumExp(std::span<const float> logits) const {
  return kernel::KernelsFor(isa_).vector.log_sum_exp(logits.data(), logits.size());
}

}  // namespace sheepop
