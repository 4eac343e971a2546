// How much of a sampled text the model has by heart.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sheepop {

// The share of the sample's bytes that lie in stretches of at least `length` bytes that stand verbatim in the corpus.
// Time linear in the corpus, memory in the sample. 0 for a sample shorter than `length`.
double VerbatimShare(std::string_view sample, std::span<const std::string_view> corpus, size_t length = 50);

}  // namespace sheepop
