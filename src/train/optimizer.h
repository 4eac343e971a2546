// The step from gradients to new weights: global-norm clipping, AdamW, and Muon for the layers' matrices by option.
// Owns the moments, laid out as the parameters. Deterministic for any number of threads: fixed chunks, sums in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "train/options.h"
#include "train/parameter_store.h"
#include "train/train_kernels.h"

namespace sheepop {

class Optimizer {
 public:
  Optimizer(const TrainOptions& options, ParameterStore& parameters, const TrainKernels& kernels);

  // The norm of the whole gradient, in double.
  double GradientNorm(ThreadPool& pool) const;

  // Step number `step` (from 0) with the gradient divided as clipping asks; `norm` is GradientNorm's. Weights and
  // moments are the same bits for any pool. Calls changed(i) when all of ranges[i] has its new weights, in the thread
  // that has just made them; the ranges ascend and do not overlap.
  void Step(int64_t step, double norm, ThreadPool& pool, std::span<const ParameterRange> ranges,
            const std::function<void(size_t)>& changed);

  // The state that a checkpoint keeps: [parameters.size()] each.
  std::span<float> first() { return {reinterpret_cast<float*>(first_.data()), parameters_.size()}; }
  std::span<float> second() { return {reinterpret_cast<float*>(second_.data()), parameters_.size()}; }
  size_t bytes() const { return first_.size() + second_.size() + muon_.size(); }

 private:
  struct Run {  // of parameters that are treated alike
    size_t begin, end;
    bool decay;
  };

  void StepAdam(const kernel::AdamStep& adam, const ParameterRange& range);
  bool UsesMuon(const Parameter& parameter) const;
  bool Decays(const Parameter& parameter) const;
  void StepMuon(const ParameterStore::Entry& entry, double factor, float gradient_scale, std::byte* scratch);

  const TrainOptions options_;
  ParameterStore& parameters_;
  TrainKernels k_;
  std::vector<Run> runs_;                               // AdamW's, ascending
  std::vector<const ParameterStore::Entry*> matrices_;  // Muon's
  HugeBuffer first_, second_;
  size_t muon_bytes_ = 0;  // scratch of the largest matrix
  HugeBuffer muon_;        // that for each thread
};

}  // namespace sheepop
