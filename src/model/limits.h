// What the engine can hold of a model, at most.
#pragma once

#include <cstddef>

namespace sheepop {

inline constexpr size_t kMostLayers = 4096;
inline constexpr size_t kMostHidden = 1 << 20;
inline constexpr size_t kMostHeads = 1 << 16;
inline constexpr size_t kMostHeadDim = 1 << 14;
inline constexpr size_t kMostFeedForward = 1 << 22;
inline constexpr size_t kMostExperts = 1 << 16;
inline constexpr size_t kMostConvolution = 64;
inline constexpr size_t kMostVocab = 1 << 24;
inline constexpr double kMostFrequency = 1 << 20;  // of rotary positions; models have 1 and less

}  // namespace sheepop
