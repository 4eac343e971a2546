// The substrings of words that unigram training begins with: those that occur often, longest and most frequent first.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "tokenize/unigram_lattice.h"

namespace sheepop {

struct SeedLimits {
  size_t most = 0;              // seeds to return
  uint64_t least_count = 2;     // how often a seed occurs
  size_t most_characters = 16;  // in a seed, and at most UnigramLattice::kLongestPiece bytes
};

struct Seed {
  std::string_view text;  // of two characters or more; points into the texts
  uint64_t count = 0;
};

// Every substring of the texts, valid UTF-8, that occurs often enough and not only within one and the same longer
// substring; of more than limits.most those with the highest count times characters (ties: by bytes). Sorted by bytes.
// Memory: 16 bytes a character of the texts; beyond 64 Mi characters the rarest texts give no seeds. The result is a
// function of the texts and limits alone.
std::vector<Seed> FindSeeds(std::span<const WeightedText> texts, const SeedLimits& limits, ThreadPool& pool);

}  // namespace sheepop
