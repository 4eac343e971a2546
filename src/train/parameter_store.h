// The fp32 master weights of a model in training and their gradients, in two arenas laid out alike. Matrices come
// first, in the order of the one list of parameters, so that q, k, v and gate, up of a layer are one matrix each; then
// the vectors, in the same order. Owner of both; move-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/huge_buffer.h"
#include "model/parameters.h"

namespace sheepop {

// Of a store's arenas, in floats.
struct ParameterRange {
  size_t begin, count;
};

class ParameterStore {
 public:
  struct Entry {
    Parameter parameter;
    size_t offset;  // into the arenas, in floats
  };

  explicit ParameterStore(const ModelConfig& config);

  const std::vector<Entry>& entries() const { return entries_; }  // in the order of the arenas
  bool Has(Role role, size_t layer = 0) const { return offsets_[Index(role, layer)] != kAbsent; }
  size_t offset(Role role, size_t layer = 0) const { return offsets_[Index(role, layer)]; }

  // Null when the model has no such parameter.
  float* weight(Role role, size_t layer = 0) { return At(weights_, role, layer); }
  float* gradient(Role role, size_t layer = 0) { return At(gradients_, role, layer); }

  std::span<float> weights() { return {reinterpret_cast<float*>(weights_.data()), size_}; }
  std::span<const float> weights() const { return {reinterpret_cast<const float*>(weights_.data()), size_}; }
  std::span<float> gradients() { return {reinterpret_cast<float*>(gradients_.data()), size_}; }
  size_t size() const { return size_; }
  size_t vectors_begin() const { return vectors_begin_; }  // offset of the first vector

  // Radford et al., 2019: matrices normal with deviation `deviation`, divided by sqrt(2 layers) for those that write
  // into the residual stream; norms 1, biases 0. A function of the seed alone.
  void Initialise(uint64_t seed, float deviation);

 private:
  static constexpr size_t kAbsent = SIZE_MAX;
  static size_t Index(Role role, size_t layer) { return layer * kRoles + static_cast<size_t>(role); }
  float* At(HugeBuffer& arena, Role role, size_t layer);

  size_t layers_;
  std::vector<Entry> entries_;
  std::vector<size_t> offsets_;  // [layers, kRoles]
  size_t size_ = 0, vectors_begin_ = 0;
  HugeBuffer weights_, gradients_;
};

bool IsEmbedding(Role role);
bool IsBias(Role role);

}  // namespace sheepop
