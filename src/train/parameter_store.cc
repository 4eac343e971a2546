#include "train/parameter_store.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/philox.h"

namespace sheepop {
namespace {

bool WritesIntoStream(Role role) { return role == Role::kAttentionOutput || role == Role::kDown; }

// Two normal draws from one pair of uniform ones. Box and Muller, 1958.
void FillNormal(uint64_t seed, uint32_t entry, float deviation, std::span<float> out) {
  for (size_t i = 0; i < out.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - RandomUnit(seed, entry, i, RandomLane::kTraining)));
    const double angle = 2 * std::numbers::pi * RandomUnit(seed, entry, i + 1, RandomLane::kTraining);
    out[i] = static_cast<float>(deviation * radius * std::cos(angle));
    if (i + 1 < out.size()) out[i + 1] = static_cast<float>(deviation * radius * std::sin(angle));
  }
}

}  // namespace

bool IsEmbedding(Role role) { return role == Role::kTokenEmbedding || role == Role::kPositionEmbedding; }

bool IsBias(Role role) {
  switch (role) {
    case Role::kOutputNormBias:
    case Role::kAttentionNormBias:
    case Role::kQueryBias:
    case Role::kKeyBias:
    case Role::kValueBias:
    case Role::kAttentionOutputBias:
    case Role::kFeedForwardNormBias:
    case Role::kUpBias:
    case Role::kDownBias: return true;
    default: return false;
  }
}

ParameterStore::ParameterStore(const ModelConfig& config)
    : layers_(config.layers), offsets_(config.layers * kRoles, kAbsent) {
  for (const bool matrices : {true, false}) {
    if (!matrices) vectors_begin_ = size_;
    ForEachParameter(config, [&](const Parameter& parameter) {
      if (parameter.is_matrix() != matrices) return;
      offsets_[Index(parameter.role, parameter.layer)] = size_;
      entries_.push_back({parameter, size_});
      size_ += parameter.count();
    });
  }
  weights_ = HugeBuffer(size_ * sizeof(float));
  gradients_ = HugeBuffer(size_ * sizeof(float));
}

float* ParameterStore::At(HugeBuffer& arena, Role role, size_t layer) {
  const size_t offset = offsets_[Index(role, layer)];
  return offset == kAbsent ? nullptr : reinterpret_cast<float*>(arena.data()) + offset;
}

void ParameterStore::Initialise(uint64_t seed, float deviation) {
  uint32_t number = 0;
  for (const Entry& entry : entries_) {
    const std::span<float> out = weights().subspan(entry.offset, entry.parameter.count());
    const Role role = entry.parameter.role;
    if (entry.parameter.is_matrix()) {
      const float depth = WritesIntoStream(role) ? std::sqrt(2 * static_cast<float>(layers_)) : 1;
      FillNormal(seed, number, deviation / depth, out);
    } else {
      std::ranges::fill(out, IsBias(role) ? 0.0F : 1.0F);
    }
    ++number;
  }
}

}  // namespace sheepop
