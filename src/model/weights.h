// A model's parameters in the kernels' own form, immutable once loaded. Matrices are repacked, in parallel, into one arena
// in the order of execution; norms and biases are fp32 beside them. The pages of the source are released as they are read.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "checkpoint/tensor_source.h"
#include "kernel/matmul.h"
#include "model/config.h"
#include "model/location.h"
#include "model/parameters.h"

namespace sheepop {

class Weights {
 public:
  // Throws kCorrupt, naming the tensor, when one is missing or has another shape, and kUnsupported when the file holds a
  // tensor that the architecture does not use: nothing is ignored in silence.
  static Weights Load(const ModelConfig& config, const TensorSource& source, Locate locate, ThreadPool& pool);

  // Null data when the model has no such parameter. A matrix, or the rows of a vector.
  const kernel::PackedView& matrix(Role role, size_t layer = 0) const { return matrices_[Index(role, layer)]; }
  const float* vector(Role role, size_t layer = 0) const { return vectors_[Index(role, layer)]; }

  // The output projection: its own matrix, or the embedding table.
  const kernel::PackedView& output() const;

  size_t bytes() const { return arena_.size(); }

 private:
  static size_t Index(Role role, size_t layer) { return layer * kRoles + static_cast<size_t>(role); }

  HugeBuffer arena_;
  std::vector<kernel::PackedView> matrices_;  // [layers, kRoles]
  std::vector<const float*> vectors_;         // [layers, kRoles]
};

}  // namespace sheepop
