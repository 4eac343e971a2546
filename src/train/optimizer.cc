#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/muon.h"
#include "train/schedule.h"

namespace sheepop {
namespace {

// Floats that one thread takes at a time: of the norm's sum, and of a step outside the ranges that it is given.
constexpr size_t kNormChunk = size_t{1} << 16, kStepChunk = size_t{1} << 14;

float* Floats(HugeBuffer& buffer) { return reinterpret_cast<float*>(buffer.data()); }

}  // namespace

Optimizer::Optimizer(const TrainOptions& options, ParameterStore& parameters, const TrainKernels& kernels)
    : options_(options),
      parameters_(parameters),
      k_(kernels),
      first_(parameters.size() * sizeof(float)),
      second_(parameters.size() * sizeof(float)) {
  for (const ParameterStore::Entry& entry : parameters_.entries()) {
    const Parameter& parameter = entry.parameter;
    if (UsesMuon(parameter)) {
      matrices_.push_back(&entry);
      muon_bytes_ = std::max(muon_bytes_, MuonScratchBytes(k_, parameter.shape[0], parameter.shape[1]));
      continue;
    }
    const size_t end = entry.offset + parameter.count();
    if (!runs_.empty() && runs_.back().end == entry.offset && runs_.back().decay == Decays(parameter)) {
      runs_.back().end = end;
    } else {
      runs_.push_back({entry.offset, end, Decays(parameter)});
    }
  }
}

bool Optimizer::UsesMuon(const Parameter& parameter) const {
  return options_.optimizer == "muon" && parameter.is_matrix() && !IsEmbedding(parameter.role) &&
         parameter.role != Role::kOutput;
}

bool Optimizer::Decays(const Parameter& parameter) const {
  return parameter.is_matrix() && (options_.decay_embeddings || !IsEmbedding(parameter.role));
}

double Optimizer::GradientNorm(ThreadPool& pool) const {
  const std::span<const float> gradients = parameters_.gradients();
  std::vector<double> sums((gradients.size() + kNormChunk - 1) / kNormChunk);
  pool.ParallelFor(sums.size(), [&](size_t i, size_t) {
    const size_t begin = i * kNormChunk, count = std::min(kNormChunk, gradients.size() - begin);
    sums[i] = k_.train.sum_of_squares(gradients.data() + begin, count);
  });
  return std::sqrt(std::accumulate(sums.begin(), sums.end(), 0.0));
}

void Optimizer::StepAdam(const kernel::AdamStep& adam, const ParameterRange& range) {
  auto run = std::ranges::upper_bound(runs_, range.begin, {}, &Run::end);
  for (; run != runs_.end() && run->begin < range.begin + range.count; ++run) {
    const size_t at = std::max(run->begin, range.begin), end = std::min(run->end, range.begin + range.count);
    kernel::AdamStep mine = adam;
    mine.decay = run->decay ? static_cast<float>(options_.weight_decay) : 0.0F;
    k_.train.adam(mine, parameters_.gradients().data() + at, end - at, parameters_.weights().data() + at,
                  Floats(first_) + at, Floats(second_) + at);
  }
}

void Optimizer::Step(int64_t step, double norm, ThreadPool& pool, std::span<const ParameterRange> ranges,
                     const std::function<void(size_t)>& changed) {
  const double factor = ScheduleFactor(options_, step);
  kernel::AdamStep adam{};
  adam.learning_rate = static_cast<float>(options_.learning_rate * factor);
  adam.beta1 = static_cast<float>(options_.beta1);
  adam.beta2 = static_cast<float>(options_.beta2);
  adam.epsilon = static_cast<float>(options_.epsilon);
  adam.gradient_scale = options_.clip > 0 && norm > options_.clip ? static_cast<float>(options_.clip / norm) : 1.0F;
  const auto updates = static_cast<double>(step + 1);
  adam.correction1 = static_cast<float>(1 / (1 - std::pow(options_.beta1, updates)));
  adam.correction2 = static_cast<float>(1 / (1 - std::pow(options_.beta2, updates)));

  if (const size_t bytes = muon_bytes_ * pool.threads(); muon_.size() < bytes) muon_ = HugeBuffer(bytes);
  pool.ParallelFor(matrices_.size(), [&](size_t i, size_t worker) {
    StepMuon(*matrices_[i], factor, adam.gradient_scale, muon_.data() + worker * muon_bytes_);
  });

  constexpr size_t kNone = SIZE_MAX;
  struct Chunk {
    ParameterRange range;
    size_t index;  // in `ranges`
  };
  std::vector<Chunk> chunks;
  size_t at = 0;
  const auto fill_up_to = [&](size_t end) {
    for (; at < end; at += chunks.back().range.count) chunks.push_back({{at, std::min(kStepChunk, end - at)}, kNone});
  };
  for (size_t i = 0; i < ranges.size(); ++i) {
    fill_up_to(ranges[i].begin);
    chunks.push_back({ranges[i], i});
    at += ranges[i].count;
  }
  fill_up_to(parameters_.size());
  pool.ParallelFor(chunks.size(), [&](size_t i, size_t) {
    StepAdam(adam, chunks[i].range);
    if (chunks[i].index != kNone) changed(chunks[i].index);
  });
}

void Optimizer::StepMuon(const ParameterStore::Entry& entry, double factor, float gradient_scale, std::byte* scratch) {
  MuonStep step{};
  step.learning_rate = static_cast<float>(options_.muon_learning_rate * factor);
  step.momentum = static_cast<float>(options_.muon_momentum);
  step.decay = static_cast<float>(options_.weight_decay);
  step.gradient_scale = gradient_scale;
  step.rows = entry.parameter.shape[0];
  step.columns = entry.parameter.shape[1];
  float* gradient = parameters_.gradients().data() + entry.offset;
  MuonUpdate(step, k_, gradient, parameters_.weights().data() + entry.offset, Floats(first_) + entry.offset, scratch);
}

}  // namespace sheepop
