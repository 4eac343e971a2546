// A model's parameters in the kernels' own form, immutable once loaded. Matrices are repacked, in parallel, into one arena
// in the order of execution; norms and biases are fp32 beside them. The pages of the source are released as they are read.
// A table of which a pass reads single rows stays in the file, whose map is held.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "checkpoint/tensor_source.h"
#include "kernel/matmul.h"
#include "model/config.h"
#include "model/location.h"
#include "model/parameters.h"

namespace sheepop {

// What products with it are multiplied by stands beside the matrix.
struct Matrix : kernel::PackedView {
  float scale = 1;
};

// Called from the thread that loads, with how much of all weights is packed.
using LoadProgress = std::function<void(size_t done, size_t all)>;

class Weights {
 public:
  // Throws kCorrupt, naming the tensor, when one is missing or has another shape, and kUnsupported when the file holds a
  // tensor that the architecture does not use: nothing is ignored in silence.
  static Weights Load(const ModelConfig& config, const TensorSource& source, Locate locate, ThreadPool& pool,
                      const LoadProgress& progress = {});

  // Null data when the model has no such parameter. A matrix, or the rows of a vector.
  const Matrix& matrix(Role role, size_t layer = 0) const { return matrices_[Index(role, layer)]; }
  const float* vector(Role role, size_t layer = 0) const { return vectors_[Index(role, layer)]; }

  // Those of an expert.
  const Matrix& matrix(Role role, size_t layer, size_t expert) const {
    return expert_matrices_[ExpertIndex(role, layer, expert)];
  }
  const float* vector(Role role, size_t layer, size_t expert) const {
    return expert_vectors_[ExpertIndex(role, layer, expert)];
  }

  // A row of the table that stays in the file -> out [its columns].
  void ReadRow(size_t row, std::span<float> out) const;

  // Those of a head.
  const Matrix& of_head(Role role, size_t layer, size_t head) const {
    return head_matrices_[HeadIndex(role, layer, head)];
  }

  // The output projection: its own matrix, or the embedding table.
  const Matrix& output() const;

  size_t bytes() const { return arena_.size(); }
  // What a pass over `rows` rows reads: all but tables of embeddings that are not the output too, and of experts the expected
  // value when each row chooses for itself.
  double BytesRead(size_t rows) const;

 private:
  static size_t Index(Role role, size_t layer) { return layer * kRoles + static_cast<size_t>(role); }

  size_t ExpertIndex(Role role, size_t layer, size_t expert) const {
    return (layer * experts_ + expert) * kExpertRoles + static_cast<size_t>(role) -
           static_cast<size_t>(kFirstExpertRole);
  }

  size_t HeadIndex(Role role, size_t layer, size_t head) const {
    return (layer * heads_ + head) * kHeadRoles + static_cast<size_t>(role) - static_cast<size_t>(kFirstHeadRole);
  }
  Matrix& MatrixOf(const Parameter& parameter);
  const float*& VectorOf(const Parameter& parameter);

  // The tensor that stays in the file, and what keeps its bytes in place: the file's map or a copy of them.
  struct InFile {
    DType type{};
    std::span<const std::byte> bytes;
    float scale = 1;
    std::shared_ptr<const void> holder;
  };
  void KeepInFile(const TensorInfo& tensor, float scale, const TensorSource& source);

  HugeBuffer arena_;
  InFile in_file_;
  size_t heads_ = 0;                       // that have matrices of their own
  size_t experts_ = 0, experts_used_ = 0;  // of a layer, and by a row
  size_t expert_bytes_ = 0;
  std::vector<Matrix> matrices_;              // [layers, kRoles]
  std::vector<const float*> vectors_;         // [layers, kRoles]
  std::vector<Matrix> expert_matrices_;       // [layers, experts, kExpertRoles]
  std::vector<const float*> expert_vectors_;  // [layers, experts, kExpertRoles]
  std::vector<Matrix> head_matrices_;         // [layers, heads, kHeadRoles]
};

}  // namespace sheepop
